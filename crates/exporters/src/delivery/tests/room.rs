//! A queue that is full.

use super::*;

/// Options of a queue of two requests.
fn two_requests(overflow: Overflow) -> Options {
    let queue = SendingQueue { queue_size: Some(2), sizer: Some(Sizer::Requests), ..SendingQueue::default() };
    Options { queue, overflow, ..Options::default() }
}

/// A service that is away, with two batches in its queue.
async fn full(overflow: Overflow) -> Running {
    let store = Store::default();
    store.answer_always(Answer::Refuse(Refusal::Retry(Retry::default())));
    let mut running = Running::with(Arc::new(store), two_requests(overflow));
    assert!(running.intake.room().is_there());
    running.export(&["a"]);
    running.export(&["b"]);
    running.until(|running| running.standing().state == State::Degraded).await;
    running
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_that_refuses_says_so_and_loses_nothing() {
    let mut running = full(Overflow::Refuse).await;
    let refused = running.intake.admit().unwrap_err();
    assert!(component::Refusal::from(refused).is_retryable, "the sender may send it again");
    let room = running.intake.room();
    assert!(!room.is_there());
    assert!(
        tokio::time::timeout(Duration::from_secs(60), room.wait()).await.is_err(),
        "there is none while it is away"
    );
    running.store.accept();
    tokio::time::timeout(Duration::from_secs(60), room.wait()).await.unwrap();
    assert_eq!(running.intake.admit(), Ok(()));
    running.export(&["c"]);
    running.stored(3).await;
    running.stop().await;
    assert_eq!((running.store.stored().concat(), running.dropped("")), ("abc".to_owned(), 0));
}

/// A batch that was admitted is taken as a whole, however many parcels it has.
#[tokio::test(start_paused = true)]
async fn a_batch_that_was_admitted_is_not_cut() {
    let mut running = Running::with(Arc::new(Store::default()), two_requests(Overflow::Refuse));
    assert_eq!(running.intake.admit(), Ok(()));
    running.export(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]);
    running.stored(10).await;
    running.stop().await;
    assert_eq!(running.dropped(""), 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_drops_the_oldest_always_has_room() {
    let mut running = full(Overflow::DropOldest).await;
    running.intake.room().wait().await;
    assert_eq!(running.intake.admit(), Ok(()));
    running.export(&["c"]);
    running.store.accept();
    running.stored(2).await;
    running.stop().await;
    assert_eq!((running.store.stored().concat(), running.dropped("overflow")), ("bc".to_owned(), 1));
}

/// The thread of an exporter that waits for room is held; a task that asks before holds none.
#[tokio::test(start_paused = true)]
async fn waiting_for_room_ends_when_there_is_some_and_when_the_process_ends() {
    let mut running = full(Overflow::Wait).await;
    assert_eq!(running.intake.admit(), Ok(()), "it waits instead");
    let waiting = tokio::spawn({
        let room = running.intake.room();
        async move { room.wait().await }
    });
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!waiting.is_finished());
    running.store.accept();
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap().unwrap();
    running.stored(2).await;

    running.store.answer_always(Answer::Refuse(Refusal::Retry(Retry::default())));
    running.export(&["c"]);
    running.export(&["d"]);
    running.until(|running| !running.intake.room().is_there()).await;
    running.intake.queue.close();
    tokio::time::timeout(Duration::from_secs(60), running.intake.room().wait()).await.unwrap();
    running.export(&["e"]);
    running.store.accept();
    running.stop().await;
    assert_eq!((running.store.stored().concat(), running.dropped("")), ("abcde".to_owned(), 0));
}
