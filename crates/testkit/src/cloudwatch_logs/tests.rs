//! The fake refuses what the service refuses. Requests are signed by the checker's own code, turned round.

use super::*;
use crate::plain::exchange;
use crate::sigv4::Authorization;
use crate::time::iso_date;

/// A request as a client would send it, signed for `region` at the fake's time plus `skew_ms`.
struct Call<'a> {
    fake: &'a FakeCloudWatchLogs,
    secret: &'a str,
    region: &'a str,
    skew_ms: i64,
}

impl<'a> Call<'a> {
    fn new(fake: &'a FakeCloudWatchLogs) -> Call<'a> {
        Call { fake, secret: KEYS.1, region: REGION, skew_ms: 0 }
    }

    fn send(&self, operation: &str, body: &str) -> String {
        let time = iso_date(self.fake.state().now_ms() + self.skew_ms).replace(['-', ':'], "");
        let date = &time[..8];
        let signed = "content-type;host;x-amz-date;x-amz-target";
        let target = format!("Logs_20140328.{operation}");
        let fields = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", "logs"),
            ("x-amz-date", &time),
            ("x-amz-target", &target),
        ];
        let mut headers = hyper::HeaderMap::new();
        for (name, value) in fields {
            headers.insert(name, value.parse().unwrap());
        }
        let scope = format!("{}/{date}/{}/logs/aws4_request", KEYS.0, self.region);
        let unsigned = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed}, Signature=");
        let parts = Authorization::parse(&unsigned).unwrap();
        let signature = parts.expected("POST", "/", &headers, body.as_bytes(), self.secret).unwrap();
        let mut request = format!("POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request
            .push_str(&format!("x-amzn-logs-format: json/emf\r\nauthorization: {unsigned}{signature}\r\n\r\n{body}"));
        exchange(self.fake.endpoint(), &request)
    }
}

fn put(events: &[(i64, &str)]) -> String {
    let events: Vec<_> =
        events.iter().map(|(time, message)| serde_json::json!({ "timestamp": time, "message": message })).collect();
    serde_json::json!({ "logGroupName": "g", "logStreamName": "s", "logEvents": events }).to_string()
}

fn check(answer: &str, expected: &str) {
    assert!(answer.contains(expected), "{expected} is not in {}", &answer[..answer.len().min(1000)]);
}

#[test]
fn a_good_batch_is_stored_and_counted() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let now = fake.state().now_ms();
    check(&Call::new(&fake).send("PutLogEvents", &put(&[(now, "a"), (now, "b")])), "HTTP/1.1 200");
    assert_eq!(fake.events("g", "s").iter().map(|event| &*event.message).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((fake.event_count(), fake.requests()[0].events), (2, 2));
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[test]
fn a_signature_that_is_not_right_is_refused() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let body = put(&[(fake.state().now_ms(), "a")]);
    let send = |call: Call<'_>| call.send("PutLogEvents", &body);
    check(&send(Call { secret: "other", ..Call::new(&fake) }), "InvalidSignatureException");
    check(&send(Call { region: "eu-west-1", ..Call::new(&fake) }), "InvalidSignatureException");
    check(&send(Call { skew_ms: -301_000, ..Call::new(&fake) }), "Signature expired");
    check(&send(Call { skew_ms: 301_000, ..Call::new(&fake) }), "not yet current");
    fake.expire_keys(KEYS.0);
    check(&send(Call::new(&fake)), "ExpiredTokenException");
    assert_eq!(fake.event_count(), 0);
    check(
        &exchange(fake.endpoint(), "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        "MissingAuthentication",
    );
    assert!(!fake.violations().is_empty());
}

#[test]
fn what_breaks_a_limit_is_refused_and_what_keeps_it_is_not() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    let now = fake.state().now_ms();
    let send = |events: &[(i64, &str)]| Call::new(&fake).send("PutLogEvents", &put(events));
    let refused = |events: &[(i64, &str)]| check(&send(events), "InvalidParameterException");
    let taken = |events: &[(i64, &str)]| check(&send(events), "HTTP/1.1 200");
    refused(&[]);
    refused(&[(now, "")]);
    refused(&[(now, "b"), (now - 1, "a")]);
    let day = 86_400_000;
    refused(&[(now - day - 1, "a"), (now, "b")]);
    taken(&[(now - day, "a"), (now, "b")]);
    refused(&vec![(now, "x"); 10_001]);
    taken(&vec![(now, "x"); 10_000]);
    let half = "x".repeat((1 << 19) - 26);
    taken(&[(now, &half), (now, &half)]);
    refused(&[(now, &half), (now, &format!("{half}x"))]);
}

