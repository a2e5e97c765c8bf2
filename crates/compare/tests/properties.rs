//! What holds for any input.

mod support;

use compare::{Lines, Options, Report};
use proptest::prelude::*;
use support::{TICKS, at, compared, differences};

fn try_compare(left: &[u8], right: &[u8]) -> Result<Report, compare::Error> {
    compare::compare(&mut Lines::new(left), &mut Lines::new(right), &Options::default(), &mut |_| {})
}

const ONE: &str = r#"{"Type":"Node","Timestamp":"1800000000000","node_cpu_limit":1}"#;

/// Nearly events: members with names that mean something, and values that don't.
fn event() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "Type",
        "Timestamp",
        "_aws",
        "kubernetes",
        "message",
        "timestamp",
        "CloudWatchMetrics",
        "PodId",
        "node_cpu_limit",
    ]);
    let leaf = prop_oneof![
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        any::<i64>().prop_map(|number| serde_json::json!(number)),
        "\\PC{0,8}".prop_map(|text| serde_json::json!(text)),
        prop::sample::select(vec!["Node", "Pod", "Container"]).prop_map(|text| serde_json::json!(text)),
    ];
    let value = leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map(
                prop::sample::select(vec!["Timestamp", "CloudWatchMetrics", "Metrics", "Name", "Dimensions", "pod_id"]),
                inner,
                0..4
            )
            .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    });
    prop::collection::btree_map(name, value, 0..8).prop_map(|members| {
        let object: serde_json::Value = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        object.to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_events_or_counted(left in prop::collection::vec(any::<u8>(), 0..400), right in "\\PC{0,200}") {
        let _ = try_compare(&left, right.as_bytes());
        let _ = try_compare(ONE.as_bytes(), &left);
    }

    #[test]
    fn whatever_is_nearly_an_event_is_one_or_counted(lines in prop::collection::vec(event(), 1..12)) {
        let text = lines.join("\n");
        match try_compare(text.as_bytes(), text.as_bytes()) {
            Ok(report) => {
                prop_assert_eq!(report.unexplained(), 0, "{}", report.text());
                let _ = report.json();
            }
            Err(compare::Error::Empty { count, .. }) => prop_assert_eq!(count, lines.len() as u64),
            Err(_) => {}
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_stream_is_equal_to_itself_in_any_order_within_a_tick(seed in any::<u64>(), factors in prop::collection::vec(0.1f64..10.0, TICKS as usize)) {
        // Values that move wildly, the same on both sides.
        let stream = |shuffled: bool| -> String {
            let mut text = String::new();
            for tick in 0..TICKS {
                let mut events = at(tick);
                for member in events.iter_mut().flat_map(|event| event.as_object_mut().expect("an event is an object").values_mut()) {
                    if let Some(number) = member.as_f64() {
                        *member = serde_json::json!(number * factors[tick as usize]);
                    }
                }
                if shuffled {
                    let turn = (seed.wrapping_mul(tick + 1) % events.len() as u64) as usize;
                    events.rotate_left(turn);
                }
                events.iter().for_each(|event| text.push_str(&format!("{event}\n")));
            }
            text
        };
        let report = compared(&stream(false), &stream(true));
        prop_assert!(differences(&report).is_empty(), "{}", report.text());
        prop_assert!(report.fields.values().all(|field| field.unsteady == 0));
    }
}
