//! The client against a strict fake.

mod moto;

use std::time::SystemTime;

use net::Environment;
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Fault, KEYS, REGION};
use testkit::instance_metadata::{FakeInstanceMetadata, RoleKeys};

use super::*;
use crate::settings::{Keys, Settings};

fn settings() -> Settings {
    let keys = Keys { id: KEYS.0.into(), secret: KEYS.1.into(), token: None };
    Settings { region: Some(REGION.into()), keys: Some(keys), ..Settings::default() }
}

#[expect(clippy::disallowed_methods, reason = "the fake's time is this machine's")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn now_ms() -> i64 {
    now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64
}

async fn client_with(
    fake: &FakeCloudWatchLogs,
    settings: Settings,
    time: impl Fn() -> SystemTime + Send + Sync + 'static,
    variables: &[(&str, &str)],
) -> Client {
    let session = Session::load_from(settings, time, Environment::of(variables)).await.unwrap();
    let options = Options {
        endpoint: Some(fake.endpoint().into()),
        timeout: Duration::from_millis(700),
        user_agent: user_agent("container-insights", "1.0", "/aws/containerinsights/{ClusterName}/performance"),
        ..Options::default()
    };
    Client::new(session, options).unwrap()
}

async fn client(fake: &FakeCloudWatchLogs) -> Client {
    client_with(fake, settings(), now, &[]).await
}

async fn put(client: &Client, messages: &[&str]) -> Result<Accepted, Error> {
    let time_ms = now_ms();
    let events: Vec<_> = messages.iter().map(|message| Event { time_ms, message: message.as_bytes() }).collect();
    client.put_log_events("g", "s", &events).await
}

#[tokio::test]
async fn group_and_stream_are_made_and_events_arrive_on_one_connection() {
    let fake = FakeCloudWatchLogs::http();
    let client = client(&fake).await;
    assert_eq!(put(&client, &["{}"]).await.unwrap_err().label(), "missing");
    assert_eq!(client.create_log_stream("g", "s").await.unwrap_err().label(), "missing");
    let settings = GroupSettings {
        tags: [("team".to_owned(), "x y".to_owned())].into(),
        kms_key_id: Some("arn:aws:kms:us-west-2:1:key/k".into()),
        class: Some(GroupClass::Standard),
    };
    client.create_log_group("g", &settings).await.unwrap();
    assert_eq!(client.create_log_group("g", &settings).await.unwrap_err().label(), "exists");
    client.put_retention_policy("g", 14).await.unwrap();
    assert_eq!(client.put_retention_policy("g", 8).await.unwrap_err().label(), "invalid");
    client.create_log_stream("g", "s").await.unwrap();
    let long = format!(r#"{{"a":"{}"}}"#, "\u{e4}\u{1}\"\\x".repeat(1000).escape_default());
    let accepted = put(&client, &["{}", &long]).await.unwrap();
    assert_eq!(accepted.rejected.total(), 0);
    assert!(accepted.wire_bytes < accepted.raw_bytes / 5);

    let group = &fake.groups()["g"];
    assert_eq!(group.tags, settings.tags);
    assert_eq!(
        (group.kms_key_id.as_deref(), group.class.as_deref()),
        (settings.kms_key_id.as_deref(), Some("STANDARD"))
    );
    assert_eq!(group.retention_days, Some(14));
    let messages: Vec<_> = group.streams["s"].iter().map(|event| event.message.clone()).collect();
    assert_eq!(messages, ["{}", &long]);
    let requests = fake.requests();
    assert!(requests.iter().all(|request| request.connection == 1));
    let last = requests.last().unwrap();
    assert_eq!((last.gzip, last.wire_bytes), (true, accepted.wire_bytes));
    assert_eq!(last.user_agent, "container-insights/1.0 (awsemf; ContainerInsights)");
    assert_eq!(fake.violations(), Vec::<String>::new());
}

/// What is stored and told otherwise is not sent again.
#[tokio::test]
async fn a_batch_that_is_stored_counts_as_stored_however_it_is_told() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let client = client(&fake).await;
    for body in ["", "null", "[]", "\"\"", r#"{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":-1}}"#] {
        fake.fail_next([Fault::Answer(body.into())]);
        let accepted = put(&client, &["{}"]).await.unwrap();
        assert_eq!((accepted.confirmed, accepted.rejected.total()), (Confirmed::Unread, 0), "{body}");
    }
    assert_eq!(fake.event_count(), 5);
    fake.fail_next([Fault::Code(400, "DataAlreadyAcceptedException")]);
    assert_eq!(put(&client, &["{}"]).await.unwrap().confirmed, Confirmed::Already);
    assert_eq!(put(&client, &["{}"]).await.unwrap().confirmed, Confirmed::Read);
}

