//! The service is away, and the process ends.

use testkit::cloudwatch_logs::Fault;

use super::*;

/// What failed, then what came since, in the order they were stored.
async fn order_after_an_outage(backlog_first: bool) -> Vec<i64> {
    let mut config = config();
    queue(&mut config).backlog_first = backlog_first;
    // Long enough for the rounds that come while it waits.
    config.retry_on_failure.0.initial_interval = Duration::from_secs(1);
    config.retry_on_failure.0.max_interval = Duration::from_secs(1);
    let mut running = Running::start(config);
    let start = now_ms() - 100_000;
    running.export(&round(start, 1));
    running.stored(1).await;
    running.fake.refuse();
    running.export(&round(start + 1000, 5));
    let words = running.failing().await;
    assert!(words.contains("no answer"), "{words}");
    for minute in 2..=20 {
        running.export(&round(start + minute * 1000, 5));
    }
    running.fake.accept();
    running.stored(101).await;
    let (fake, registry) = running.stop().await;
    assert_eq!(own(&registry, "otelcol_exporter_sent_metric_points", ""), 101.0);
    let times: Vec<_> = fake.events(GROUP, "node").into_iter().map(|event| (event.time_ms - start) / 1000).collect();
    let mut sorted = times.clone();
    sorted.sort_unstable();
    let expected: Vec<_> = [0].into_iter().chain((1..=20).flat_map(|minute| [minute; 5])).collect();
    assert_eq!(sorted, expected, "everything comes with its own time");
    times
}

#[tokio::test]
async fn after_an_outage_what_is_new_comes_before_what_failed() {
    let times = order_after_an_outage(false).await;
    assert_eq!((times[1], times[100]), (2, 1), "{times:?}");
}

#[tokio::test]
async fn with_backlog_first_everything_comes_in_order() {
    let times = order_after_an_outage(true).await;
    assert!(times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn what_is_over_the_size_drops_the_oldest_and_is_counted() {
    let mut config = config();
    queue(&mut config).queue_size = Some(3);
    let mut running = Running::start(config);
    let start = now_ms() - 100_000;
    running.export(&round(start, 1));
    running.stored(1).await;
    running.fake.refuse();
    for minute in 1..=10 {
        running.export(&round(start + minute * 1000, 5));
    }
    running.failing().await;
    assert_eq!(own(&running.registry, "otelcol_exporter_queue_capacity", ""), 3.0);
    running.fake.accept();
    let (fake, registry) = running.stop().await;
    let lost = own(&registry, "container_insights_dropped_events", "overflow");
    assert_eq!(fake.event_count() as f64 + lost, 51.0, "{lost} lost");
    assert!(lost >= 30.0, "{lost}");
    let last = fake.events(GROUP, "node").into_iter().map(|event| event.time_ms).max();
    assert_eq!(last, Some(start + 10_000), "the newest stays");
}

/// What counts is what a round takes in memory, compressed: one that fits isn't dropped for its size before that.
#[tokio::test]
async fn a_size_in_bytes_counts_what_is_held() {
    let mut config = config();
    queue(&mut config).sizer = Some(crate::awsemf::Sizer::Bytes);
    queue(&mut config).queue_size = Some(65_536);
    let mut running = Running::start(config);
    for seconds in 0..3 {
        running.export(&round(now_ms() - seconds * 1000, 1000));
    }
    running.stored(3000).await;
    let (_, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}

/// A round that finds no room waits for it, and nothing is dropped.
#[tokio::test]
async fn with_block_on_overflow_a_round_waits_for_room() {
    let mut config = config();
    queue(&mut config).queue_size = Some(1);
    queue(&mut config).block_on_overflow = true;
    let mut running = Running::start(config);
    running.export(&round(now_ms(), 6));
    running.stored(6).await;
    running.fake.refuse();
    running.export(&round(now_ms(), 6));
    let Running { fake, mut delivery, registry, worker, stop, .. } = running;
    let waiting = std::thread::spawn(move || {
        delivery.export(&round(now_ms(), 6)).unwrap();
        delivery
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished(), "there is no room");
    fake.accept();
    for _ in 0..1000 {
        if waiting.is_finished() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(waiting.join().unwrap());
    stop.send_replace(Some(tokio::time::Instant::now()));
    worker.await.unwrap().unwrap();
    assert_eq!(fake.event_count(), 18);
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}

/// Half of a request is stored when the service goes away: the other half alone is sent again, and alone is lost at the end.
#[tokio::test]
async fn what_is_half_done_counts_by_half() {
    let mut config = config();
    queue(&mut config).drain_timeout = Duration::from_millis(300);
    let mut running = Running::start(config);
    running.fake.create(GROUP, "node");
    running.fake.set_fault(Some(Fault::Throttled(None)));
    running.fake.fail_next([Fault::Page(413), Fault::Slow(Duration::ZERO)]);
    running.export(&round(now_ms(), 8));
    running.failing().await;
    let (fake, registry) = running.stop().await;
    assert_eq!(fake.event_count(), 4);
    assert_eq!(own(&registry, "container_insights_sent_events", ""), 4.0);
    assert_eq!(own(&registry, "container_insights_dropped_events", "shutdown"), 4.0);
}

#[tokio::test]
async fn the_end_delivers_what_waits() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 7));
    let (fake, _) = running.stop().await;
    assert_eq!(fake.event_count(), 7);
}

#[tokio::test]
async fn the_end_comes_in_time_and_says_what_is_lost() {
    let mut config = config();
    queue(&mut config).drain_timeout = Duration::from_millis(400);
    let mut running = Running::start(config);
    running.fake.refuse();
    running.export(&round(now_ms(), 7));
    #[expect(clippy::disallowed_methods, reason = "how long the end takes is what is measured")]
    let began = Instant::now();
    let (_, registry) = running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3));
    assert_eq!(own(&registry, "container_insights_dropped_events", "shutdown"), 7.0);
}

#[tokio::test]
async fn fifteen_minutes_of_a_large_node_wait_in_memory() {
    let mut running = Running::start(config());
    running.fake.refuse();
    // 458 events a round, as a node of 110 pods has.
    for minute in 0..15 {
        running.export(&round(now_ms() - minute * 60_000, 458));
    }
    let size = own(&running.registry, "otelcol_exporter_queue_size", "");
    running.fake.accept();
    running.stored(15 * 458).await;
    let (_, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
    assert!(size < 16.0 * 1048576.0, "{size}");
}
