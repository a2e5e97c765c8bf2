//! Events that wait on disk.

use std::path::Path;

use super::*;

/// A run that was killed lets go of its directory once its last write is done.
fn open(directory: &Path) -> Spool {
    for _ in 0..1000 {
        match Spool::open(spool::Options::new(directory)) {
            Err(spool::Error::Locked { .. }) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened.unwrap().0,
        }
    }
    panic!("the directory stays locked");
}

#[tokio::test]
async fn what_a_killed_run_left_is_delivered_once() {
    let scratch = tempfile::tempdir().unwrap();
    let fake = Arc::new(FakeCloudWatchLogs::http());
    fake.create(GROUP, "node");
    let start = now_ms() - 100_000;
    for run in 0..4 {
        let mut running = Running::with(Arc::clone(&fake), config(), Some(open(scratch.path())));
        if run == 2 {
            fake.refuse();
        }
        for minute in 0..5 {
            running.export(&round(start + run * 10_000 + minute * 1000, 3));
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        if run == 2 {
            fake.accept();
        }
        // Nothing is told that it ends, as by a kill.
        running.worker.abort();
        let _ = (&mut running.worker).await;
        drop(running);
    }
    let running = Running::with(Arc::clone(&fake), config(), Some(open(scratch.path())));
    let (_, registry) = running.stop().await;
    let mut messages: Vec<_> = fake.events(GROUP, "node").into_iter().map(|event| event.message).collect();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), 60);
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
    assert_eq!(open(scratch.path()).stats().records, 0, "nothing is left");
}

#[tokio::test]
async fn what_can_not_be_delivered_in_time_stays() {
    let scratch = tempfile::tempdir().unwrap();
    let mut config = config();
    queue(&mut config).drain_timeout = Duration::from_millis(300);
    let fake = Arc::new(FakeCloudWatchLogs::http());
    fake.refuse();
    let mut running = Running::with(Arc::clone(&fake), config.clone(), Some(open(scratch.path())));
    running.export(&round(now_ms(), 9));
    let (_, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
    fake.accept();
    let running = Running::with(fake, self::config(), Some(open(scratch.path())));
    running.stored(9).await;
    running.stop().await;
}

#[tokio::test]
async fn what_is_over_the_budget_is_counted_exactly() {
    let scratch = tempfile::tempdir().unwrap();
    let mut options = spool::Options::new(scratch.path());
    options.budget_bytes = 128 << 10;
    options.segment_bytes = 16 << 10;
    let fake = Arc::new(FakeCloudWatchLogs::http());
    fake.create(GROUP, "node");
    fake.refuse();
    let mut running = Running::with(Arc::clone(&fake), config(), Some(Spool::open(options).unwrap().0));
    for minute in 0..200 {
        running.export(&round(now_ms() - minute * 1000, 200));
    }
    fake.accept();
    let (_, registry) = running.stop().await;
    let lost = own(&registry, "container_insights_dropped_events", "overflow");
    assert!(lost > 0.0);
    assert_eq!(fake.event_count() as f64 + lost, 40_000.0, "{lost} lost, {:?}", open(scratch.path()).stats());
}

#[tokio::test]
async fn a_damaged_round_costs_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let mut config = config();
    queue(&mut config).drain_timeout = Duration::from_millis(200);
    let fake = Arc::new(FakeCloudWatchLogs::http());
    fake.create(GROUP, "node");
    fake.refuse();
    let mut running = Running::with(Arc::clone(&fake), config.clone(), Some(open(scratch.path())));
    for minute in 0..3 {
        running.export(&round(now_ms() - minute * 1000, 50));
    }
    running.stop().await;
    let segments = std::fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().path());
    let segment = segments.filter(|path| path.extension().is_some_and(|ending| ending == "segment")).max().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&segment, bytes).unwrap();
    fake.accept();
    let running = Running::with(Arc::clone(&fake), self::config(), Some(open(scratch.path())));
    running.stored(100).await;
    running.stop().await;
}

/// The spool's records are the same in every version, byte for byte.
#[tokio::test]
async fn what_an_earlier_version_left_is_delivered() {
    let scratch = tempfile::tempdir().unwrap();
    let mut spool = open(scratch.path());
    let time_ms = now_ms();
    let event = |number: u8| {
        let text = format!("{{\"n\":{number}}}");
        [&(time_ms + i64::from(number)).to_le_bytes()[..], &7u32.to_le_bytes(), &7u32.to_le_bytes(), text.as_bytes()]
            .concat()
    };
    let body = [event(1), event(2)].concat();
    let key = [b"1", GROUP.as_bytes(), b"\0node"].concat();
    spool.append(&spool::Entry { key: &key, time_ms, items: 2, body: &body }).unwrap();
    spool.append(&spool::Entry { key: b"1of another service", time_ms, items: 3, body: &body }).unwrap();
    drop(spool);
    let running = Running::with(Arc::new(FakeCloudWatchLogs::http()), config(), Some(open(scratch.path())));
    running.stored(2).await;
    let (fake, registry) = running.stop().await;
    let messages: Vec<_> = fake.events(GROUP, "node").into_iter().map(|event| event.message).collect();
    assert_eq!(messages, ["{\"n\":1}", "{\"n\":2}"]);
    assert_eq!(own(&registry, "otelcol_exporter_sent_metric_points", ""), 14.0);
    assert_eq!(own(&registry, "container_insights_dropped_events", "foreign_version"), 3.0);
}