#[tokio::test]
async fn a_sequence_token_is_sent_where_it_is_asked_for() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let client = client(&fake).await;
    fake.set_fault(Some(Fault::WantsToken));
    put(&client, &["{}", "{}"]).await.unwrap();
    assert_eq!((fake.event_count(), fake.requests().len()), (2, 2));
    // Where the next token is wrong again, as with two writers: once, and then later.
    fake.set_fault(Some(Fault::Code(400, "InvalidSequenceTokenException")));
    let error = put(&client, &["{}"]).await.unwrap_err();
    assert_eq!((error.label(), error.can_retry(), error.may_have_arrived()), ("sequence_token", true, false));
    assert_eq!(fake.requests().len(), 4);
}

/// Every fault: how it is told, and whether the batch may have arrived; afterwards all is well on the same client.
#[tokio::test]
async fn every_fault_is_told_and_passes() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let client = client(&fake).await;
    let cases = [
        (Fault::Unavailable, "unavailable", false),
        (Fault::Throttled(None), "throttled", false),
        (Fault::Hang, "timeout", true),
        (Fault::Slow(Duration::from_secs(5)), "timeout", true),
        (Fault::Half, "unreachable", true),
        (Fault::Lost, "unreachable", true),
        (Fault::Rubbish, "garbled", true),
        (Fault::Page(302), "garbled", true),
        (Fault::Page(403), "garbled", true),
        (Fault::Page(502), "unavailable", true),
        (Fault::Denied, "denied", false),
        (Fault::ExpiredToken, "credentials_refused", false),
        (Fault::Code(400, "InvalidParameterException"), "invalid", false),
    ];
    for (fault, label, may_have_arrived) in cases {
        fake.set_fault(Some(fault.clone()));
        let error = put(&client, &["{}"]).await.unwrap_err();
        assert_eq!((error.label(), error.may_have_arrived()), (label, may_have_arrived), "{fault:?} {error:?}");
        fake.set_fault(None);
        put(&client, &["{}"]).await.unwrap();
    }
    fake.set_fault(Some(Fault::Slow(Duration::from_millis(300))));
    put(&client, &["{}"]).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_not_repeated_by_itself() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let client = client(&fake).await;
    put(&client, &["{}"]).await.unwrap();
    fake.fail_next([Fault::Lost]);
    assert!(put(&client, &["{}"]).await.unwrap_err().may_have_arrived());
    assert_eq!(fake.event_count(), 2);
}

#[tokio::test]
async fn a_server_that_was_away_is_reached_again_without_an_error() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let client = client(&fake).await;
    put(&client, &["{}"]).await.unwrap();
    fake.refuse();
    let error = put(&client, &["{}"]).await.unwrap_err();
    assert_eq!((error.label(), error.may_have_arrived()), ("unreachable", false));
    fake.accept();
    put(&client, &["{}"]).await.unwrap();
    // The kept connection is closed behind our back, and nobody notices.
    fake.refuse();
    fake.accept();
    put(&client, &["{}"]).await.unwrap();
    assert_eq!(fake.event_count(), 3);
}

