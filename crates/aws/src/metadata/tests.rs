//! The client against a strict fake.

use testkit::faults::Fault;
use testkit::instance_metadata::FakeInstanceMetadata;

use super::*;

const TOKEN: &str = "PUT /latest/api/token";
const SHORT: Deadlines = Deadlines { connect: Duration::from_millis(500), answer: Duration::from_millis(150) };

fn client_at(endpoint: &str, options: Options) -> Client {
    let options = Options { endpoint: Some(endpoint.to_owned()), ..options };
    Client::with(&Settings::default(), options, &Environment::of(&[]), SHORT).unwrap()
}

fn client(fake: &FakeInstanceMetadata) -> Client {
    client_at(fake.endpoint(), Options::default())
}

fn with_v1() -> Options {
    Options { allow_v1: true, ..Options::default() }
}

#[tokio::test]
async fn an_instance_says_who_it_is_and_is_asked_for_one_token() {
    let fake = FakeInstanceMetadata::start();
    let client = client(&fake);
    let expected = Identity {
        instance_id: Some("i-0123456789abcdef0".into()),
        instance_type: Some("m5.large".into()),
        region: Some("us-west-2".into()),
        availability_zone: Some("us-west-2a".into()),
        private_ip: Some("10.0.0.10".into()),
    };
    assert_eq!(client.identity().await.unwrap(), expected);
    assert_eq!(client.clone().identity().await.unwrap(), expected);
    assert_eq!(fake.requests(), [TOKEN, &format!("GET {IDENTITY_PATH}"), &format!("GET {IDENTITY_PATH}")]);
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn calls_at_once_share_one_token() {
    let fake = FakeInstanceMetadata::start();
    let client = client(&fake);
    let (one, two, three) = tokio::join!(client.identity(), client.tag_keys(), client.identity());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!((fake.count("PUT"), fake.count("GET")), (1, 3));
}

#[tokio::test]
async fn a_void_token_is_renewed_once_and_a_second_no_is_told() {
    let fake = FakeInstanceMetadata::start();
    let client = client(&fake);
    client.identity().await.unwrap();
    fake.void_tokens();
    client.identity().await.unwrap();
    assert_eq!((fake.count("PUT"), fake.count("GET")), (2, 3));
    fake.set_fault_of("GET", Fault::Status(401));
    let error = client.identity().await.unwrap_err();
    assert!(matches!(error, Error::Refused { status: 401, .. }), "{error:?}");
    assert_eq!((fake.count("PUT"), fake.count("GET")), (3, 5));
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let fake = FakeInstanceMetadata::start();
    fake.set_token_seconds(1);
    let client = client(&fake);
    client.identity().await.unwrap();
    client.identity().await.unwrap();
    assert_eq!(fake.count("PUT"), 1);
    // Three quarters of a life this short.
    sleep(Duration::from_millis(800)).await;
    client.identity().await.unwrap();
    assert_eq!((fake.count("PUT"), fake.count("GET")), (2, 3), "no 401 was needed");
}

#[tokio::test]
async fn tags_are_told_apart_from_tags_that_are_not_shown() {
    let fake = FakeInstanceMetadata::start();
    let client = client(&fake);
    assert_eq!(client.tag_keys().await.unwrap(), None);
    assert_eq!(client.tag("Name").await.unwrap(), None);
    let group = "aws:autoscaling:groupName";
    fake.set_tags(Some(&[(group, "eks-blue (1)"), ("eks:cluster-name", "prod"), ("ü+=,@", ""), ("Name", "ü")]));
    let mut keys = client.tag_keys().await.unwrap().unwrap();
    keys.sort();
    assert_eq!(keys, ["Name", group, "eks:cluster-name", "ü+=,@"]);
    for (key, value) in [(group, Some("eks-blue (1)")), ("eks:cluster-name", Some("prod")), ("ü+=,@", Some(""))] {
        assert_eq!(client.tag(key).await.unwrap().as_deref(), value, "{key}");
    }
    assert_eq!(client.tag("Name").await.unwrap().as_deref(), Some("ü"));
    assert_eq!(client.tag("nothing").await.unwrap(), None);
    // As it is known by everybody, not in percent signs.
    assert_eq!(fake.count("GET /latest/meta-data/tags/instance/aws:autoscaling:groupName"), 1);
    let before = fake.requests().len();
    for key in ["kubernetes.io/cluster/prod", "", "..", "_index", "a b", "a\r\nb"] {
        assert_eq!(client.tag(key).await.unwrap(), None, "{key:?}");
    }
    assert_eq!(fake.requests().len(), before, "what can't be there is not asked for");
}

#[tokio::test]
async fn every_no_is_told_by_what_would_help() {
    let fake = FakeInstanceMetadata::start();
    let check = async |request: &str, fault: Fault, words: &str, requests: usize| {
        fake.set_fault(None);
        fake.set_fault_of(request, fault.clone());
        let before = fake.requests().len();
        let error = client(&fake).identity().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(words) && !text.contains("token-"), "{request} {fault:?}: {text}");
        assert_eq!(fake.requests().len() - before, requests, "{request} {fault:?}");
    };
    check("", Fault::Status(403), "403 to /latest/api/token: it is switched off", 1).await;
    check("GET", Fault::Status(403), "403 to /latest/dynamic", 2).await;
    check("PUT", Fault::Status(401), "401 to /latest/api/token", 1).await;
    check("PUT", Fault::Status(404), "has no /latest/api/token", 1).await;
    check("PUT", Fault::Status(405), "version 1 has to be allowed", 1).await;
    check("PUT", Fault::Status(400), "none of EC2's", 1).await;
    check("GET", Fault::Status(404), "has no /latest/dynamic", 2).await;
    check("GET", Fault::Status(302), "none of EC2's", 2).await;
    check("GET", Fault::Status(503), "503 to /latest/dynamic", 3).await;
    check("PUT", Fault::Status(500), "500 to /latest/api/token", 2).await;
    check("PUT", Fault::Page, "none of EC2's", 1).await;
    check("GET", Fault::Page, "none of EC2's", 2).await;
    check("GET", Fault::Half, "can't be reached", 3).await;
    check("GET", Fault::Hang, "can't be reached", 3).await;
    check("PUT", Fault::Huge(2 << 20), "can't be reached", 1).await;
}

