//! Asks a running agent whether it is healthy, as a container's health check: an image with nothing but the agent has no
//! other program that could.
//!
//! Takes the ADOT Collector's `/healthcheck` place: the same port where none is given, and its flag `-port`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::environment::Variables;

/// Whom to ask.
#[derive(Debug, Args)]
pub struct Whom {
    /// Where the health check answers; without it HEALTHCHECK_URL, else http://127.0.0.1:13133/.
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    url: Option<String>,
    /// The port of the health check on this machine, for another one than 13133.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
}

/// For where no flag says it.
const VARIABLE: &str = "HEALTHCHECK_URL";
const PORT: u16 = 13133;
/// From the look-up of a name to the answer's status.
const PATIENCE: Duration = Duration::from_secs(2);
/// What a status line may take; longer ones are no answer of a health check.
const LONGEST_LINE: u64 = 256;

/// The parts of an URL that a request needs.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    /// Host and port, as `Host` has them.
    authority: &'a str,
    /// Host and port to connect to.
    address: String,
    path: &'a str,
}

/// Succeeds where the answer is 2xx.
pub fn ask(whom: &Whom, variables: &Variables) -> Result<()> {
    let given = whom.url.clone().filter(|_| whom.port.is_none());
    let variable = || variables.get(VARIABLE).filter(|url| whom.port.is_none() && !url.is_empty());
    let url = given.or_else(variable).unwrap_or_else(|| format!("http://127.0.0.1:{}/", whom.port.unwrap_or(PORT)));
    let place = parse_url(&url).with_context(|| format!("the health check's URL {url:?}"))?;
    let runtime = crate::asynchronous::runtime()?;
    let status = runtime.block_on(async { timeout(PATIENCE, fetch_status(&place)).await });
    // A name that is still being looked up must not keep the process.
    runtime.shutdown_background();
    let status = match status {
        Ok(status) => status.with_context(|| {
            format!(
                "{url}: no agent answers there; see that it runs and has the extension health_check at this address"
            )
        })?,
        Err(_) => bail!("{url} gave no answer within {} s", PATIENCE.as_secs()),
    };
    if !(200..300).contains(&status) {
        bail!("{url} answered {status}");
    }
    Ok(())
}

fn parse_url(url: &str) -> Result<Place<'_>> {
    let Some(rest) = url.strip_prefix("http://") else { bail!("does not begin with http://") };
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("has a blank or a letter that is none of ASCII's");
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    if path.starts_with('?') {
        bail!("has no path before its question mark");
    }
    let after_brackets = authority.rsplit_once(']').map_or(authority, |(_, port)| port);
    let (is_named, address) = match after_brackets.rsplit_once(':') {
        Some((host, port)) => {
            let is_port =
                port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
            (is_port && !host.contains(':'), authority.to_owned())
        }
        None => (true, format!("{authority}:80")),
    };
    if !is_named || authority.contains('@') || address.starts_with(':') {
        bail!("does not name a host and a port");
    }
    Ok(Place { authority, address, path })
}

async fn fetch_status(place: &Place<'_>) -> Result<u16> {
    let mut stream = TcpStream::connect(&place.address).await?;
    let Place { authority, path, .. } = place;
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let (mut line, mut answer) = (Vec::new(), stream.take(LONGEST_LINE));
    // The rest of the answer is not ours to judge.
    while !line.contains(&b'\n') && answer.read_buf(&mut line).await? > 0 {}
    parse_status(&line).context("the answer is not HTTP")
}

fn parse_status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\n').next()?;
    let mut words = line.strip_prefix(b"HTTP/1.")?.split(|byte| byte.is_ascii_whitespace());
    let code = std::str::from_utf8(words.nth(1)?).ok()?;
    code.parse().ok().filter(|code| (100..600).contains(code))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_url_says_whom_to_ask_and_for_what() {
        let check = |url, authority, address: &str, path| {
            assert_eq!(parse_url(url).unwrap(), Place { authority, address: address.to_owned(), path }, "{url}");
        };
        check("http://127.0.0.1:13133/", "127.0.0.1:13133", "127.0.0.1:13133", "/");
        check("http://localhost", "localhost", "localhost:80", "/");
        check("http://[::1]:13133/status?x=/#top", "[::1]:13133", "[::1]:13133", "/status?x=/");
        check("http://[fd00::7]/", "[fd00::7]", "[fd00::7]:80", "/");
    }

    #[test]
    fn an_url_that_names_nobody_is_refused() {
        for url in [
            "",
            "localhost:13133",
            "https://localhost/",
            "http://",
            "http:///path",
            "http://:13133/",
            "http://localhost:0/",
            "http://localhost:65536/",
            "http://localhost:port/",
            "http://localhost:+1/",
            "http://::1:13133/",
            "http://user@localhost/",
            "http://localhost?x",
            "http://localhost/\r\nHost: other",
        ] {
            assert!(parse_url(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn the_status_is_the_second_word_of_the_first_line() {
        let check = |answer: &str, status| assert_eq!(parse_status(answer.as_bytes()), status, "{answer:?}");
        check("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nHTTP/1.1 500", Some(200));
        check("HTTP/1.0 503\r\n", Some(503));
        check("HTTP/1.1 20", None);
        check("HTTP/1.1 2000 OK\r\n", None);
        check("SSH-2.0-OpenSSH_9.2\r\n", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(url in "(http://)?.{0,30}", answer in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse_url(&url);
            let _ = parse_status(&answer);
            let _ = parse_status(&[b"HTTP/1.1 ", answer.as_slice()].concat());
        }
    }
}
