//! What the service and the way to it can do, and what becomes of events.

use testkit::cloudwatch_logs::Fault;

use super::*;

/// Through any fault that passes every event arrives, and twice only where an answer was lost.
#[tokio::test]
async fn nothing_is_lost_by_any_fault_that_passes() {
    let cases = [
        (Fault::Unavailable, false),
        (Fault::Throttled(None), false),
        (Fault::Throttled(Some(Duration::from_millis(20))), false),
        (Fault::Hang, true),
        (Fault::Half, true),
        (Fault::Lost, true),
        (Fault::Rubbish, true),
        (Fault::Page(502), true),
        (Fault::Page(403), true),
        (Fault::Denied, false),
        (Fault::ExpiredToken, false),
        (Fault::Code(400, "UnrecognizedClientException"), false),
        (Fault::Code(400, "OperationAbortedException"), false),
        (Fault::Code(400, "LimitExceededException"), false),
        (Fault::Code(500, "InternalFailure"), true),
    ];
    for (fault, uncertain) in cases {
        let mut running = Running::start(Config { timeout: Duration::from_millis(500), ..config() });
        running.export(&round(now_ms(), 2));
        running.stored(2).await;
        running.fake.set_fault(Some(fault.clone()));
        running.export(&round(now_ms(), 3));
        running.failing().await;
        running.fake.set_fault(None);
        // The session looks for other credentials only after a while, where those it had were refused.
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while own(&running.registry, "container_insights_sent_events", "") < 5.0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{fault:?}: {:?}", running.fake.requests()));
        assert_eq!(running.standing().state, telemetry::State::Ok, "{fault:?}");
        let (fake, registry) = running.stop().await;
        let mut messages: Vec<_> = fake.events(GROUP, "node").into_iter().map(|event| event.message).collect();
        let all = messages.len();
        messages.sort();
        messages.dedup();
        assert_eq!(messages.len(), 5, "{fault:?}");
        assert!(uncertain || all == 5, "{fault:?}: {all} events");
        let told = own(&registry, "container_insights_uncertain_events", "");
        assert_eq!(told > 0.0, uncertain, "{fault:?}");
        assert!(all as f64 <= 5.0 + told, "{fault:?}: {all} events, {told} told");
        assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0, "{fault:?}");
    }
}

/// What the service stored counts as stored, however its answer is told, and is sent once.
#[tokio::test]
async fn events_that_are_stored_are_not_sent_again() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    running.fake.fail_next([Fault::Answer("\"\"".into())]);
    running.export(&round(now_ms(), 3));
    running.stored(4).await;
    running.fake.fail_next([Fault::Code(400, "DataAlreadyAcceptedException")]);
    running.export(&round(now_ms(), 2));
    let (fake, registry) = running.stop().await;
    assert_eq!(fake.event_count(), 4, "the last two are what the service says it has");
    assert_eq!(own(&registry, "container_insights_sent_events", ""), 6.0);
    assert_eq!(own(&registry, "container_insights_unread_answer_events", ""), 3.0);
    assert_eq!(own(&registry, "container_insights_already_stored_events", ""), 2.0);
    assert_eq!(own(&registry, "container_insights_uncertain_events", ""), 0.0);
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}

/// An imitation of the older service takes a batch with its token only: each batch is sent twice, and never halved.
#[tokio::test]
async fn a_sequence_token_is_no_reason_to_lose_events() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    let before = running.fake.requests().len();
    running.fake.set_fault(Some(Fault::WantsToken));
    running.export(&round(now_ms(), 8));
    running.stored(9).await;
    let (fake, registry) = running.stop().await;
    assert_eq!(fake.requests().len(), before + 2);
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}

#[tokio::test]
async fn one_bad_event_loses_one_event() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    // Refused is what has the first one in it: all eight, four, two, and itself.
    let (invalid, taken) = (Fault::Code(400, "InvalidParameterException"), Fault::Slow(Duration::ZERO));
    let (again, once_more, last) = (invalid.clone(), invalid.clone(), invalid.clone());
    running.fake.fail_next([invalid, again, taken.clone(), once_more, taken, last]);
    running.export(&round(now_ms(), 8));
    running.stored(8).await;
    let (fake, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", "invalid"), 1.0);
    assert_eq!(own(&registry, "otelcol_exporter_send_failed_metric_points", ""), 1.0);
    assert!(!fake.events(GROUP, "node")[1..].iter().any(|event| event.message.contains("\"pod_cpu_limit\":0,")));
}

#[tokio::test]
async fn a_stream_that_takes_nothing_costs_no_thousand_requests() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    running.fake.set_fault(Some(Fault::Code(400, "InvalidParameterException")));
    running.export(&round(now_ms(), 1000));
    let (fake, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", "invalid"), 1000.0);
    assert!(fake.requests().len() < 300, "{}", fake.requests().len());
}

#[tokio::test]
async fn a_request_that_is_too_large_goes_in_parts() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    running.fake.fail_next([Fault::Page(413)]);
    running.export(&round(now_ms(), 6));
    running.stored(7).await;
    let (fake, registry) = running.stop().await;
    let last: Vec<_> = fake.requests().iter().rev().take(3).map(|request| (request.status, request.events)).collect();
    assert_eq!(last, [(200, 3), (200, 3), (413, 0)]);
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}

/// A group that can't be made holds up no other stream, and is made once that is allowed.
#[tokio::test]
async fn streams_wait_for_none_but_themselves() {
    let mut running = Running::start(config());
    running.fake.create(GROUP, "node");
    running.fake.set_fault_of("CreateLogGroup", Fault::Denied);
    running.export(&round_of("other", "node", now_ms(), 4));
    running.failing().await;
    for _ in 0..3 {
        running.export(&round(now_ms(), 2));
    }
    running.stored(6).await;
    running.fake.set_fault(None);
    running.stored(10).await;
    let (fake, _) = running.stop().await;
    assert_eq!(fake.events("/aws/containerinsights/other/performance", "node").len(), 4);
}

