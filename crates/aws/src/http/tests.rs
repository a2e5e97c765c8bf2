//! The client through proxies and against servers that misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use testkit::cloudwatch_logs::{FakeCloudWatchLogs, KEYS, REGION};

use net::Environment;

use super::*;
use crate::logs::{self, Options};
use crate::settings::{Keys, Settings};
use crate::{Session, Transport};

/// A proxy that leads every way to `target`, or answers with `refusal`; it tells the head of each request.
fn proxy(target: &str, refusal: Option<&'static str>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let target = target.rsplit("//").next().unwrap().to_owned();
    let (told, heads) = channel();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (target, told) = (target.clone(), told.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
                let _ = told.send(head.clone());
                let mut client = client;
                if let Some(refusal) = refusal {
                    let _ = client.write_all(refusal.as_bytes());
                    return;
                }
                let mut server = TcpStream::connect(target).unwrap();
                if head.starts_with("CONNECT ") {
                    client.write_all(b"HTTP/1.1 200 Connection established\r\nX-Via: test\r\n\r\n").unwrap();
                } else {
                    server.write_all(head.replacen("http://logs.us-west-2.amazonaws.com", "", 1).as_bytes()).unwrap();
                }
                let mut back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut back.0, &mut back.1));
                let _ = std::io::copy(&mut reader, &mut server);
            });
        }
    });
    (address, heads)
}

#[expect(clippy::disallowed_methods, reason = "the fake's time is this machine's")]
async fn client(settings: Settings, endpoint: Option<&str>, variables: &[(&str, &str)]) -> logs::Client {
    let keys = Keys { id: KEYS.0.into(), secret: KEYS.1.into(), token: None };
    let settings = Settings { region: Some(REGION.into()), keys: Some(keys), ..settings };
    let now = std::time::SystemTime::now;
    let session = Session::load_from(settings, now, Environment::of(variables)).await.unwrap();
    let endpoint = endpoint.map(str::to_owned);
    logs::Client::new(session, Options { endpoint, timeout: Duration::from_secs(2), ..Options::default() }).unwrap()
}

async fn create(client: &logs::Client, group: &str) -> Result<(), logs::Error> {
    client.create_log_group(group, &logs::GroupSettings::default()).await
}

fn trusting(fake: &FakeCloudWatchLogs) -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, fake.ca_pem().unwrap()).unwrap();
    (folder, Settings { certificate_file_path: Some(path), ..Settings::default() })
}

