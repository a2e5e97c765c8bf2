//! Frames that wait on disk.

use std::path::Path;

use super::*;

fn open(directory: &Path) -> Options {
    let (spool, _) = Spool::open(spool::Options::new(directory)).unwrap();
    Options { spool: Some((spool, false)), ..Options::default() }
}

#[tokio::test(start_paused = true)]
async fn what_a_former_run_left_is_delivered_in_its_order() {
    let scratch = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::default());
    store.answer_always(Answer::Refuse(Refusal::Retry(Retry::default())));
    let mut running = Running::with(Arc::clone(&store), open(scratch.path()));
    running.export(&["a", "b", "c", "d"]);
    running.export(&["e"]);
    running.stop().await;
    assert_eq!(running.dropped(""), 0, "it stays on disk");
    drop(running);
    store.accept();
    let mut running = Running::with(store, open(scratch.path()));
    running.export(&["f"]);
    running.stored(6).await;
    running.stop().await;
    assert_eq!(running.store.stored().concat(), "abcdef");
}

/// The service of another version knew destinations that this one doesn't.
#[tokio::test(start_paused = true)]
async fn what_belongs_to_an_unknown_destination_is_dropped_and_counted() {
    let scratch = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(spool::Options::new(scratch.path())).unwrap();
    for key in ["1other tenant", "2", "1"] {
        let body = [&0i64.to_le_bytes()[..], &2u32.to_le_bytes(), &1u32.to_le_bytes(), b"a"].concat();
        spool.append(&spool::Entry { key: key.as_bytes(), time_ms: 0, items: 1, body: &body }).unwrap();
    }
    drop(spool);
    let mut running = Running::with(Arc::new(Store::default()), open(scratch.path()));
    running.stored(1).await;
    running.stop().await;
    assert_eq!((running.dropped("foreign_version"), running.dropped("")), (2, 2));
}