#[tokio::test]
async fn many_streams_of_a_new_group_make_it_once() {
    let mut running = Running::start(config());
    for node in 0..12 {
        running.export(&round_of("shop", &format!("node{node}"), now_ms(), 1));
    }
    running.stored(12).await;
    let (fake, _) = running.stop().await;
    let groups = fake.requests().iter().filter(|request| request.operation == "CreateLogGroup").count();
    assert_eq!(groups, 1);
}

/// All nodes of a new cluster at once, against a service that makes ten groups and fifty streams a second.
#[tokio::test]
async fn fifty_agents_that_start_at_once_lose_nothing() {
    let fake = Arc::new(FakeCloudWatchLogs::http());
    fake.set_rate("CreateLogGroup", 10);
    fake.set_rate("CreateLogStream", 50);
    let mut agents: Vec<_> = (0..50).map(|_| Running::with(Arc::clone(&fake), config(), None)).collect();
    for (number, agent) in agents.iter_mut().enumerate() {
        agent.export(&round_of("shop", &format!("node{number}"), now_ms(), 2));
    }
    for _ in 0..2000 {
        if fake.event_count() == 100 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for agent in agents {
        let (_, registry) = agent.stop().await;
        assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
    }
    assert_eq!(fake.event_count(), 100);
    assert_eq!(fake.groups()[GROUP].streams.len(), 50);
    let groups = fake.requests().iter().filter(|request| request.operation == "CreateLogGroup").count();
    assert!(groups < 10, "most find the group made: {groups} asked for it");
}

/// A stream that goes on well doesn't hide one that fails.
#[tokio::test]
async fn the_status_tells_of_the_stream_that_fails() {
    let mut running = Running::start(config());
    running.fake.create(GROUP, "node");
    running.fake.set_fault_of("CreateLogGroup", Fault::Denied);
    running.export(&round_of("other", "node", now_ms(), 4));
    running.failing().await;
    running.export(&round(now_ms(), 2));
    running.until(|running| own(&running.registry, "container_insights_sent_events", "") >= 2.0).await;
    let standing = running.standing();
    assert_eq!(standing.state, telemetry::State::Degraded);
    assert!(standing.message.contains("logs:CreateLogGroup"), "{standing:?}");
    assert!(standing.message.contains("/aws/containerinsights/other/performance"), "{standing:?}");
    running.fake.set_fault(None);
    running.stored(6).await;
    running.until(|running| running.standing().state == telemetry::State::Ok).await;
    running.stop().await;
}

#[tokio::test]
async fn a_retention_that_fails_holds_up_nothing() {
    let mut config = config();
    config.log_retention = crate::awsemf::config::Retention(30);
    let mut running = Running::start(config);
    running.fake.set_fault_of("PutRetentionPolicy", Fault::Denied);
    running.export(&round(now_ms(), 2));
    running.stored(2).await;
    running.until(|running| own(&running.registry, "container_insights_requests", "denied") >= 1.0).await;
    let (fake, registry) = running.stop().await;
    assert_eq!(fake.groups()[GROUP].retention_days, None);
    assert_eq!(own(&registry, "container_insights_requests", "denied"), 1.0);
}

#[tokio::test]
async fn without_retries_what_fails_is_lost_and_counted() {
    let mut config = config();
    config.retry_on_failure.0.enabled = false;
    let mut running = Running::start(config);
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    running.fake.fail_next([Fault::Throttled(None)]);
    running.export(&round(now_ms(), 2));
    running.failing().await;
    running.export(&round(now_ms(), 3));
    running.stored(4).await;
    let (_, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", "not_retried"), 2.0);
}

#[tokio::test]
async fn a_placeholder_without_a_value_holds_events_until_it_has_one() {
    let mut running = Running::start(config());
    running.export(&round_of("", "node", now_ms(), 2));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(running.fake.requests(), [], "nothing is sent to a group called undefined");
    running.export(&round(now_ms(), 2));
    running.stored(4).await;
    let (fake, _) = running.stop().await;
    assert_eq!(fake.groups().into_keys().collect::<Vec<_>>(), [GROUP]);
}

/// What one batch after the other meets is one line for each fault, and every event counts.
#[tokio::test]
async fn a_fault_of_every_batch_is_one_line() {
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    for count in 1..4 {
        running.fake.fail_next([Fault::Answer("\"\"".into())]);
        running.export(&round(now_ms(), 1));
        running.stored(1 + count).await;
    }
    for count in 1..4 {
        let mut old = round(now_ms(), 2);
        old.records[0].time = UnixTime::from_millis(now_ms() - 15 * 86_400_000);
        running.export(&old);
        running.stored(4 + count).await;
    }
    running.fake.set_fault(Some(Fault::Code(400, "InvalidParameterException")));
    running.export(&round(now_ms(), 1000));
    let (_, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_unread_answer_events", ""), 3.0);
    assert_eq!(own(&registry, "container_insights_dropped_events", "too_old"), 3.0);
    assert_eq!(own(&registry, "container_insights_dropped_events", "invalid"), 1000.0);
    let told = logged.text();
    for line in ["its answer is unreadable", "didn't store events", "will never take are lost"] {
        assert_eq!(told.matches(line).count(), 1, "{line}: {told}");
    }
}

/// What was logged.
#[derive(Debug, Clone, Default)]
struct Logged(Arc<std::sync::Mutex<Vec<u8>>>);

impl Logged {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