#[tokio::test]
async fn a_page_instead_of_tags_is_no_tag() {
    let fake = FakeInstanceMetadata::start();
    fake.set_tags(Some(&[("Name", "<html>x")]));
    let client = client(&fake);
    assert!(matches!(client.tag("Name").await, Err(Error::Garbled { .. })), "without a type it is known by its start");
    fake.set_fault_of("GET", Fault::Page);
    assert!(matches!(client.tag("Name").await, Err(Error::Garbled { .. })));
    assert!(matches!(client.tag_keys().await, Err(Error::Garbled { .. })));
}

#[tokio::test]
async fn a_hop_limit_of_one_is_told_and_takes_no_longer_than_it_may() {
    let fake = FakeInstanceMetadata::start();
    fake.set_beyond_hop_limit(true);
    let one = client_at(fake.endpoint(), Options { attempts: 0, ..Options::default() });
    let began = Instant::now();
    let error = one.identity().await.unwrap_err();
    assert!(began.elapsed() < SHORT.answer * 3, "{:?}", began.elapsed());
    assert!(matches!(error, Error::NoTokenAnswer { .. }) && error.to_string().contains("hop limit"), "{error}");
    assert_eq!(fake.count("PUT"), 1);
    client(&fake).identity().await.unwrap_err();
    assert_eq!((fake.count("PUT"), fake.count("GET")), (3, 0), "two attempts by default");
}

#[tokio::test]
async fn nobody_there_is_told_as_no_instance() {
    let fake = FakeInstanceMetadata::start();
    fake.refuse();
    let error = client(&fake).identity().await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.to_string().contains("no EC2 instance"), "{error}");
    fake.accept();
    client(&fake).identity().await.unwrap();
}

#[tokio::test]
async fn a_passing_failure_costs_one_more_request() {
    let fake = FakeInstanceMetadata::start();
    let client = client(&fake);
    fake.fail_next([Fault::Status(503)]);
    client.identity().await.unwrap();
    assert_eq!((fake.count("PUT"), fake.count("GET")), (2, 1));
    fake.fail_next([Fault::Hang]);
    client.identity().await.unwrap();
    assert_eq!((fake.count("PUT"), fake.count("GET")), (2, 3));
}

#[tokio::test]
async fn version_1_is_spoken_only_where_it_is_allowed_and_no_token_is_given() {
    let fake = FakeInstanceMetadata::start();
    fake.set_v1_allowed(true);
    for fault in [Fault::Status(403), Fault::Status(404), Fault::Status(405), Fault::Hang] {
        fake.set_fault(None);
        fake.set_fault_of(TOKEN, fault.clone());
        let gets = fake.count("GET");
        client(&fake).identity().await.unwrap_err();
        assert_eq!(fake.count("GET"), gets, "{fault:?}: not allowed");
        let allowed = client_at(fake.endpoint(), with_v1());
        allowed.identity().await.unwrap();
        let puts = fake.count("PUT");
        allowed.identity().await.unwrap();
        assert_eq!(fake.count("PUT"), puts, "{fault:?}: a token is not asked for each time");
    }
    // A failure of the service's is no word about versions.
    fake.set_fault(None);
    fake.set_fault_of(TOKEN, Fault::Status(500));
    let error = client_at(fake.endpoint(), with_v1()).identity().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 500, .. }), "{error:?}");
    // Where a token is given, it is shown.
    fake.set_fault(None);
    fake.set_v1_allowed(false);
    client_at(fake.endpoint(), with_v1()).identity().await.unwrap();
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_machine_that_begins_to_want_tokens_is_asked_for_one() {
    let fake = FakeInstanceMetadata::start();
    fake.set_v1_allowed(true);
    fake.set_fault_of(TOKEN, Fault::Status(403));
    let client = client_at(fake.endpoint(), with_v1());
    client.identity().await.unwrap();
    fake.set_v1_allowed(false);
    fake.set_fault(None);
    client.identity().await.unwrap();
    assert_eq!(fake.count("PUT"), 2);
}

