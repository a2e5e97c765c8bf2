//! In which order frames are sent after an outage.

use super::*;

/// What is stored once the service is back: frames of one batch before the outage, and of five during it.
async fn after_an_outage(order: Order) -> String {
    let store = Store { limits: Limits { order, ..service::LIMITS }, ..Store::default() };
    store.answer_always(Answer::Refuse(Refusal::Retry(Retry::default())));
    let mut running = Running::start(store);
    running.export(&["a", "b"]);
    running.until(|running| running.standing().state == State::Degraded).await;
    for batch in [["c", "d"], ["e", "f"], ["g", "h"]] {
        running.export(&batch);
    }
    running.store.accept();
    running.stored(8).await;
    running.stop().await;
    running.store.stored().concat()
}

#[tokio::test(start_paused = true)]
async fn frames_that_must_not_overtake_are_stored_as_they_were_queued() {
    assert_eq!(after_an_outage(Order::AsQueued).await, "abcdefgh");
}

#[tokio::test(start_paused = true)]
async fn else_what_is_new_comes_before_what_failed() {
    let stored = after_an_outage(Order::ByTime).await;
    assert!(stored.starts_with("cd"), "{stored}");
}

/// A request is under way while more is queued, fails in its middle, and is sent again before what came later.
#[tokio::test(start_paused = true)]
async fn the_rest_of_a_request_keeps_its_place() {
    let mut running = Running::start(Store::default());
    let split = Refusal::Split(Cause { reason: "too_large", message: String::new() });
    let accept = Answer::Accept(Accepted::default());
    let away = Answer::Refuse(Refusal::Retry(Retry::default()));
    running.store.answer_next([Answer::Refuse(split), accept, away]);
    running.export(&["a", "b", "c"]);
    running.until(|running| running.standing().state == State::Degraded).await;
    running.export(&["d", "e"]);
    running.stored(5).await;
    running.stop().await;
    assert_eq!(running.store.stored().concat(), "abcde");
}
