//! Which `Host` may ask for the page that shows names and errors.
//!
//! A page on the web can make its own name lead to this machine (DNS rebinding) and read what answers; it cannot make the
//! browser send an address or `localhost` as `Host`.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether the host, with or without a port, is an IP address, `localhost` or one of the names.
pub(super) fn is_allowed(host: Option<&str>, names: &[String]) -> bool {
    let Some(host) = host else { return false };
    if let Some(rest) = host.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else { return false };
        return address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        Some(_) => return false,
        None => host,
    };
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    name.parse::<Ipv4Addr>().is_ok() || is("localhost") || (!name.is_empty() && names.iter().any(|known| is(known)))
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn addresses_localhost_and_the_named_hosts_are_allowed() {
        let names = ["Agent.example".to_owned()];
        let check = |host: &str, expected| assert_eq!(is_allowed(Some(host), &names), expected, "{host:?}");
        for host in ["127.0.0.1", "10.0.0.7:13133", "[::1]", "[fd00::7]:13133", "localhost", "LOCALHOST:1", "10.0.0.7:"]
        {
            check(host, true);
        }
        for host in ["agent.example", "AGENT.EXAMPLE:13133"] {
            check(host, true);
        }
        for host in [
            "",
            ":13133",
            "evil.example",
            "localhost.evil.example",
            "evil.example:13133",
            "127.0.0.1.evil.example",
            "[::1",
            "[evil]",
            "[::1]evil",
            "127.0.0.1:80:evil",
            "127.1",
            "agent.example.evil",
            "localhost@evil.example",
            "::1",
        ] {
            check(host, false);
        }
        assert!(!is_allowed(None, &names), "a client that names no host");
    }
}
