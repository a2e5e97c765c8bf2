use super::*;
use proptest::prelude::*;

fn chosen(variables: &[(&str, &str)], address: Option<&str>, url: &str) -> Option<String> {
    let proxies = Proxies::new(address, &Environment::of(variables)).unwrap();
    let origin = Origin::of(&url.parse().unwrap()).unwrap();
    proxies.for_origin(&origin).map(|proxy| proxy.origin().to_string())
}

const LOGS: &str = "https://logs.eu-west-1.amazonaws.com/";

#[test]
fn the_setting_wins_and_the_variables_go_by_scheme() {
    let proxy = Some("http://proxy:3128".to_owned());
    let both = [("HTTPS_PROXY", "proxy:3128"), ("HTTP_PROXY", "http://plain:80")];
    assert_eq!(chosen(&both, None, LOGS), proxy);
    assert_eq!(chosen(&both, None, "http://collector/"), Some("http://plain:80".to_owned()));
    assert_eq!(chosen(&[("https_proxy", "proxy:3128")], None, LOGS), proxy);
    assert_eq!(chosen(&[("HTTPS_PROXY", "other:1"), ("NO_PROXY", "*")], Some("http://proxy:3128"), LOGS), proxy);
    assert_eq!(chosen(&[], None, LOGS), None);
}

#[test]
fn metadata_never_goes_through_a_proxy() {
    for url in [
        "http://169.254.169.254/",
        "http://169.254.170.23/v1/credentials",
        "http://[fd00:ec2::23]/",
        "http://127.0.0.1:1/",
    ] {
        assert_eq!(chosen(&[], Some("http://proxy:3128"), url), None, "{url}");
    }
}

#[test]
fn exceptions_are_read_as_other_programs_read_them() {
    let check = |exceptions: &str, url: &str, direct: bool| {
        let found = chosen(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", exceptions)], None, url).is_none();
        assert_eq!(found, direct, "{exceptions:?} {url}");
    };
    check("amazonaws.com", LOGS, true);
    check(".amazonaws.com", LOGS, true);
    check("*.amazonaws.com", LOGS, true);
    check("logs.eu-west-1.amazonaws.com", LOGS, true);
    check(".logs.eu-west-1.amazonaws.com", LOGS, false);
    check("aws.com", LOGS, false);
    check("LOGS.EU-WEST-1.AMAZONAWS.COM:443", LOGS, true);
    check("logs.eu-west-1.amazonaws.com:8443", LOGS, false);
    check(" a, b ,amazonaws.com", LOGS, true);
    check("*", LOGS, true);
    check("10.0.0.0/8", "https://10.1.2.3/", true);
    check("10.0.0.0/8", "https://11.1.2.3/", false);
    check("0.0.0.0/0", "https://11.1.2.3/", true);
    check("10.1.2.3", "https://10.1.2.3/", true);
    check("[2001:db8::1]:443", "https://[2001:db8::1]/", true);
    check("2001:db8::/32", "https://[2001:db8::1]/", true);
    check("10.0.0.0/99,x:y,", LOGS, false);
}

#[test]
fn a_proxys_password_is_sent_and_never_shown() {
    let proxy = Proxy::parse("proxy_address", "http://user:p%40ss@proxy:3128").unwrap();
    assert_eq!(proxy.authorization().unwrap(), "Basic dXNlcjpwQHNz");
    let shown = format!("{proxy:?} {:?}", proxy.authorization());
    assert!(!shown.contains("p%40ss") && !shown.contains("dXNlcjpw"), "{shown}");
    for bad in ["socks5://user:hunter2@proxy:1080", "ftp://user:hunter2@proxy", "http://user:hunter2@", "http://:0"] {
        let error = Proxy::parse("proxy_address", bad).unwrap_err().to_string();
        assert!(error.starts_with("proxy_address: ") && !error.contains("hunter2"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_of_a_variable_does_harm(text in ".{0,60}", exceptions in "[a-z0-9.:/*,\\[\\] ]{0,40}") {
        let _ = Proxies::new(Some(&text), &Environment::of(&[]));
        let environment = Environment::of(&[("NO_PROXY", &exceptions), ("HTTPS_PROXY", "p:1")]);
        let proxies = Proxies::new(None, &environment).unwrap();
        for url in [LOGS, "https://10.1.2.3/", "https://[2001:db8::1]/"] {
            let _ = proxies.for_origin(&Origin::of(&url.parse().unwrap()).unwrap());
        }
    }

    #[test]
    fn decoding_is_the_inverse_of_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        prop_assert_eq!(percent_decode(&encoded), bytes);
    }
}
