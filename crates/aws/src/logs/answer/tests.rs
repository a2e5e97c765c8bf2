use super::*;
use proptest::prelude::*;

fn keys() -> Credentials {
    Credentials::new("AKIAPLANTEDPLANTED", "planted-secret", Some("planted-token".to_owned()), None, "test")
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn classified(status: u16, code: &str, message: &str) -> Error {
    let body = format!(r#"{{"__type":"com.amazonaws.logs#{code}","message":"{message}"}}"#);
    refusal(Operation::PutLogEvents, &response(status, &[], &body), &keys()).unwrap()
}

/// The table of codes: what each becomes, whether sending again can help, whether a person has to.
#[test]
fn every_code_is_told_by_what_can_be_done_about_it() {
    let check = |status, code: &str, label: &str, can_retry: bool, needs_help: bool| {
        let error = classified(status, code, "m");
        assert_eq!((error.label(), error.can_retry(), error.needs_help()), (label, can_retry, needs_help), "{code}");
    };
    check(400, "ResourceNotFoundException", "missing", true, false);
    check(400, "ResourceAlreadyExistsException", "exists", false, false);
    for code in ["ThrottlingException", "TooManyRequestsException", "LimitExceededException", "Throttling"] {
        check(400, code, "throttled", true, false);
    }
    check(503, "ServiceUnavailableException", "unavailable", true, false);
    check(500, "InternalFailure", "unavailable", true, false);
    check(502, "", "unavailable", true, false);
    check(400, "OperationAbortedException", "unavailable", true, false);
    check(400, "InvalidParameterException", "invalid", false, false);
    check(400, "SerializationException", "invalid", false, false);
    check(400, "DataAlreadyAcceptedException", "already_stored", false, false);
    check(400, "InvalidSequenceTokenException", "sequence_token", true, false);
    for code in [
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException",
        "ExpiredTokenException",
        "ExpiredToken",
    ] {
        check(403, code, "credentials_refused", true, true);
    }
    check(400, "RequestExpired", "clock_skewed", true, true);
    check(403, "RequestTimeTooSkewed", "clock_skewed", true, true);
    check(400, "AccessDeniedException", "denied", true, true);
    check(403, "SomethingNewException", "denied", true, true);
    check(413, "RequestEntityTooLarge", "too_large", false, false);
    check(413, "", "too_large", false, false);
    check(429, "", "throttled", true, false);
    check(403, "", "garbled", true, false);
    check(404, "", "garbled", true, false);
    check(302, "", "garbled", true, false);
    check(400, "SomethingNewException", "invalid", false, false);
}

#[test]
fn a_signature_refused_for_its_time_is_a_matter_of_the_clock() {
    for message in ["Signature expired: 20261125T000000Z is now earlier than", "Signature not yet current: 2026"] {
        assert_eq!(classified(400, "InvalidSignatureException", message).label(), "clock_skewed");
    }
}

#[test]
fn a_code_is_found_in_the_header_too() {
    let headers = [
        ("x-amzn-errortype", "ThrottlingException:http://internal.amazon.com/"),
        ("retry-after", "7"),
        ("x-amzn-requestid", "id-1"),
    ];
    let error = refusal(Operation::PutLogEvents, &response(400, &headers, ""), &keys()).unwrap();
    assert_eq!((error.label(), error.retry_after()), ("throttled", Some(Duration::from_secs(7))));
    let Error::Throttled { refusal, .. } = error else { panic!() };
    assert_eq!(refusal.request_id.as_deref(), Some("id-1"));
}

#[test]
fn a_code_is_found_in_xml_too() {
    let body = "<?xml version='1.0'?><ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>no match</Message></Error></ErrorResponse>";
    let error = refusal(Operation::PutLogEvents, &response(403, &[], body), &keys()).unwrap();
    assert_eq!(error.label(), "credentials_refused");
    assert!(error.to_string().contains("SignatureDoesNotMatch (no match)"), "{error}");
}

#[test]
fn a_server_can_not_make_us_wait_for_days() {
    let check = |asked: &str, expected: Option<u64>| {
        for (status, label) in [(503, "unavailable"), (429, "throttled")] {
            let response = response(status, &[("retry-after", asked)], "");
            let error = refusal(Operation::PutLogEvents, &response, &keys()).unwrap();
            assert_eq!((error.label(), error.retry_after()), (label, expected.map(Duration::from_secs)), "{asked}");
        }
    };
    check("7", Some(7));
    check("300", Some(300));
    check("301", Some(300));
    check("18446744073709551615", Some(300));
    check("18446744073709551616000", Some(300));
    for none in ["-1", "1.5", "", "soon", "Wed, 21 Oct 2037 07:28:00 GMT"] {
        check(none, None);
    }
}

#[test]
fn what_a_refusal_repeats_of_the_request_is_not_shown() {
    let message = r"does not match planted-token.\nx-amz-security-token:planted-token\nhost:logs AKIAPLANTEDPLANTED";
    let error = classified(403, "InvalidSignatureException", message);
    for text in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!text.contains("planted") && !text.contains("PLANTED"), "{text}");
        assert!(text.contains("does not match"), "{text}");
    }
}

