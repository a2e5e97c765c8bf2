//! Real answers, and ones that can't be.

use proptest::prelude::*;

use super::*;

fn response(body: &[u8]) -> Response<Bytes> {
    Response::new(Bytes::copy_from_slice(body))
}

fn identity_of(body: &str) -> Option<Identity> {
    identity(&response(body.as_bytes()))
}

/// As the user guide shows it, with the nulls that instances without them have.
const DOCUMENT: &str = r#"{
    "devpayProductCodes" : null,
    "marketplaceProductCodes" : [ "1abc2defghijklm3nopqrs4tu" ],
    "availabilityZone" : "us-west-2b",
    "privateIp" : "10.158.112.84",
    "version" : "2017-09-30",
    "instanceId" : "i-1234567890abcdef0",
    "billingProducts" : null,
    "instanceType" : "t2.micro",
    "accountId" : "123456789012",
    "imageId" : "ami-5fb8c835",
    "pendingTime" : "2016-11-19T16:32:11Z",
    "architecture" : "x86_64",
    "kernelId" : null,
    "ramdiskId" : null,
    "region" : "us-west-2"
}"#;

#[test]
fn a_whole_document_is_read() {
    let expected = Identity {
        instance_id: Some("i-1234567890abcdef0".into()),
        instance_type: Some("t2.micro".into()),
        region: Some("us-west-2".into()),
        availability_zone: Some("us-west-2b".into()),
        private_ip: Some("10.158.112.84".into()),
    };
    assert_eq!(identity_of(DOCUMENT), Some(expected));
}

#[test]
fn missing_and_wrongly_typed_fields_are_none_and_the_others_stay() {
    let whole = identity_of(DOCUMENT).unwrap();
    let check = |text: &str, replacement: &str, change: fn(&mut Identity)| {
        assert!(DOCUMENT.contains(text), "{text}");
        let mut expected = whole.clone();
        change(&mut expected);
        let read = identity_of(&DOCUMENT.replace(text, replacement));
        assert_eq!(read, Some(expected), "{replacement}");
    };
    check("\"privateIp\"", "\"other\"", |identity| identity.private_ip = None);
    for value in
        ["null", "7", "-7", "1e9", "true", "[\"10.0.0.1\", [{}]]", "{\"a\": {\"b\": []}}", "\"\"", "\"10.0.0\""]
    {
        check("\"10.158.112.84\"", value, |identity| identity.private_ip = None);
    }
    let long = format!("\"i-{}\"", "a".repeat(33));
    for value in ["\"i-12\"", "\"1234567890abcdef0\"", "\"i-1234567890abcdefg\"", "\"i-12345678\\n\"", &long] {
        check("\"i-1234567890abcdef0\"", value, |identity| identity.instance_id = None);
    }
    for value in ["\"<b>\"", "\"m5 large\"", "\"\\u0000\"", &format!("\"{}\"", "m".repeat(65))] {
        check("\"t2.micro\"", value, |identity| identity.instance_type = None);
    }
    check("\"us-west-2\"", "\"evil.example/\"", |identity| identity.region = None);
    check("\"us-west-2b\"", "\"US\"", |identity| identity.availability_zone = None);
    assert_eq!(identity_of("{}"), Some(Identity::default()));
    assert_eq!(identity_of("{}").unwrap().instance_id, None);
}

#[test]
fn what_is_no_object_is_no_document() {
    for body in ["", "<html></html>", "null", "[]", "\"x\"", "{\"instanceId\":\"i-", "{} {}", "\u{feff}{}"] {
        assert_eq!(identity_of(body), None, "{body}");
    }
    let deep = format!("{{\"a\":{}}}", "[".repeat(100_000));
    assert_eq!(identity_of(&deep), None);
}

#[test]
fn keys_come_one_a_line() {
    let keys = |body: &str| tag_keys(&response(body.as_bytes()));
    assert_eq!(
        keys("Name\naws:autoscaling:groupName\r\n\n"),
        Some(vec!["Name".to_owned(), "aws:autoscaling:groupName".to_owned()])
    );
    assert_eq!(keys(""), Some(Vec::new()));
    assert_eq!(keys(&format!("a\n{}\nb\tc", "k".repeat(129))), Some(vec!["a".to_owned()]));
    assert_eq!(keys(&"k\n".repeat(1000)).unwrap().len(), MAX_TAGS);
    assert_eq!(keys("<!DOCTYPE HTML><p>"), None);
    assert_eq!(keys("\n<HTML>"), None);
}

#[test]
fn a_value_is_bounded_text() {
    let value = |body: &[u8]| tag_value(&response(body));
    assert_eq!(value("a ü".as_bytes()).as_deref(), Some("a ü"));
    assert_eq!(value(b"").as_deref(), Some(""));
    assert_eq!(value("ü".repeat(256).as_bytes()).unwrap().chars().count(), 256);
    for bad in ["ü".repeat(257).as_bytes(), b"a\nb", b"\xff", b"<html>"] {
        assert_eq!(value(bad), None);
    }
}

#[test]
fn a_token_is_one_that_a_header_can_hold_and_no_text_shows() {
    let read = |body: &[u8]| token(&response(body));
    let header = read(b"AQAAAHc_x-y==\n").unwrap();
    assert_eq!(header, "AQAAAHc_x-y==");
    assert_eq!(format!("{header:?}"), "Sensitive");
    for bad in [&b""[..], b"a b", b"<html>", b"a\r\nb", &[b'a'; 1025]] {
        assert_eq!(read(bad), None);
    }
}

proptest! {
    #[test]
    fn no_answer_does_harm(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let response = response(&body);
        let _ = (identity(&response), token(&response));
        for key in tag_keys(&response).into_iter().flatten() {
            prop_assert!(is_tag_key(&key));
        }
        if let Some(value) = tag_value(&response) {
            prop_assert!(!value.contains(char::is_control));
        }
    }

    #[test]
    fn no_document_with_a_part_that_is_otherwise_does_harm(at in 0..DOCUMENT.len(), put in ".{0,5}", cut in 0..9_usize) {
        let end = (at + cut).min(DOCUMENT.len());
        let text = format!("{}{put}{}", &DOCUMENT[..at], &DOCUMENT[end..]);
        if let Some(identity) = identity_of(&text) {
            prop_assert!(identity.instance_id.is_none_or(|id| is_instance_id(&id)));
            prop_assert!(identity.region.is_none_or(|region| is_region_name(&region)));
        }
    }
}