#[tokio::test]
async fn an_encrypted_request_goes_through_a_tunnel_with_the_proxys_password() {
    let fake = FakeCloudWatchLogs::https();
    let (_folder, settings) = trusting(&fake);
    let (address, heads) = proxy(fake.endpoint(), None);
    let address = format!("http://user:planted@{address}");
    let through = client(settings.clone(), None, &[("HTTPS_PROXY", &address)]).await;
    create(&through, "g").await.unwrap();
    create(&through, "h").await.unwrap();
    let head = heads.recv().unwrap();
    assert!(head.starts_with("CONNECT logs.us-west-2.amazonaws.com:443 HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("Proxy-Authorization: Basic dXNlcjpwbGFudGVk\r\n"), "{head}");
    assert!(heads.try_recv().is_err(), "the tunnel is kept");
    assert_eq!(fake.groups().len(), 2);
    assert!(!format!("{through:?}").contains("planted"));

    let proxied = client(Settings { proxy_address: Some(address), ..settings }, None, &[]).await;
    create(&proxied, "i").await.unwrap();
}

#[tokio::test]
async fn a_plain_request_goes_to_the_proxy_whole() {
    let fake = FakeCloudWatchLogs::http();
    let (address, heads) = proxy(fake.endpoint(), None);
    let endpoint = Some("http://logs.us-west-2.amazonaws.com");
    create(&client(Settings::default(), endpoint, &[("HTTP_PROXY", &address)]).await, "g").await.unwrap();
    assert!(heads.recv().unwrap().starts_with("POST http://logs.us-west-2.amazonaws.com/ HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let answers = [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        ("no HTTP at all\r\n\r\n", "no HTTP at all"),
        ("", "it hung up"),
    ];
    for (answer, words) in answers {
        let (address, _heads) = proxy("", Some(answer));
        let settings =
            Settings { proxy_address: Some(format!("http://user:planted@{address}")), ..Settings::default() };
        let error = create(&client(settings, None, &[]).await, "g").await.unwrap_err();
        let logs::Error::Unreachable(error) = error else { panic!("{error:?}") };
        let text = format!("{error} {error:?}");
        assert!(matches!(error, Transport::ProxyRefuses { .. }) && text.contains(words), "{text}");
        assert!(!error.may_have_arrived() && !text.contains("planted"), "{text}");
    }
}

#[tokio::test]
async fn a_proxy_whose_answer_has_no_end_is_refused() {
    let head: &str = Box::leak(format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(8 << 10)).into_boxed_str());
    let (address, _heads) = proxy("", Some(head));
    let settings = Settings { proxy_address: Some(format!("http://{address}")), ..Settings::default() };
    let error = create(&client(settings, None, &[]).await, "g").await.unwrap_err();
    let logs::Error::Unreachable(error) = error else { panic!("{error:?}") };
    assert!(error.to_string().contains("its answer has no end"), "{error}");
}

/// A server that answers every connection with these bytes and hangs up.
fn answering(bytes: impl Fn() -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 65536]);
            let _ = stream.write_all(&bytes());
        }
    });
    address
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = answering(|| {
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        bytes.resize(MAX_ANSWER_BYTES * 2, b' ');
        bytes
    });
    let error = create(&client(Settings::default(), Some(&endless), &[]).await, "g").await.unwrap_err();
    assert!(matches!(error, logs::Error::Unreachable(Transport::TooLong { .. })), "{error:?}");
}

/// A server that sends its answer in pieces of one byte, so many of them, on every connection.
fn crumbling(pieces: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 65536]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                let crumbs = b"1\r\nx\r\n".repeat(10_000);
                let _ = (0..pieces / 10_000).try_for_each(|_| stream.write_all(&crumbs));
                let _ = stream.write_all(b"0\r\n\r\n");
            });
        }
    });
    address
}

/// One thread serves everything: while an answer comes in crumbs, all else has to have its turn.
#[tokio::test]
async fn an_answer_in_crumbs_keeps_nothing_from_its_turn() {
    // More of them than come within the deadline, which has to be kept too.
    let server = crumbling(10_000_000);
    // Turns are counted, not the time between them: that depends on what else the machine does.
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let client = client(Settings::default(), Some(&server), &[]).await;
    let error = create(&client, "g").await.unwrap_err();
    other.abort();
    assert!(
        matches!(error, logs::Error::Unreachable(Transport::NoAnswer { .. } | Transport::TooLong { .. })),
        "{error:?}"
    );
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns > 1000, "{turns} turns");
}