/// The code, the header, the id of the request: all of it comes from the server, and each can repeat a secret.
#[test]
fn what_stands_elsewhere_in_an_answer_is_not_shown_either() {
    let token = "FwoGZXIvYXdzEPLANTED/token+with/all=that==";
    let used = Credentials::new("AKIAPLANTEDPLANTED", "planted/secret+key", Some(token.to_owned()), None, "test");
    let json = format!(r#"{{"__type":"x#{token}","message":"m"}}"#);
    let xml = format!("<Error><Code>{token}</Code><Message>m</Message></Error>");
    let cases = [
        response(400, &[("x-amzn-requestid", token)], &json),
        response(400, &[("x-amzn-requestid", "planted/secret+key")], &xml),
        response(400, &[("x-amzn-errortype", token)], "{}"),
        response(403, &[("x-amzn-errortype", "AKIAPLANTEDPLANTED")], ""),
    ];
    for answer in cases {
        let error = refusal(Operation::PutLogEvents, &answer, &used).unwrap();
        for text in [format!("{error}"), format!("{error:?}")] {
            let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            assert!(!letters.contains("PLANTED") && !letters.contains("planted"), "{text}");
            assert!(!letters.contains("FwoGZXIvYXdz"), "{text}");
        }
    }
    let long = response(400, &[("x-amzn-requestid", &"i".repeat(9000)), ("x-amzn-errortype", &"C".repeat(9000))], "");
    let Error::Invalid(refusal) = refusal(Operation::PutLogEvents, &long, &used).unwrap() else { panic!() };
    assert_eq!((refusal.request_id.unwrap().len(), refusal.code.len()), (128, 80));
}

#[test]
fn what_the_service_says_it_took_is_stored_though_the_rest_is_unreadable() {
    let id = [("x-amzn-requestid", "id-1")];
    let unread = Some((Rejected::default(), Confirmed::Unread));
    let deep = "[".repeat(200_000);
    for body in ["", "null", "[]", "\"x\"", "<html>", r#"{"rejectedLogEventsInfo":"#, &deep] {
        assert_eq!(accepted(&response(200, &id, body), 3), unread, "{body:.20}");
        assert_eq!(accepted(&response(200, &[], body), 3), None, "{body:.20}");
    }
    for index in ["-1", "1.5", "\"x\"", "1e400", "18446744073709551616", "{}"] {
        let body = format!(r#"{{"rejectedLogEventsInfo":{{"tooOldLogEventEndIndex":{index}}}}}"#);
        assert_eq!(accepted(&response(200, &id, &body), 3), unread, "{body}");
    }
    let good = response(200, &[], r#"{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1}}"#);
    assert_eq!(accepted(&good, 3), Some((Rejected { too_old: 1, ..Rejected::default() }, Confirmed::Read)));
}

#[test]
fn rejected_events_are_counted_once_each() {
    let check = |info: &str, too_old, too_new, expired| {
        let body = format!(r#"{{"nextSequenceToken":"1","rejectedLogEventsInfo":{{{info}}}}}"#);
        assert_eq!(rejected(body.as_bytes(), 10), Some(Rejected { too_old, too_new, expired }), "{info}");
    };
    check("", 0, 0, 0);
    check(r#""tooOldLogEventEndIndex":3"#, 3, 0, 0);
    check(r#""expiredLogEventEndIndex":4"#, 0, 0, 4);
    check(r#""tooOldLogEventEndIndex":3,"expiredLogEventEndIndex":5"#, 3, 0, 2);
    check(r#""tooNewLogEventStartIndex":8"#, 0, 2, 0);
    check(r#""tooOldLogEventEndIndex":3,"tooNewLogEventStartIndex":2"#, 3, 7, 0);
    check(r#""tooOldLogEventEndIndex":99,"tooNewLogEventStartIndex":99"#, 10, 0, 0);
}

#[test]
fn only_an_answer_to_a_batch_counts_as_one() {
    for good in [r#"{"nextSequenceToken":"1"}"#, "{}", r#" {"rejectedLogEventsInfo":null}"#] {
        assert_eq!(rejected(good.as_bytes(), 1), Some(Rejected::default()), "{good}");
    }
    for bad in ["", "<html>", "[]", "\"x\"", "null", r#"{"rejectedLogEventsInfo":"#] {
        assert_eq!(rejected(bad.as_bytes(), 1), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_answer_does_harm(status in 100..600_u16, kind in ".{0,40}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut answer = Response::new(Bytes::from(body.clone()));
        *answer.status_mut() = status.try_into().unwrap();
        if let Ok(value) = kind.parse() {
            answer.headers_mut().insert("x-amzn-errortype", value);
        }
        let error = refusal(Operation::PutLogEvents, &answer, &keys());
        prop_assert_eq!(error.is_none(), (200..300).contains(&status));
        let _ = is_the_services(&answer);
        if let Some(rejected) = rejected(&body, 7) {
            prop_assert!(rejected.total() <= 7);
        }
    }

    #[test]
    fn rejected_events_are_never_more_than_were_sent(
        sent in 0..50_usize, old in 0..100_usize, expired in 0..100_usize, new in 0..100_usize,
    ) {
        let body = format!(r#"{{"rejectedLogEventsInfo":{{"tooOldLogEventEndIndex":{old},"expiredLogEventEndIndex":{expired},"tooNewLogEventStartIndex":{new}}}}}"#);
        prop_assert!(rejected(body.as_bytes(), sent).unwrap().total() <= sent);
    }
}
