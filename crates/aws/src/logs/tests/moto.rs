//! The client against moto, whose code knows nothing of ours: signatures, compression, roles.

use serde_json::Value;
use testkit::moto::{Moto, ROLE};

use super::*;

/// Without compression: moto checks a signature against the text, where AWS does against the bytes that were sent.
async fn client_of(moto: &Moto, settings: Settings) -> Client {
    client_that(moto, settings, false).await
}

async fn client_that(moto: &Moto, settings: Settings, compression: bool) -> Client {
    let sts = [("AWS_ENDPOINT_URL_STS", moto.endpoint()), ("AWS_EC2_METADATA_DISABLED", "true")];
    let session = Session::load_from(settings, now, Environment::of(&sts)).await.unwrap();
    Client::new(session, Options { endpoint: Some(moto.endpoint().into()), compression, ..Options::default() }).unwrap()
}

fn with_keys(id: &str, secret: &str) -> Settings {
    let keys = Keys { id: id.into(), secret: secret.into(), token: None };
    Settings { region: Some(REGION.into()), keys: Some(keys), ..Settings::default() }
}

async fn deliver(client: &Client, group: &str) {
    assert_eq!(client.create_log_stream(group, "s").await.unwrap_err().label(), "missing");
    let settings = GroupSettings { tags: [("team".to_owned(), "x".to_owned())].into(), ..GroupSettings::default() };
    client.create_log_group(group, &settings).await.unwrap();
    assert_eq!(client.create_log_group(group, &settings).await.unwrap_err().label(), "exists");
    client.put_retention_policy(group, 14).await.unwrap();
    client.create_log_stream(group, "s").await.unwrap();
    let (time_ms, long) = (now_ms(), format!(r#"{{"a":"{}"}}"#, "ä€\u{10000}x".repeat(500)));
    let events = ["{}", &long].map(|message| Event { time_ms, message: message.as_bytes() });
    let accepted = client.put_log_events(group, "s", &events).await.unwrap();
    assert_eq!(accepted.rejected, Rejected::default());
    // Too old is not asked: moto counts that end otherwise than the service's own model, which calls it exclusive.
    let new = Event { time_ms: time_ms + 3 * 3_600_000, message: b"{}" };
    assert_eq!(client.put_log_events(group, "s", &[new]).await.unwrap().rejected.too_new, 1);
}

fn read_back(moto: &Moto, group: &str) -> Vec<String> {
    let body = format!(r#"{{"logGroupName":"{group}","logStreamName":"s","startFromHead":true}}"#);
    let answer: Value = serde_json::from_str(&moto.logs("GetLogEvents", &body)).unwrap();
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_takes_our_signatures_and_reads_our_bodies() {
    let moto = Moto::start();
    let client = client_of(&moto, with_keys(&moto.keys.0, &moto.keys.1)).await;
    deliver(&client, "/aws/containerinsights/c/performance").await;
    let found = read_back(&moto, "/aws/containerinsights/c/performance");
    assert_eq!(found, ["{}".to_owned(), format!(r#"{{"a":"{}"}}"#, "ä€\u{10000}x".repeat(500))]);
    let groups: Value = serde_json::from_str(&moto.logs("DescribeLogGroups", "{}")).unwrap();
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 14);
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_reads_a_compressed_body() {
    let moto = Moto::start();
    moto.check_signatures(false);
    let client = client_that(&moto, with_keys(&moto.keys.0, &moto.keys.1), true).await;
    deliver(&client, "g").await;
    let found = read_back(&moto, "g");
    assert_eq!(found[1], format!(r#"{{"a":"{}"}}"#, "ä€\u{10000}x".repeat(500)));
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_refuses_keys_that_are_not_right_and_we_say_so() {
    let moto = Moto::start();
    let wrong = client_of(&moto, with_keys(&moto.keys.0, "wrong")).await;
    let label = async |client: &Client| client.create_log_stream("g", "s").await.unwrap_err().label();
    assert_eq!(label(&wrong).await, "credentials_refused");
    let unknown = client_of(&moto, with_keys("AKIAUNKNOWN", "wrong")).await;
    assert_eq!(label(&unknown).await, "credentials_refused");
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_gives_us_a_role_and_takes_its_token() {
    let moto = Moto::start();
    let settings = Settings { role_arn: Some(ROLE.into()), ..with_keys(&moto.keys.0, &moto.keys.1) };
    deliver(&client_of(&moto, settings).await, "g").await;
    assert_eq!(read_back(&moto, "g").len(), 2);
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_gives_events_back() {
    let moto = Moto::start();
    let client = client_of(&moto, with_keys(&moto.keys.0, &moto.keys.1)).await;
    deliver(&client, "g").await;
    let page = client.filter_log_events(&Filter { group: "g", ..Filter::default() }).await.unwrap();
    assert_eq!((page.events.len(), page.events[0].message.as_str(), page.events[0].stream.as_str()), (2, "{}", "s"));
    let filter = Filter { group: "g", end_ms: Some(now_ms() - 3_600_000), ..Filter::default() };
    assert_eq!(client.filter_log_events(&filter).await.unwrap().events, []);
}