/// What is set aside for an answer is what has come of it, not what is promised.
#[tokio::test]
async fn an_answer_that_promises_too_much_is_not_read() {
    let server = answering(|| b"HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\nx".to_vec());
    let error = create(&client(Settings::default(), Some(&server), &[]).await, "g").await.unwrap_err();
    assert!(matches!(error, logs::Error::Unreachable(Transport::TooLong { .. })), "{error:?}");
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    for bytes in ["", "\0\0\0", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"] {
        let server = answering(move || bytes.as_bytes().to_vec());
        let error = create(&client(Settings::default(), Some(&server), &[]).await, "g").await.unwrap_err();
        assert_eq!((error.label(), error.can_retry()), ("unreachable", true), "{bytes:?} {error:?}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_says_so() {
    let nowhere = client(Settings::default(), Some("http://nowhere.invalid"), &[]).await;
    let error = create(&nowhere, "g").await.unwrap_err();
    assert!(matches!(error, logs::Error::Unreachable(Transport::Resolve { .. })), "{error:?}");
    assert!(!error.may_have_arrived());
}

#[tokio::test]
async fn a_server_that_never_accepts_costs_no_more_than_the_deadline() {
    // A queue of one that is full: the next connection waits for ever.
    let listener = tokio::net::TcpSocket::new_v4().unwrap();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _full: Vec<_> = (0..4).map(|_| tokio::spawn(tokio::net::TcpStream::connect(address))).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let settings = Settings { connect_timeout: Some(Duration::from_millis(200)), ..Settings::default() };
    let error = create(&client(settings, Some(&format!("http://{address}")), &[]).await, "g").await.unwrap_err();
    assert_eq!((error.label(), error.may_have_arrived()), ("timeout", false), "{error:?}");
}

#[tokio::test]
async fn a_tls_server_spoken_to_in_clear_text_and_the_other_way_round() {
    let fake = FakeCloudWatchLogs::http();
    let wrong = fake.endpoint().replace("http:", "https:");
    let settings = Settings { no_verify_ssl: true, ..Settings::default() };
    let error = create(&client(settings, Some(&wrong), &[]).await, "g").await.unwrap_err();
    assert!(matches!(error, logs::Error::Unreachable(Transport::Handshake { .. })), "{error:?}");
}

/// Variables, and what they make of a host name: behind the service, and at the end.
type Switched<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

/// Where the calls of each service go, as a proxy is asked for the way there.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "signatures are made by this machine's time")]
async fn the_switches_for_endpoints_go_for_every_call() {
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "planted-web-identity").unwrap();
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), "[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n").unwrap();
    let profile = [("AWS_CONFIG_FILE", config.path().to_str().unwrap())];
    let cases: [Switched<'_>; 5] = [
        (&[], "", "amazonaws.com"),
        (&[("AWS_USE_FIPS_ENDPOINT", "true")], "-fips", "amazonaws.com"),
        (&[("AWS_USE_DUALSTACK_ENDPOINT", "true")], "", "api.aws"),
        (&[("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true")], "-fips", "api.aws"),
        (&profile, "-fips", "api.aws"),
    ];
    for (switches, fips, suffix) in cases {
        let (address, heads) = proxy("", Some("HTTP/1.1 403 Forbidden\r\n\r\n"));
        let address = format!("http://{address}");
        let asked = |service: &str| {
            let head = heads.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
            let expected = format!("CONNECT {service}{fips}.us-west-2.{suffix}:443 ");
            assert!(head.starts_with(&expected), "{switches:?}: {head} and not {expected}");
            while heads.try_recv().is_ok() {}
        };
        let variables: Vec<_> = switches.iter().copied().chain([("HTTPS_PROXY", address.as_str())]).collect();
        let keys = Keys { id: KEYS.0.into(), secret: KEYS.1.into(), token: None };
        let settings = Settings { region: Some(REGION.into()), keys: Some(keys), ..Settings::default() };
        let now = std::time::SystemTime::now;
        let load = |settings, variables: &[(&str, &str)]| Session::load_from(settings, now, Environment::of(variables));

        let session = load(settings.clone(), &variables).await.unwrap();
        create(&logs::Client::new(session.clone(), Options::default()).unwrap(), "g").await.unwrap_err();
        asked("logs");
        let ec2 = crate::ec2::Client::new(session, crate::ec2::Options::default()).unwrap();
        ec2.describe_tags("i-0123456789abcdef0").await.unwrap_err();
        asked("ec2");
        let role = Some("arn:aws:iam::123456789012:role/agent".to_owned());
        load(Settings { role_arn: role, ..settings.clone() }, &variables)
            .await
            .unwrap()
            .check_credentials()
            .await
            .unwrap_err();
        asked("sts");
        let web = [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", token.path().to_str().unwrap()),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod"),
        ];
        let variables: Vec<_> = variables.into_iter().chain(web).collect();
        load(Settings { keys: None, ..settings }, &variables).await.unwrap().check_credentials().await.unwrap_err();
        asked("sts");
    }
}
