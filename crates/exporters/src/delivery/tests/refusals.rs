//! Each refusal, and what becomes of the frames.

use super::*;

fn cause(reason: &'static str) -> Cause {
    Cause { reason, message: format!("it is {reason}") }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_service_asks_for_is_kept() {
    let mut running = Running::start(Store::default());
    let after = Some(Duration::from_secs(2));
    let retry = Retry { message: "too many requests".into(), after, ..Retry::default() };
    running.store.answer_next([Answer::Refuse(Refusal::Retry(retry))]);
    running.export(&["a", "b"]);
    running.until(|running| running.standing().state == State::Degraded).await;
    assert_eq!(running.standing().message, "store/: too many requests");
    running.stored(2).await;
    let requests = running.store.requests();
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= Duration::from_secs(2) && waited < Duration::from_millis(2100), "{waited:?}");
    assert_eq!(running.metric("container_insights_uncertain_events", ""), 0);
    running.stop().await;
    assert_eq!(running.dropped(""), 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_counted_and_sent_again() {
    let mut running = Running::start(Store::default());
    let retry = Retry { may_have_arrived: true, ..Retry::default() };
    running.store.answer_next([Answer::Refuse(Refusal::Retry(retry))]);
    running.export(&["a", "b"]);
    running.stored(2).await;
    running.stop().await;
    assert_eq!(running.metric("container_insights_uncertain_events", ""), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_large_is_halved_in_its_order() {
    let mut running = Running::start(Store::default());
    running.store.answer_next([Answer::Refuse(Refusal::Split(cause("too_large")))]);
    running.export(&["a", "b", "c"]);
    running.stored(3).await;
    running.stop().await;
    let frames: Vec<_> = running.store.requests().into_iter().map(|request| request.frames.concat()).collect();
    assert_eq!(frames, ["abc", "a", "bc"]);
    assert_eq!(running.dropped(""), 0);
}

#[tokio::test(start_paused = true)]
async fn of_a_request_that_is_refused_the_frame_alone_is_dropped() {
    let mut running = Running::start(Store::default());
    running.store.refuse_frame("b", Refusal::Split(cause("malformed")));
    running.export(&["a", "b", "c"]);
    running.stored(2).await;
    running.stop().await;
    assert_eq!(running.store.stored(), ["a", "c"]);
    assert_eq!((running.dropped("malformed"), running.dropped("")), (1, 1));
    assert_eq!(running.metric("otelcol_exporter_send_failed_metric_points", ""), 2);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_the_service_names_is_dropped_at_once() {
    let mut running = Running::start(Store::default());
    let refusal = Refusal::DropFrame { index: 1, cause: cause("empty") };
    running.store.answer_next([Answer::Refuse(refusal)]);
    running.export(&["a", "b", "c"]);
    running.stored(2).await;
    running.stop().await;
    assert_eq!(running.store.stored(), ["a", "c"]);
    assert_eq!((running.store.requests().len(), running.dropped("empty")), (3, 1));
}

/// The request that fails later holds what is left, and not the frame that was dropped before.
#[tokio::test(start_paused = true)]
async fn a_frame_that_was_dropped_is_not_sent_again_after_a_failure() {
    let mut running = Running::start(Store::default());
    let refusals = [Refusal::DropFrame { index: 1, cause: cause("empty") }, Refusal::Retry(Retry::default())];
    running.store.answer_next(refusals.map(Answer::Refuse));
    running.export(&["a", "b", "c"]);
    running.stored(2).await;
    running.stop().await;
    assert_eq!((running.store.stored(), running.dropped("")), (vec!["a".to_owned(), "c".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn a_permanent_refusal_costs_its_request_and_is_not_repeated() {
    let mut running = Running::start(Store::default());
    running.store.answer_next([Answer::Refuse(Refusal::Drop(cause("unauthorized_tenant")))]);
    running.export(&["a", "b", "c", "d"]);
    running.stored(1).await;
    running.stop().await;
    assert_eq!((running.store.stored(), running.store.requests().len()), (vec!["d".to_owned()], 2));
    assert_eq!(running.dropped("unauthorized_tenant"), 3);
    assert_eq!(running.metric("otelcol_exporter_send_failed_metric_points", ""), 6);
}

#[tokio::test(start_paused = true)]
async fn frames_that_are_not_stored_of_an_accepted_request_are_counted() {
    let mut running = Running::start(Store::default());
    let rejected = vec![Rejected::Frames { reason: "out_of_order", range: 0..2 }];
    running.store.answer_next([Answer::Accept(Accepted { rejected, ..Accepted::default() })]);
    running.export(&["a", "b", "c"]);
    running.stored(1).await;
    running.stop().await;
    assert_eq!((running.store.requests().len(), running.dropped("out_of_order")), (1, 2));
    assert_eq!(running.metric("container_insights_sent_events", ""), 1);
    assert_eq!(running.metric("otelcol_exporter_sent_metric_points", ""), 2);
    assert_eq!(running.metric("otelcol_exporter_send_failed_metric_points", ""), 4);
}

/// A partial success as OTLP has it: so many points, and it isn't said which.
#[tokio::test(start_paused = true)]
async fn points_that_are_not_stored_of_an_accepted_request_are_counted() {
    let mut running = Running::start(Store::default());
    let accepted = Accepted { rejected: vec![Rejected::Points(5)], message: "no unit".into(), ..Accepted::default() };
    running.store.answer_next([Answer::Accept(accepted)]);
    running.export(&["a", "b", "c"]);
    running.stored(3).await;
    running.stop().await;
    assert_eq!((running.store.requests().len(), running.dropped("")), (1, 0));
    assert_eq!(running.metric("otelcol_exporter_sent_metric_points", ""), 1);
    assert_eq!(running.metric("otelcol_exporter_send_failed_metric_points", ""), 5);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_missing_is_created_once_and_may_be_missing_a_while_longer() {
    let mut running = Running::start(Store::default());
    let missing = || Answer::Refuse(Refusal::Create { message: "no such table".into() });
    running.store.answer_next([missing(), missing(), missing()]);
    running.export(&["a"]);
    running.stored(1).await;
    running.stop().await;
    assert_eq!((running.store.created(), running.store.requests().len()), (vec![String::new()], 4));
    assert_eq!(running.metric("container_insights_dropped_events", ""), 0);
}

#[tokio::test(start_paused = true)]
async fn without_retries_what_fails_is_dropped() {
    let mut options = Options::default();
    options.retry.enabled = false;
    let mut running = Running::with(Arc::new(Store::default()), options);
    running.store.answer_next([Answer::Refuse(Refusal::Retry(Retry::default()))]);
    running.export(&["a", "b"]);
    running.until(|running| running.dropped("not_retried") == 2).await;
    running.export(&["c"]);
    running.stored(1).await;
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_too_long_is_dropped() {
    let mut options = Options::default();
    options.retry.max_elapsed_time = Duration::from_secs(60);
    let mut running = Running::with(Arc::new(Store::default()), options);
    running.store.answer_always(Answer::Refuse(Refusal::Retry(Retry::default())));
    let began = Instant::now();
    running.export(&["a", "b"]);
    running.until(|running| running.dropped("retry_exhausted") == 2).await;
    assert_eq!(began.elapsed().as_secs(), 60);
    running.stop().await;
}
