//! Every place that region and credentials come from, against strict fakes.

use std::sync::atomic::{AtomicU64, Ordering};

use testkit::instance_metadata::{FakeInstanceMetadata, RoleKeys};
use testkit::security_tokens::FakeSts;

use super::*;
use crate::settings::Keys;

#[expect(clippy::disallowed_methods, reason = "the fakes' time is this machine's")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn role_keys(id: &str) -> RoleKeys {
    RoleKeys { id: id.into(), secret: "planted-secret".into(), token: "planted-token".into(), lifetime_seconds: 3600 }
}

fn with_region() -> Settings {
    Settings { region: Some("us-west-2".into()), ..Settings::default() }
}

const NO_METADATA: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

async fn session(settings: Settings, variables: &[(&str, &str)]) -> Session {
    Session::load_from(settings, now, Environment::of(variables)).await.unwrap()
}

async fn key_id(settings: Settings, variables: &[(&str, &str)]) -> Result<String, NoCredentials> {
    let session = session(settings, variables).await;
    session.credentials().await.map(|credentials| credentials.access_key_id().to_owned())
}

async fn region(settings: Settings, variables: &[(&str, &str)]) -> Result<String, Error> {
    let session = Session::load_from(settings, now, Environment::of(variables)).await;
    session.map(|session| session.region().to_owned())
}

struct Files {
    _folder: tempfile::TempDir,
    config: String,
    credentials: String,
}

fn files() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).to_str().unwrap().to_owned()
    };
    let config = path(
        "config",
        "[default]\nregion = eu-central-1\n[profile other]\nregion = eu-north-1\nuse_fips_endpoint = true\n\
         services = local\n[services local]\ncloudwatch_logs =\n  endpoint_url = http://127.0.0.1:9\n",
    );
    let credentials = path(
        "credentials",
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = planted-secret\n\
         [other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = planted-secret\n",
    );
    Files { _folder: folder, config, credentials }
}

#[tokio::test]
async fn the_region_is_the_first_that_is_found() {
    let files = files();
    let metadata = FakeInstanceMetadata::start();
    let all = [
        ("AWS_REGION", "ap-south-1"),
        ("AWS_DEFAULT_REGION", "ap-south-2"),
        ("AWS_CONFIG_FILE", files.config.as_str()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.endpoint()),
    ];
    assert_eq!(region(with_region(), &all).await.unwrap(), "us-west-2");
    assert_eq!(region(Settings::default(), &all).await.unwrap(), "ap-south-1");
    assert_eq!(region(Settings::default(), &all[1..]).await.unwrap(), "ap-south-2");
    assert_eq!(region(Settings::default(), &all[2..]).await.unwrap(), "eu-central-1");
    let other = Settings { profile: Some("other".into()), ..Settings::default() };
    assert_eq!(region(other, &all[2..]).await.unwrap(), "eu-north-1");
    assert_eq!(metadata.requests(), Vec::<String>::new(), "nobody was asked in vain");
    metadata.set_region("sa-east-1");
    assert_eq!(region(Settings::default(), &all[3..]).await.unwrap(), "sa-east-1");
    assert_eq!(metadata.violations(), Vec::<String>::new());
    let task = r#"{"TaskARN":"arn:aws:ecs:ca-central-1:111122223333:task/default/1"}"#;
    let task = FakeTask::start(task);
    let variables = [("ECS_CONTAINER_METADATA_URI_V4", task.0.as_str()), NO_METADATA];
    assert_eq!(region(Settings::default(), &variables).await.unwrap(), "ca-central-1");
}

/// A task metadata endpoint: it answers one path and needs no token.
struct FakeTask(String);

impl FakeTask {
    fn start(body: &'static str) -> FakeTask {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = [0; 4096];
                let count = stream.read(&mut head).unwrap();
                let status = if head[..count].starts_with(b"GET /v4/x/task ") { "200 OK" } else { "404 Not Found" };
                let length = body.len();
                let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
            }
        });
        FakeTask(format!("http://{address}/v4/x"))
    }
}