#[tokio::test]
async fn switched_off_nobody_is_asked() {
    let fake = FakeInstanceMetadata::start();
    let variables = [("AWS_EC2_METADATA_DISABLED", "True"), (ENDPOINT_VARIABLE, fake.endpoint())];
    let client = Client::with(&Settings::default(), Options::default(), &Environment::of(&variables), SHORT).unwrap();
    assert!(matches!(client.identity().await, Err(Error::Disabled)));
    assert!(matches!(client.tag("Name").await, Err(Error::Disabled)));
    assert_eq!(fake.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn no_proxy_stands_between() {
    let fake = FakeInstanceMetadata::start();
    let variables = [("HTTP_PROXY", "http://127.0.0.1:1"), (ENDPOINT_VARIABLE, fake.endpoint())];
    let settings = Settings { proxy_address: Some("http://127.0.0.1:1".into()), ..Settings::default() };
    let client = Client::with(&settings, Options::default(), &Environment::of(&variables), SHORT).unwrap();
    client.identity().await.unwrap();
    // Not for an address either that others take a proxy for: one of TEST-NET, where nobody answers.
    let client = client_at("http://192.0.2.1", Options { attempts: 1, ..Options::default() });
    let error = client.identity().await.unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { source, .. } if !source.to_string().contains("127.0.0.1")),
        "{error:?}"
    );
}

#[test]
fn the_endpoint_is_the_options_the_environments_or_the_services_own() {
    let check = |option: Option<&str>, variables: &[(&str, &str)], expected: &str| {
        let options = Options { endpoint: option.map(str::to_owned), ..Options::default() };
        let made = Client::with(&Settings::default(), options, &Environment::of(variables), SHORT);
        let shown = made.map_or_else(|error| error.to_string(), |client| client.endpoint());
        assert!(shown.starts_with(expected) && !shown.contains("hunter2"), "{shown}");
    };
    check(None, &[], "http://169.254.169.254/");
    check(None, &[(MODE_VARIABLE, "IPv6")], "http://[fd00:ec2::254]/");
    check(None, &[(MODE_VARIABLE, "ipv4")], "http://169.254.169.254/");
    check(None, &[(MODE_VARIABLE, "IPv6"), (ENDPOINT_VARIABLE, "http://10.0.0.1:1338/")], "http://10.0.0.1:1338/");
    check(Some("http://own"), &[(ENDPOINT_VARIABLE, "http://other")], "http://own/");
    check(Some(""), &[], "http://169.254.169.254/");
    check(Some("http://user:hunter2@h"), &[], "endpoint: ");
    check(None, &[(ENDPOINT_VARIABLE, "nowhere")], "AWS_EC2_METADATA_SERVICE_ENDPOINT: ");
    check(None, &[(MODE_VARIABLE, "IPv5")], "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: ");
}

/// A machine with IPv6 alone, as a network namespace: instance metadata is at its other address.
mod without_ipv4 {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::process::Command;

    use super::*;

    /// Says that this is the other test's network.
    const NETWORK: &str = "CI_TEST_NETWORK";

    /// Runs a test of this file by itself, in a network of its own where only metadata's IPv6 address is.
    #[test]
    fn metadata_is_asked_at_its_other_address_where_there_is_no_way_to_the_first() {
        let script = "ip link set lo up && ip -6 address add fd00:ec2::254/128 dev lo nodad && exec \"$0\" \"$@\"";
        let ran = Command::new("unshare")
            .env(NETWORK, "1")
            .args(["--user", "--map-root-user", "--net", "sh", "-c", script])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "metadata::tests::without_ipv4::asks_by_ipv6"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && text.contains("1 passed"), "{text}");
    }

    #[tokio::test]
    #[ignore = "a part of the other test, in a network of its own"]
    async fn asks_by_ipv6() {
        if std::env::var_os(NETWORK).is_none() {
            return;
        }
        let listener = TcpListener::bind("[fd00:ec2::254]:80").expect("this is the other test's network");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                while lines.next().is_some_and(|line| !line.is_empty()) {}
                let body = if first.starts_with("PUT") { "token" } else { r#"{"region":"eu-west-1"}"# };
                let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
                let _ = (&stream).write_all((head + body).as_bytes());
            }
        });
        let client = Client::with(&Settings::default(), Options::default(), &Environment::of(&[]), DEADLINES).unwrap();
        assert_eq!(client.endpoint(), "http://169.254.169.254/");
        assert_eq!(client.identity().await.unwrap().region.as_deref(), Some("eu-west-1"));
    }
}