#[tokio::test]
async fn a_wait_that_the_service_asks_for_is_passed_on() {
    let fake = FakeCloudWatchLogs::http();
    fake.set_fault(Some(Fault::Throttled(Some(Duration::from_secs(9)))));
    let error = put(&client(&fake).await, &["{}"]).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_costs_one_more_request_and_no_event() {
    for hours in [-1_i64, 1] {
        let fake = FakeCloudWatchLogs::http();
        fake.create("g", "s");
        let hour = Duration::from_secs(3600);
        let client =
            client_with(&fake, settings(), move || if hours < 0 { now() - hour } else { now() + hour }, &[]).await;
        put(&client, &["{}"]).await.unwrap();
        put(&client, &["{}"]).await.unwrap();
        assert_eq!(fake.requests().len(), 3, "one was refused");
        assert!((client.clock_offset_ms() + hours * 3_600_000).abs() < 2_000, "{}", client.clock_offset_ms());
        // The service's clock is taken back an hour: the same again.
        fake.set_clock_offset_ms(-3_600_000);
        put(&client, &["{}"]).await.unwrap();
        assert_eq!(fake.requests().len(), 5);
    }
}

#[tokio::test]
async fn wrong_keys_are_refused_and_not_tried_twice() {
    let fake = FakeCloudWatchLogs::http();
    let keys = Keys { id: KEYS.0.into(), secret: "planted-secret".into(), token: Some("planted-token".into()) };
    let settings = Settings { keys: Some(keys), ..settings() };
    let client = client_with(&fake, settings.clone(), now, &[]).await;
    let error = put(&client, &["{}"]).await.unwrap_err();
    assert_eq!(error.label(), "credentials_refused");
    assert_eq!(fake.requests().len(), 1);
    let shown = format!("{error} {error:?} {client:?} {client:#?} {settings:?}");
    assert!(!shown.contains("planted") && !shown.contains(KEYS.0), "{shown}");
}

#[tokio::test]
async fn expired_keys_are_fetched_anew_at_once() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let container = FakeInstanceMetadata::start();
    let give = |number: u32| {
        let keys = RoleKeys {
            id: format!("AKIAROLE{number}"),
            secret: format!("secret-{number}"),
            token: format!("token-{number}"),
            lifetime_seconds: 3600,
        };
        fake.add_keys(&keys.id, &keys.secret, Some(&keys.token));
        container.set_container_keys("/keys", None, keys);
    };
    give(1);
    let uri = format!("{}/keys", container.endpoint());
    let settings = Settings { region: Some(REGION.into()), ..Settings::default() };
    let variables = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str())];
    let client = client_with(&fake, settings, now, &variables).await;
    put(&client, &["{}"]).await.unwrap();
    fake.expire_keys("AKIAROLE1");
    give(2);
    put(&client, &["{}"]).await.unwrap();
    let used: Vec<_> = fake.requests().into_iter().map(|request| request.key_id).collect();
    assert_eq!(used, ["AKIAROLE1", "AKIAROLE1", "AKIAROLE2"]);
    // Where there are no others, it is said once, and the next call asks again.
    fake.expire_keys("AKIAROLE2");
    assert_eq!(put(&client, &["{}"]).await.unwrap_err().label(), "credentials_refused");
    assert_eq!(fake.requests().len(), 5);
    give(3);
    put(&client, &["{}"]).await.unwrap();
    assert_eq!(fake.event_count(), 3);
}

#[tokio::test]
async fn rejected_events_are_counted_and_the_others_stored() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let client = client(&fake).await;
    let (now, day) = (now_ms(), 86_400_000);
    let event = |time_ms| Event { time_ms, message: b"{}" };
    let old = client.put_log_events("g", "s", &[event(now - 14 * day - 60_000), event(now - 14 * day + 60_000)]).await;
    assert_eq!(old.unwrap().rejected, Rejected { too_old: 1, ..Rejected::default() });
    let new = client.put_log_events("g", "s", &[event(now), event(now + 7_260_000), event(now + 7_260_000)]).await;
    assert_eq!(new.unwrap().rejected, Rejected { too_new: 2, ..Rejected::default() });
    assert_eq!(fake.event_count(), 2);
}

#[tokio::test]
async fn a_batch_that_breaks_a_limit_is_not_sent() {
    let fake = FakeCloudWatchLogs::http();
    let error = put(&client(&fake).await, &["{}", ""]).await.unwrap_err();
    assert_eq!(error.to_string(), "event 1 of the batch is empty");
    assert!(!error.can_retry());
    assert_eq!(fake.requests(), []);
}