#[tokio::test]
async fn without_a_region_every_place_looked_at_is_named() {
    let error = region(Settings::default(), &[NO_METADATA]).await.unwrap_err().to_string();
    for place in [
        "region is not configured",
        "AWS_REGION is not set",
        "AWS_DEFAULT_REGION is not set",
        "profile \"default\"",
        "~/.aws/config",
        "AWS_EC2_METADATA_DISABLED",
        "ECS_CONTAINER_METADATA_URI_V4 is not set",
    ] {
        assert!(error.contains(place), "{place} is not in {error}");
    }
    let error = region(Settings::default(), &[("AWS_REGION", "evil.example/")]).await.unwrap_err().to_string();
    assert!(error.starts_with("AWS_REGION: "), "{error}");
}

#[tokio::test]
async fn a_container_beyond_the_hop_limit_does_not_wait_for_ever() {
    let metadata = FakeInstanceMetadata::start();
    metadata.set_beyond_hop_limit(true);
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.endpoint())];
    let limit = Duration::from_secs(20);
    let error = tokio::time::timeout(limit, region(Settings::default(), &variables)).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("hop limit"), "{error}");
}

#[tokio::test]
async fn credentials_come_from_the_first_place_that_has_some() {
    let files = files();
    let metadata = FakeInstanceMetadata::start();
    metadata.set_role("node", role_keys("AKIAINSTANCE"));
    metadata.set_container_keys("/keys", Some("shown"), role_keys("AKIACONTAINER"));
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "web-token").unwrap();
    let shown = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(shown.path(), "shown").unwrap();
    let sts = FakeSts::start();
    sts.add_web_role("arn:aws:iam::1:role/web", "web-token", role_keys("AKIAWEB"));
    let container = format!("{}/keys", metadata.endpoint());
    let all = [
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
        ("AWS_SECRET_ACCESS_KEY", "planted-secret"),
        ("AWS_SHARED_CREDENTIALS_FILE", files.credentials.as_str()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.path().to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/web"),
        ("AWS_ENDPOINT_URL_STS", sts.endpoint()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", shown.path().to_str().unwrap()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.endpoint()),
    ];
    assert_eq!(key_id(with_region(), &all).await.unwrap(), "AKIAENVIRONMENT");
    assert_eq!(key_id(with_region(), &all[2..]).await.unwrap(), "AKIADEFAULT");
    assert_eq!(key_id(with_region(), &all[3..]).await.unwrap(), "AKIAWEB");
    assert_eq!(key_id(with_region(), &all[6..]).await.unwrap(), "AKIACONTAINER");
    assert_eq!(key_id(with_region(), &all[8..]).await.unwrap(), "AKIAINSTANCE");
    assert_eq!(metadata.violations(), Vec::<String>::new());
    let keys = Keys { id: "AKIASETTING".into(), secret: "s".into(), token: None };
    assert_eq!(key_id(Settings { keys: Some(keys), ..with_region() }, &all).await.unwrap(), "AKIASETTING");
}

#[tokio::test]
async fn a_profile_or_file_that_is_named_goes_before_the_environment() {
    let files = files();
    let variables =
        [("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "planted-secret"), NO_METADATA];
    let file = Settings { shared_credentials_file: Some(files.credentials.clone().into()), ..with_region() };
    assert_eq!(key_id(file.clone(), &variables).await.unwrap(), "AKIADEFAULT");
    let profile = Settings { profile: Some("other".into()), ..file.clone() };
    assert_eq!(key_id(profile, &variables).await.unwrap(), "AKIAOTHER");
    let nobody = Settings { profile: Some("nobody".into()), ..file };
    let error = key_id(nobody, &variables).await.unwrap_err().to_string();
    assert!(error.contains("nobody") && !error.contains("planted"), "{error}");
}

#[tokio::test]
async fn a_role_is_taken_on_with_what_its_owner_asks_to_be_told() {
    let sts = FakeSts::start();
    sts.add_keys("AKIAENVIRONMENT", "planted-secret");
    sts.add_role("arn:aws:iam::1:role/deliver", Some("told"), role_keys("AKIAROLE"));
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
        ("AWS_SECRET_ACCESS_KEY", "planted-secret"),
        ("AWS_ENDPOINT_URL_STS", sts.endpoint()),
        NO_METADATA,
    ];
    let role = |id: &str| Settings {
        role_arn: Some("arn:aws:iam::1:role/deliver".into()),
        external_id: Some(id.into()),
        ..with_region()
    };
    assert_eq!(key_id(role("told"), &variables).await.unwrap(), "AKIAROLE");
    let keys = Keys { id: "AKIAENVIRONMENT".into(), secret: "planted-secret".into(), token: None };
    let over_keys = Settings { keys: Some(keys), ..role("told") };
    assert_eq!(key_id(over_keys, &variables[2..]).await.unwrap(), "AKIAROLE");
    let error = key_id(role("wrong"), &variables).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("AccessDenied") && !text.contains("planted"), "{text}");
    assert_eq!(sts.calls()[0]["RoleSessionName"], "container-insights");
}

#[tokio::test]
async fn without_credentials_every_place_looked_at_is_named() {
    let error = key_id(with_region(), &[NO_METADATA]).await.unwrap_err();
    let text = error.to_string();
    for place in [
        "AWS_ACCESS_KEY_ID is not set",
        "~/.aws/credentials",
        "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set",
        "AWS_EC2_METADATA_DISABLED",
    ] {
        assert!(text.contains(place), "{place} is not in {text}");
    }
}

#[tokio::test]
async fn credentials_are_renewed_before_they_end_and_kept_where_that_fails() {
    let metadata = FakeInstanceMetadata::start();
    metadata.set_role("node", role_keys("AKIAFIRST"));
    let seconds = Arc::new(AtomicU64::new(0));
    let time = Arc::clone(&seconds);
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.endpoint())];
    let now = move || now() + Duration::from_secs(time.load(Ordering::Relaxed));
    let session = Session::load_from(with_region(), now, Environment::of(&variables)).await.unwrap();
    let id = || async { session.credentials().await.unwrap().access_key_id().to_owned() };
    assert_eq!(id().await, "AKIAFIRST");
    metadata.set_role("node", role_keys("AKIASECOND"));
    seconds.store(3200, Ordering::Relaxed);
    assert_eq!(id().await, "AKIAFIRST", "not yet");
    metadata.set_failing(Some(500));
    let before = metadata.requests().len();
    seconds.store(3310, Ordering::Relaxed);
    assert_eq!(id().await, "AKIAFIRST", "could not be renewed");
    let asked = metadata.requests().len();
    assert!(asked > before, "but was asked for");
    assert_eq!(id().await, "AKIAFIRST");
    assert_eq!(metadata.requests().len(), asked, "and is not asked for again at once");
    seconds.store(4000, Ordering::Relaxed);
    assert_eq!(id().await, "AKIAFIRST", "past their end AWS decides");
    metadata.set_failing(None);
    seconds.store(4060, Ordering::Relaxed);
    assert_eq!(id().await, "AKIASECOND");
}

