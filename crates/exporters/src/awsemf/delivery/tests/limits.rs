//! What the service takes at most, and what it refuses by the event.

use proptest::prelude::*;

use super::cloudwatch_logs::LIMITS;
use super::*;
use crate::delivery::{Destination, Packer};

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn what_is_too_old_or_too_new_is_counted_and_the_rest_arrives() {
    let mut running = Running::start(config());
    let now = now_ms();
    running.export(&round(now, 1));
    running.stored(1).await;
    let mut mixed = round(now, 9);
    for (record, offset) in mixed.records.iter_mut().zip([-15 * DAY_MS, -15 * DAY_MS, 3 * 3_600_000]) {
        record.time = UnixTime::from_millis(now + offset);
    }
    running.export(&mixed);
    running.stored(7).await;
    let (_, registry) = running.stop().await;
    for (reason, count) in [("too_old", 2.0), ("too_new", 1.0)] {
        assert_eq!(own(&registry, "container_insights_dropped_events", reason), count, "{reason}");
    }
    assert_eq!(own(&registry, "otelcol_exporter_sent_metric_points", ""), 7.0);
    assert_eq!(own(&registry, "otelcol_exporter_send_failed_metric_points", ""), 3.0);
}

#[tokio::test]
async fn a_large_round_goes_in_as_few_requests_as_the_service_takes() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    let before = running.fake.requests().len();
    running.export(&round(now_ms(), 12_000));
    running.stored(12_001).await;
    let (fake, _) = running.stop().await;
    let requests = &fake.requests()[before..];
    // Some 310 bytes an event: the megabyte is the limit.
    assert!((3..=5).contains(&requests.len()), "{requests:?}");
    assert!(requests.iter().all(|request| request.status == 200));
}

#[tokio::test]
async fn backlog_of_days_keeps_the_span_and_the_order() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    running.fake.refuse();
    for hours in (0..100).rev() {
        running.export(&round(now_ms() - hours * 3_600_000, 2));
    }
    running.fake.accept();
    running.stored(201).await;
    let (fake, registry) = running.stop().await;
    assert!(fake.requests().iter().all(|request| request.status == 200 || request.code == "ResourceNotFoundException"));
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}

#[test]
fn a_request_without_a_deadline_has_one_of_an_hour() {
    let timeout = |timeout| client_options(&Config { timeout, ..config() }, "1.0").timeout;
    assert_eq!(timeout(Duration::ZERO), LONGEST);
    assert_eq!(timeout(Duration::from_secs(7)), Duration::from_secs(7));
}

proptest! {
    // Megabytes each.
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// What the engine packs for one stream is a batch that the service takes.
    #[test]
    fn every_parcel_fits_one_request(
        events in prop::collection::vec((0..3 * 86_400_000_i64, 1..400_000_usize), 0..40),
    ) {
        let (mut packer, mut parcels, there) = (Packer::new(LIMITS), Vec::new(), Destination::new("g\0s"));
        for (time_ms, size) in &events {
            let body = vec![b'x'; *size];
            packer.push(&there, Frame { time_ms: *time_ms, points: 1, body: &body }, &mut |parcel| parcels.push(parcel));
        }
        packer.finish(&mut |parcel| parcels.push(parcel));
        prop_assert_eq!(parcels.iter().map(|parcel| parcel.frames as usize).sum::<usize>(), events.len());
        for parcel in &parcels {
            let events = parcel.frames().map(|frame| logs::Event { time_ms: frame.time_ms, message: frame.body });
            let mut events: Vec<_> = events.collect();
            events.sort_by_key(|event| event.time_ms);
            prop_assert!(logs::limits::check(&events).is_ok());
        }
    }
}
