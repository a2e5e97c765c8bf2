//! Watches, and how they go on.

use super::*;

#[tokio::test]
async fn a_watch_that_is_closed_goes_on_where_it_ended() {
    let script = vec![
        closed(&[event("ADDED", "a", 3), end(5)]),
        closed(&[event("ADDED", "b", 7)]),
        closed(&[event("DELETED", "a", 9)]),
        closed(&[bookmark(12)]),
        closed(&[]),
        open(&[event("ADDED", "c", 13)]),
    ];
    let seen = play(script, "b c").await;
    assert_eq!(seen.asked, ["stream", "watch 5", "watch 7", "watch 9", "watch 12", "watch 12"]);
    assert_eq!((seen.counts.lists, seen.report.fault), (1, None));
}

#[tokio::test]
async fn a_watch_that_breaks_off_within_a_line_loses_nothing() {
    let half = event("ADDED", "b", 6)[..40].to_owned();
    let script = vec![cut(&[event("ADDED", "a", 3), end(5), half]), open(&[event("ADDED", "b", 6)])];
    let seen = play(script, "a b").await;
    assert_eq!((seen.asked.clone(), seen.counts.lists), (vec!["stream".to_owned(), "watch 5".to_owned()], 1));
    assert!(seen.fault().contains("broke off after"), "{}", seen.fault());
}

#[tokio::test]
async fn a_line_may_come_in_pieces() {
    let line = event("ADDED", "a", 3);
    let pieces: Vec<_> = line.as_bytes().chunks(7).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
    let seen = play(vec![open(&[pieces.as_slice(), &[end(5)]].concat())], "a").await;
    assert_eq!(seen.asked, ["stream"]);
}

#[tokio::test]
async fn what_was_known_stays_until_the_new_list_is_complete() {
    let first = || open(&[event("ADDED", "a", 3), event("ADDED", "b", 4), end(5), failure(410)]);
    let mut world = World::new(vec![first(), open(&[event("ADDED", "c", 8)])], PACE).await;
    let seen = world.until(|seen| seen.counts.events == 3).await;
    assert!(seen.has("a b"), "{seen:?}");
    assert_eq!((seen.report.phase, seen.fault()), (Phase::Listing, "the watch ended with 410: no good"));

    let seen = play(vec![first(), open(&[event("ADDED", "c", 8), end(9)])], "c").await;
    assert_eq!((seen.asked.clone(), seen.counts.lists), (vec!["stream".to_owned(); 2], 2));
}

#[tokio::test]
async fn a_watch_refused_for_its_version_is_a_new_list() {
    for status in ["410 Gone", "400 Bad Request"] {
        let script =
            vec![closed(&[event("ADDED", "a", 3), end(5)]), refused(status), open(&[event("ADDED", "b", 8), end(9)])];
        let seen = play(script, "b").await;
        assert_eq!(seen.asked, ["stream", "watch 5", "stream"], "{status}");
    }
}

#[tokio::test]
async fn a_servers_own_trouble_is_no_new_list() {
    for bad in [open(&[failure(500)]), open(&[failure(429)]), refused("503 Unavailable"), refused("408 Timeout")] {
        let script = vec![closed(&[event("ADDED", "a", 3), end(5)]), bad, open(&[event("ADDED", "b", 6)])];
        let seen = play(script, "a b").await;
        assert_eq!(seen.asked, ["stream", "watch 5", "watch 5"]);
        assert!(!seen.fault().is_empty());
    }
}

#[tokio::test]
async fn a_watch_without_a_word_is_opened_again() {
    let pace = Pace { idle: Duration::from_millis(200), ..PACE };
    let script = vec![open(&[event("ADDED", "a", 3), end(5), bookmark(6)]), open(&[]), open(&[event("ADDED", "b", 7)])];
    let seen = World::new(script, pace).await.until(|seen| seen.has("a b")).await;
    assert_eq!(seen.asked[..3], ["stream", "watch 6", "watch 6"]);
    assert_eq!(seen.fault(), "nothing came for 200ms, not even a bookmark");
}

#[tokio::test]
async fn watches_that_are_closed_at_once_are_not_hurried() {
    let pace = Pace { first: Duration::from_millis(60), shortest: Duration::from_secs(1), ..PACE };
    let mut script = vec![closed(&[end(5)])];
    script.extend((0..40).map(|_| closed(&[])));
    let mut world = World::new(script, pace).await;
    let began = Instant::now();
    let seen = world.until(|_| began.elapsed() > Duration::from_millis(400)).await;
    // At least 30 ms and then 20 ms each, as the longest wait is shorter than the first here.
    assert!((3..=22).contains(&seen.asked.len()), "{:?}", seen.asked);
    assert!(seen.fault().contains("closes each watch"), "{}", seen.fault());
}

#[tokio::test]
async fn an_event_of_a_kind_yet_unknown_is_passed_over() {
    let seen = play(vec![open(&[end(5), event("SPLIT", "x", 6), "\n".to_owned(), event("ADDED", "a", 7)])], "a").await;
    assert_eq!((seen.asked.len(), seen.counts.events, seen.counts.broken), (1, 1, 0));
}