#[test]
fn events_out_of_time_are_rejected_one_by_one() {
    let fake = FakeCloudWatchLogs::http();
    fake.create("g", "s");
    check(&Call::new(&fake).send("PutRetentionPolicy", r#"{"logGroupName":"g","retentionInDays":7}"#), "HTTP/1.1 200");
    let (now, hour, day) = (fake.state().now_ms(), 3_600_000, 86_400_000);
    let answer = Call::new(&fake)
        .send("PutLogEvents", &put(&[(now - 14 * day - hour, "old"), (now - 13 * day - 2 * hour, "expired")]));
    check(&answer, r#""tooOldLogEventEndIndex":1"#);
    check(&answer, r#""expiredLogEventEndIndex":2"#);
    let answer = Call::new(&fake).send("PutLogEvents", &put(&[(now, "good"), (now + 3 * hour, "new")]));
    check(&answer, r#""tooNewLogEventStartIndex":1"#);
    assert_eq!(fake.events("g", "s").len(), 1);
}

#[test]
fn groups_and_streams_are_made_in_order_and_once() {
    let fake = FakeCloudWatchLogs::http();
    let send = |operation: &str, body: &str| Call::new(&fake).send(operation, body);
    let stream = r#"{"logGroupName":"g","logStreamName":"s"}"#;
    check(&send("PutLogEvents", &put(&[(1, "a")])), "ResourceNotFoundException");
    check(&send("CreateLogStream", stream), "ResourceNotFoundException");
    check(
        &send("CreateLogGroup", r#"{"logGroupName":"g","tags":{"a":"b"},"logGroupClass":"STANDARD"}"#),
        "HTTP/1.1 200",
    );
    check(&send("CreateLogGroup", r#"{"logGroupName":"g"}"#), "ResourceAlreadyExistsException");
    check(&send("CreateLogStream", stream), "HTTP/1.1 200");
    check(&send("CreateLogStream", stream), "ResourceAlreadyExistsException");
    check(&send("CreateLogStream", r#"{"logGroupName":"g","logStreamName":"a:b"}"#), "InvalidParameterException");
    check(&send("CreateLogGroup", r#"{"logGroupName":"aws/g"}"#), "InvalidParameterException");
    check(&send("PutRetentionPolicy", r#"{"logGroupName":"g","retentionInDays":8}"#), "InvalidParameterException");
    check(&send("PutRetentionPolicy", r#"{"logGroupName":"none","retentionInDays":7}"#), "ResourceNotFoundException");
}

#[test]
fn faults_last_or_pass() {
    let fake = FakeCloudWatchLogs::http();
    let send = || Call::new(&fake).send("CreateLogGroup", r#"{"logGroupName":"g"}"#);
    fake.fail_next([Fault::Unavailable, Fault::Throttled(Some(Duration::from_secs(3)))]);
    check(&send(), "HTTP/1.1 503");
    check(&send(), "retry-after: 3");
    fake.set_fault_of("CreateLogGroup", Fault::Denied);
    check(&send(), "AccessDeniedException");
    fake.set_fault(Some(Fault::Lost));
    assert_eq!(send(), "");
    assert!(fake.groups().contains_key("g"), "carried out all the same");
    fake.set_fault(Some(Fault::Half));
    assert!(!send().ends_with('}'));
    fake.set_fault(None);
    fake.set_rate("CreateLogGroup", 1);
    check(&send(), "ResourceAlreadyExistsException");
    check(&send(), "ThrottlingException");
    fake.refuse();
    assert!(std::net::TcpStream::connect(fake.endpoint().strip_prefix("http://").unwrap()).is_err());
    fake.accept();
    check(&send(), "HTTP/1.1");
}