#[tokio::test]
async fn twenty_calls_at_once_share_one_look_for_credentials() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let container = FakeInstanceMetadata::start();
    let keys = RoleKeys { id: KEYS.0.into(), secret: KEYS.1.into(), token: "t".into(), lifetime_seconds: 3600 };
    fake.add_keys(KEYS.0, KEYS.1, Some("t"));
    container.set_container_keys("/keys", Some("shown"), keys);
    let uri = format!("{}/keys", container.endpoint());
    let variables =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "shown")];
    let settings = Settings { region: Some(REGION.into()), ..Settings::default() };
    let client = client_with(&fake, settings, now, &variables).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        calls.spawn(async move { put(&client, &["{}"]).await.map(drop) });
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap().unwrap();
    }
    assert_eq!(container.requests(), ["GET /keys"]);
    assert_eq!(fake.event_count(), 20);
    // Eight of the twenty connections were kept.
    put(&client, &["{}"]).await.unwrap();
    assert!(fake.requests().last().unwrap().connection <= 20);
}

#[tokio::test]
async fn a_certificate_is_checked_unless_told_otherwise() {
    let fake = FakeCloudWatchLogs::https();
    fake.create("g", "s");
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, fake.ca_pem().unwrap()).unwrap();
    let with = |certificate_file_path, no_verify_ssl| Settings { certificate_file_path, no_verify_ssl, ..settings() };

    let trusting = client_with(&fake, with(Some(bundle.clone()), false), now, &[]).await;
    put(&trusting, &["{}"]).await.unwrap();
    let bundle = bundle.to_str().unwrap();
    for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        put(&client_with(&fake, settings(), now, &[(variable, bundle)]).await, &["{}"]).await.unwrap();
    }
    let directory = [("SSL_CERT_DIR", folder.path().to_str().unwrap())];
    put(&client_with(&fake, settings(), now, &directory).await, &["{}"]).await.unwrap();
    put(&client_with(&fake, with(None, true), now, &[]).await, &["{}"]).await.unwrap();

    let other = FakeCloudWatchLogs::https();
    let error = put(&client_with(&other, with(Some(bundle.into()), false), now, &[]).await, &["{}"]).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(crate::Transport::Handshake { .. })), "{error:?}");
    let none = [("SSL_CERT_FILE", "/nowhere/ca.pem")];
    let error = put(&client_with(&fake, with(Some("/nowhere/own.pem".into()), false), now, &none).await, &["{}"]).await;
    let Err(Error::Unreachable(error)) = error else { panic!("{error:?}") };
    let words = error.to_string();
    assert!(words.contains("/nowhere/own.pem") && words.contains("SSL_CERT_FILE=/nowhere/ca.pem"), "{words}");
}

#[tokio::test]
async fn an_endpoint_that_is_none_is_said_at_once() {
    let session = Session::load_from(settings(), now, Environment::of(&[])).await.unwrap();
    assert_eq!(
        Client::new(session.clone(), Options::default()).unwrap().endpoint(),
        "https://logs.us-west-2.amazonaws.com/"
    );
    for bad in ["logs", "ftp://logs", "https://user:hunter2@logs", "https://logs/?x"] {
        let options = Options { endpoint: Some(bad.into()), ..Options::default() };
        let error = Client::new(session.clone(), options).unwrap_err().to_string();
        assert!(error.starts_with("endpoint: ") && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn a_group_is_read_back_by_pages_between_two_times() {
    let fake = FakeCloudWatchLogs::http();
    fake.set_page(2);
    (0..7).for_each(|time| fake.store("g", if time % 2 == 0 { "even" } else { "odd" }, time, &format!("m{time}")));
    let client = client(&fake).await;
    let (mut token, mut pages): (Option<String>, Vec<Vec<String>>) = (None, Vec::new());
    loop {
        let filter = Filter { group: "g", start_ms: Some(1), end_ms: Some(5), token: token.as_deref() };
        let page = client.filter_log_events(&filter).await.unwrap();
        pages.push(page.events.iter().map(|event| format!("{} {}", event.message, event.stream)).collect());
        token = page.token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec![], vec!["m1 odd", "m2 even"], vec!["m3 odd", "m4 even"], vec!["m5 odd"]]);
    fake.fail_next([Fault::Throttled(None)]);
    let filter = Filter { group: "nowhere", ..Filter::default() };
    assert_eq!(client.filter_log_events(&filter).await.unwrap_err().label(), "throttled");
    assert_eq!(client.filter_log_events(&filter).await.unwrap_err().label(), "missing");
    assert_eq!(fake.violations(), Vec::<String>::new());
}
