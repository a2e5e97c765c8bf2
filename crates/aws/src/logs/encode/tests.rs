use std::io::Read;

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn decoded(body: &Body) -> Vec<u8> {
    if !body.gzip {
        return body.bytes.to_vec();
    }
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&*body.bytes).read_to_end(&mut text).unwrap();
    text
}

#[test]
fn a_small_body_is_sent_as_it_is() {
    let body = put_log_events("g", "s", None, &[Event { time_ms: 7, message: b"{\"a\":\"\\n\"}" }], true);
    assert!(!body.gzip);
    let expected =
        r#"{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":7,"message":"{\"a\":\"\\n\"}"}]}"#;
    assert_eq!(std::str::from_utf8(&body.bytes).unwrap(), expected);
}

#[test]
fn a_body_is_compressed_only_where_that_is_smaller() {
    let repeated = vec![b'x'; 5000];
    let body = put_log_events("g", "s", None, &[Event { time_ms: 7, message: &repeated }], true);
    assert!(body.gzip && body.bytes.len() < 200);
    assert_eq!(decoded(&body).len(), body.raw_bytes);
    // Random digits of 64 letters: the escaped text can't be told from noise, and 4 to 3 is all there is to gain.
    let mut seed = 1_u64;
    let noise: Vec<char> = (0..300)
        .map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from_u32(0x4e00 + (seed >> 52) as u32).unwrap()
        })
        .collect();
    let noise: String = noise.into_iter().collect();
    let body = put_log_events("g", "s", None, &[Event { time_ms: 7, message: noise.as_bytes() }], true);
    assert!(body.bytes.len() <= body.raw_bytes);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        group in ".{0,20}",
        list in proptest::collection::vec((0..i64::MAX, ".{0,300}"), 0..8),
    ) {
        let events: Vec<_> = list.iter().map(|(time_ms, text)| Event { time_ms: *time_ms, message: text.as_bytes() }).collect();
        let body = put_log_events(&group, "s", None, &events, true);
        let text = decoded(&body);
        prop_assert_eq!(text.len(), body.raw_bytes);
        let found: Value = serde_json::from_slice(&text).unwrap();
        let events: Vec<_> = list.iter().map(|(time, text)| json!({ "timestamp": time, "message": text })).collect();
        prop_assert_eq!(found, json!({ "logGroupName": group, "logStreamName": "s", "logEvents": events }));
    }
}