#[tokio::test]
async fn a_changed_file_is_noticed() {
    let files = files();
    let seconds = Arc::new(AtomicU64::new(0));
    let time = Arc::clone(&seconds);
    let settings = Settings { shared_credentials_file: Some(files.credentials.clone().into()), ..with_region() };
    let now = move || now() + Duration::from_secs(time.load(Ordering::Relaxed));
    let session = Session::load_from(settings, now, Environment::of(&[NO_METADATA])).await.unwrap();
    let id = || async { session.credentials().await.unwrap().access_key_id().to_owned() };
    assert_eq!(id().await, "AKIADEFAULT");
    std::fs::write(&files.credentials, "[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = x\n").unwrap();
    seconds.store(599, Ordering::Relaxed);
    assert_eq!(id().await, "AKIADEFAULT");
    seconds.store(601, Ordering::Relaxed);
    assert_eq!(id().await, "AKIANEW");
}

#[tokio::test]
async fn the_endpoint_follows_variables_profile_and_region() {
    let files = files();
    let check = async |settings: Settings, variables: &[(&str, &str)], expected: &str| {
        assert_eq!(session(settings, variables).await.logs_endpoint(), expected);
    };
    check(with_region(), &[], "https://logs.us-west-2.amazonaws.com").await;
    check(with_region(), &[("AWS_USE_FIPS_ENDPOINT", "true")], "https://logs-fips.us-west-2.amazonaws.com").await;
    check(with_region(), &[("AWS_USE_DUALSTACK_ENDPOINT", "true")], "https://logs.us-west-2.api.aws").await;
    let fips = Settings { use_fips: Some(true), ..with_region() };
    check(fips, &[("AWS_USE_FIPS_ENDPOINT", "false")], "https://logs-fips.us-west-2.amazonaws.com").await;
    check(with_region(), &[("AWS_ENDPOINT_URL", "http://all")], "http://all").await;
    let both = [("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://logs")];
    check(with_region(), &both, "http://logs").await;
    let other = Settings { profile: Some("other".into()), ..with_region() };
    check(other, &[("AWS_CONFIG_FILE", &files.config)], "http://127.0.0.1:9").await;
}

