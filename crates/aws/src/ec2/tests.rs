//! The client against a strict fake.

mod moto;

use std::time::SystemTime;

use net::Environment;
use testkit::ec2::{FakeEc2, Fault, KEYS, REGION, Volume};
use testkit::faults;

use super::*;
use crate::settings::{Keys, Settings};

const INSTANCE: &str = "i-0123456789abcdef0";
const OTHER: &str = "i-0fedcba9876543210";

#[expect(clippy::disallowed_methods, reason = "the fake's time is this machine's")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn with_keys(id: &str, secret: &str) -> Settings {
    let keys = Keys { id: id.into(), secret: secret.into(), token: None };
    Settings { region: Some(REGION.into()), keys: Some(keys), ..Settings::default() }
}

async fn client_at(endpoint: &str, settings: Settings) -> Client {
    let session = Session::load_from(settings, now, Environment::of(&[])).await.unwrap();
    let options =
        Options { endpoint: Some(endpoint.into()), timeout: Duration::from_millis(700), ..Options::default() };
    Client::new(session, options).unwrap()
}

async fn client(fake: &FakeEc2) -> Client {
    client_at(fake.endpoint(), with_keys(KEYS.0, KEYS.1)).await
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

fn attachment(device: &str, volume_id: &str, availability_zone: &str) -> Attachment {
    Attachment { device: device.into(), volume_id: volume_id.into(), availability_zone: availability_zone.into() }
}

fn volume(number: usize, attachments: &[(&str, &str, &str)]) -> Volume {
    let owned = |(instance, device, state): &(&str, &str, &str)| {
        ((*instance).to_owned(), (*device).to_owned(), (*state).to_owned())
    };
    Volume {
        id: format!("vol-{number:017x}"),
        availability_zone: "us-west-2a".into(),
        attachments: attachments.iter().map(owned).collect(),
    }
}

#[tokio::test]
async fn an_instance_has_its_own_tags_and_the_volumes_attached_to_it() {
    let fake = FakeEc2::start();
    fake.set_tags(INSTANCE, &[("aws:autoscaling:groupName", "w&<rs>"), ("Name", "")]);
    fake.set_tags(OTHER, &[("Name", "other")]);
    fake.set_volumes(vec![
        volume(1, &[(INSTANCE, "/dev/xvda", "attached")]),
        volume(2, &[(OTHER, "/dev/xvda", "attached")]),
        volume(3, &[(OTHER, "/dev/sdf", "attached"), (INSTANCE, "/dev/sdg", "attaching")]),
        volume(4, &[(INSTANCE, "/dev/sdh", "detaching")]),
        volume(5, &[(INSTANCE, "/dev/sdi", "busy")]),
        volume(6, &[]),
    ]);
    let client = client(&fake).await;
    assert_eq!(
        client.describe_tags(INSTANCE).await.unwrap(),
        [tag("aws:autoscaling:groupName", "w&<rs>"), tag("Name", "")]
    );
    assert_eq!(
        client.describe_volumes(INSTANCE).await.unwrap(),
        [
            attachment("/dev/xvda", "vol-00000000000000001", "us-west-2a"),
            attachment("/dev/sdg", "vol-00000000000000003", "us-west-2a"),
            attachment("/dev/sdi", "vol-00000000000000005", "us-west-2a"),
        ]
    );
    assert_eq!(client.describe_tags("i-0").await.unwrap(), []);
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn every_page_is_asked_for_once_and_in_order() {
    let fake = FakeEc2::start();
    let names: Vec<String> = (0..23).map(|number| format!("k{number:02}")).collect();
    let tags: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    fake.set_tags(INSTANCE, &tags);
    fake.set_volumes((0..11).map(|number| volume(number, &[(INSTANCE, "/dev/sdf", "attached")])).collect());
    fake.set_page_size(5);
    let client = client(&fake).await;
    let found = client.describe_tags(INSTANCE).await.unwrap();
    assert_eq!(found.iter().map(|tag| tag.key.as_str()).collect::<Vec<_>>(), names);
    assert_eq!(client.describe_volumes(INSTANCE).await.unwrap().len(), 11);
    let tokens: Vec<_> = fake.requests().iter().map(|request| request.form.get("NextToken").cloned()).collect();
    let token = |text: &str| Some(text.to_owned());
    let tags = [None, token("5"), token("10"), token("15"), token("20")];
    assert_eq!(tokens, [tags.as_slice(), &[None, token("5"), token("10")]].concat());
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failure_on_any_page_is_no_part_of_a_list() {
    let fake = FakeEc2::start();
    fake.set_tags(INSTANCE, &[("a", ""), ("b", ""), ("c", ""), ("d", ""), ("e", ""), ("f", "")]);
    fake.set_page_size(5);
    let client = client(&fake).await;
    for (fault, label) in [(Fault::Throttled, "throttled"), (Fault::Cut, "garbled")] {
        fake.fail_next([None, Some(fault)]);
        assert_eq!(client.describe_tags(INSTANCE).await.unwrap_err().label(), label);
    }
    assert_eq!(client.describe_tags(INSTANCE).await.unwrap().len(), 6);
}

/// Every fault: how it is told, and whether only a person can help; afterwards all is well on the same client.
#[tokio::test]
async fn every_fault_is_told_and_passes() {
    let fake = FakeEc2::start();
    fake.set_volumes(vec![volume(1, &[(INSTANCE, "/dev/xvda", "attached")])]);
    let client = client(&fake).await;
    let unsupported = Fault::Code(400, "InvalidInstanceID.Malformed", "Invalid id: \"x\"");
    let cases = [
        (Fault::Denied, "denied", true),
        (Fault::Throttled, "throttled", false),
        (Fault::Code(503, "Unavailable", "The service is unavailable."), "unavailable", false),
        (Fault::Code(500, "InternalError", "An internal error has occurred"), "unavailable", false),
        (Fault::Code(400, "RequestExpired", "Request has expired."), "credentials_refused", true),
        (Fault::Code(401, "AuthFailure", "You are not authorized"), "denied", true),
        (Fault::Code(403, "OptInRequired", "You are not subscribed to this service."), "denied", true),
        (unsupported, "invalid", true),
        (Fault::Cut, "garbled", false),
        (Fault::Endless, "endless", false),
        (Fault::Http(faults::Fault::Page), "garbled", false),
        (Fault::Http(faults::Fault::Status(403)), "garbled", false),
        (Fault::Http(faults::Fault::Status(502)), "unavailable", false),
        (Fault::Http(faults::Fault::Hang), "timeout", false),
        (Fault::Http(faults::Fault::Slow(Duration::from_secs(5))), "timeout", false),
        (Fault::Http(faults::Fault::Half), "unreachable", false),
        (Fault::Http(faults::Fault::Huge(5 << 20)), "unreachable", false),
    ];
    for (fault, label, needs_help) in cases {
        fake.set_fault(Some(fault.clone()));
        let error = client.describe_volumes(INSTANCE).await.unwrap_err();
        assert_eq!((error.label(), error.needs_help()), (label, needs_help), "{fault:?} {error:?}");
        fake.set_fault(None);
        assert_eq!(client.describe_volumes(INSTANCE).await.unwrap().len(), 1, "{fault:?}");
    }
    fake.refuse();
    assert_eq!(client.describe_volumes(INSTANCE).await.unwrap_err().label(), "unreachable");
    fake.accept();
    assert_eq!(client.describe_volumes(INSTANCE).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_refusal_names_the_right_and_leaves_out_what_is_encoded() {
    let fake = FakeEc2::start();
    fake.set_fault(Some(Fault::Denied));
    let said = client(&fake).await.describe_tags(INSTANCE).await.unwrap_err().to_string();
    assert!(said.starts_with("DescribeTags: 403 UnauthorizedOperation (You are not authorized"), "{said}");
    assert!(said.ends_with("allow ec2:DescribeTags to the agent's role"), "{said}");
    assert!(!said.contains("Encoded") && !said.contains("4GIOHl"), "{said}");
}

#[tokio::test]
async fn wrong_keys_are_refused_and_not_tried_twice() {
    let fake = FakeEc2::start();
    for (id, secret) in [(KEYS.0, "wrong"), ("AKIAUNKNOWN", KEYS.1)] {
        let client = client_at(fake.endpoint(), with_keys(id, secret)).await;
        let before = fake.requests().len();
        assert_eq!(client.describe_tags(INSTANCE).await.unwrap_err().label(), "credentials_refused");
        assert_eq!(fake.requests().len() - before, 1, "{id}");
    }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_set_right() {
    for offset_ms in [3_600_000, -3_600_000] {
        let fake = FakeEc2::start();
        fake.set_tags(INSTANCE, &[("a", "b")]);
        fake.set_clock_offset_ms(offset_ms);
        let client = client(&fake).await;
        assert_eq!(client.describe_tags(INSTANCE).await.unwrap(), [tag("a", "b")], "{offset_ms}");
        assert_eq!(fake.requests().len(), 2, "{offset_ms}");
        client.describe_tags(INSTANCE).await.unwrap();
        assert_eq!(fake.requests().len(), 3, "{offset_ms}: the difference is remembered");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_none_is_said_at_once() {
    let session = Session::load_from(with_keys("a", "b"), now, Environment::of(&[])).await.unwrap();
    let client = Client::new(session.clone(), Options::default()).unwrap();
    assert_eq!(client.endpoint(), "https://ec2.us-west-2.amazonaws.com/");
    let options = Options { endpoint: Some("ec2".into()), ..Options::default() };
    assert!(Client::new(session, options).unwrap_err().to_string().contains("endpoint"));
}
