//! Streams of performance log events to compare.

use std::io::BufReader;

use compare::{Feed, Lines, Next, Options};

use crate::{Seed, Target, steered};

pub(crate) const TARGETS: &[Target] = &[Target {
    name: "compare",
    run: compare,
    seeds: &[
        Seed::Text(
            "\x05{\"Type\":\"Node\",\"Timestamp\":\"1800000000000\",\"node_cpu_limit\":1}\n{\"Type\":\"Pod\",\"Timestamp\":\"1800000060000\",\"kubernetes\":{\"pod_id\":\"a\"},\"PodId\":\"a\",\"_aws\":{\"CloudWatchMetrics\":[{\"Namespace\":\"N\",\"Dimensions\":[[\"PodId\"]],\"Metrics\":[{\"Name\":\"m\",\"Unit\":\"Bytes\"}]}]},\"m\":2.5}\n",
        ),
        Seed::Text(
            "\x03{\"events\": [\n{\"timestamp\": 5, \"message\": \"{\\\"Type\\\":\\\"Node\\\",\\\"a\\\":1}\"}],\n\"nextToken\": null}\n",
        ),
        Seed::Text("\x03{\"timestamp\":5,\"logStreamName\":\"s\",\"message\":\"{\\\"Type\\\":\\\"Container\\\"}\"}\n"),
    ],
}];

/// The same is read through a buffer of any size, to the last byte; and a stream does not differ from itself.
fn compare(data: &[u8]) {
    let (size, bytes) = steered(data);
    let all = |size: usize| {
        let mut lines = Lines::new(BufReader::with_capacity(size, bytes));
        let (mut found, mut text) = (Vec::new(), Vec::new());
        loop {
            match lines.next(&mut text).expect("memory can be read") {
                Next::End => break,
                next => found.push((next, text.clone())),
            }
        }
        assert_eq!(lines.bytes(), bytes.len() as u64);
        found
    };
    assert_eq!(all(size.max(1)), all(bytes.len().max(1)));
    let compared = compare::compare(&mut Lines::new(bytes), &mut Lines::new(bytes), &Options::default(), &mut |_| {});
    if let Ok(report) = compared {
        // What stands at the edges alone is compared with nothing, and told.
        assert_eq!(report.unexplained(), report.uncompared.len(), "{}", report.text());
        let _ = report.json();
    }
}