#[tokio::test]
async fn a_proxy_that_can_not_be_one_is_said_at_once() {
    let settings = Settings { proxy_address: Some("socks5://u:planted@p:1".into()), ..with_region() };
    let error = Session::load_from(settings, now, Environment::of(&[])).await.unwrap_err().to_string();
    assert!(error.starts_with("proxy_address: ") && !error.contains("planted"), "{error}");
}

#[tokio::test]
async fn no_secret_is_in_any_debug_text() {
    let keys = Keys { id: "AKIAPLANTED".into(), secret: "planted-secret".into(), token: Some("planted-token".into()) };
    let proxy = Some("http://user:planted-password@proxy:1".to_owned());
    let settings = Settings { keys: Some(keys), proxy_address: proxy, ..with_region() };
    let session = session(settings.clone(), &[]).await;
    session.check_credentials().await.unwrap();
    let text = format!("{session:?} {session:#?} {settings:?}");
    assert!(!text.to_lowercase().contains("planted"), "{text}");
}

/// All that is logged, at every level, by us and by the crates below us.
#[derive(Clone, Default)]
struct Logged(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    use testkit::cloudwatch_logs::{FakeCloudWatchLogs, REGION};
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let fake = FakeCloudWatchLogs::http();
    let metadata = FakeInstanceMetadata::start();
    metadata.set_role("node", role_keys("AKIAPLANTED"));
    fake.add_keys("AKIAPLANTED", "planted-secret", Some("planted-token"));
    let sts = FakeSts::start();
    sts.add_keys("AKIAPLANTED", "planted-secret");
    sts.add_role("arn:aws:iam::1:role/deliver", Some("planted-id"), role_keys("AKIAPLANTED"));
    let variables =
        [("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.endpoint()), ("AWS_ENDPOINT_URL_STS", sts.endpoint())];
    let role = Settings {
        role_arn: Some("arn:aws:iam::1:role/deliver".into()),
        external_id: Some("planted-id".into()),
        region: Some(REGION.into()),
        ..Settings::default()
    };
    for settings in [with_region(), role] {
        let options = crate::logs::Options { endpoint: Some(fake.endpoint().into()), ..Default::default() };
        let client = crate::logs::Client::new(session(settings, &variables).await, options).unwrap();
        let _ = client.create_log_group("g", &Default::default()).await;
        fake.expire_keys("AKIAPLANTED");
        client.create_log_stream("g", "s").await.unwrap_err();
        fake.add_keys("AKIAPLANTED", "another", None);
        client.create_log_stream("g", "s").await.unwrap_err();
        fake.add_keys("AKIAPLANTED", "planted-secret", Some("planted-token"));
    }
    assert!(sts.calls().len() > 1 && fake.groups().len() == 1);
    let text = String::from_utf8_lossy(&logged.0.lock().unwrap()).into_owned();
    assert!(text.contains("credentials fetched"), "something was logged");
    let lines: Vec<_> = text.lines().filter(|line| line.to_lowercase().contains("planted")).collect();
    assert!(lines.is_empty(), "{} of {} lines: {lines:#?}", lines.len(), text.lines().count());
}
