//! Lists, streamed and in pages.

use super::*;

#[tokio::test]
async fn a_streamed_list_and_its_changes_are_one_request() {
    let lines = [
        event("ADDED", "a", 3),
        event("ADDED", "b", 4),
        end(5),
        event("ADDED", "c", 6),
        event("DELETED", "b", 7),
        event("MODIFIED", "a", 8),
    ];
    let mut world = World::new(vec![open(&lines)], PACE).await;
    let seen = world.until(|seen| seen.has("a c") && seen.counts.events == 5).await;
    assert_eq!(seen.asked, ["stream"]);
    let bytes = lines.concat().len() as u64;
    assert_eq!(seen.counts, Counts { requests: 1, bytes, events: 5, lists: 1, broken: 0, cut: 0 });
    assert_eq!((seen.report.phase, seen.report.how), (Phase::Watching, Some(How::Streamed)));
    assert!(seen.report.synced.is_some() && seen.report.heard >= seen.report.synced && seen.report.fault.is_none());
}

#[tokio::test]
async fn nothing_is_known_before_the_lists_end() {
    let script = vec![open(&[event("ADDED", "a", 3), bookmark(4)])];
    let seen = World::new(script, PACE).await.until(|seen| seen.counts.events == 1).await;
    assert_eq!((seen.names, seen.report.phase, seen.report.synced), (None, Phase::Listing, None));
}

#[tokio::test]
async fn an_empty_collection_is_known_to_be_empty() {
    play(vec![open(&[end(1)])], "").await;
    play(vec![refused("422 Unprocessable Entity"), page(&[], 1, ""), open(&[])], "").await;
}

#[tokio::test]
async fn a_server_that_does_not_stream_lists_is_asked_for_pages() {
    for status in ["400 Bad Request", "422 Unprocessable Entity"] {
        let script = vec![
            refused(status),
            page(&["a", "b"], 5, "eyJ2/+="),
            page(&["c"], 5, ""),
            open(&[event("DELETED", "b", 6)]),
        ];
        let seen = play(script, "a c").await;
        assert_eq!(seen.asked, ["stream", "page", "page eyJ2%2F%2B%3D", "watch 5"], "{status}");
        assert_eq!((seen.report.how, seen.counts.events, seen.counts.lists), (Some(How::Paged), 4, 1));
        assert!(seen.report.fault.is_none(), "it is no fault: {:?}", seen.report);
    }
}

#[tokio::test]
async fn pages_go_over_one_connection() {
    let script =
        vec![refused("422 Unprocessable Entity"), page(&["a"], 5, "1"), page(&["b"], 5, "2"), page(&[], 5, "")];
    let mut world = World::new(script, PACE).await;
    world.until(|seen| seen.has("a b")).await;
    let connections: Vec<_> = world.server.heard().iter().map(|heard| heard.connection).take(4).collect();
    assert_eq!(connections, [connections[0], connections[1], connections[1], connections[1]]);
}

#[tokio::test]
async fn a_server_that_did_not_stream_is_not_asked_to_again() {
    let script = vec![
        refused("422 Unprocessable Entity"),
        page(&["a"], 5, ""),
        open(&[failure(410)]),
        page(&["b"], 9, ""),
        open(&[]),
    ];
    let seen = play(script, "b").await;
    assert_eq!(seen.asked[..4], ["stream", "page", "watch 5", "page"]);
}

#[tokio::test]
async fn a_list_whose_token_is_too_old_begins_again() {
    let script = vec![
        refused("422 Unprocessable Entity"),
        page(&["gone", "a"], 5, "t"),
        refused("410 Gone"),
        page(&["a"], 9, "u"),
        page(&["b"], 9, ""),
        open(&[]),
    ];
    let seen = play(script, "a b").await;
    assert_eq!(seen.asked[..5], ["stream", "page", "page t", "page", "page u"]);
    assert!(seen.fault().contains("answered 410: it is refused"), "{}", seen.fault());
}

#[tokio::test]
async fn a_page_that_is_cut_or_broken_begins_the_list_again() {
    for bad in ["{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[{", "<html>", "{}"] {
        let script = vec![
            refused("422 Unprocessable Entity"),
            page(&["gone"], 5, "t"),
            Reply::ok(bad),
            page(&["a"], 9, ""),
            open(&[]),
        ];
        let seen = play(script, "a").await;
        assert_eq!(seen.asked[1..4], ["page", "page t", "page"]);
        assert!(seen.fault().starts_with("read the answer of http://"), "{}", seen.fault());
    }
}

#[tokio::test]
async fn a_page_that_takes_too_long_is_asked_for_with_fewer_objects() {
    let hang = || Reply::begin("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Then::Hang);
    let mut script = vec![refused("422 Unprocessable Entity")];
    script.extend((0..10).map(|_| hang()));
    script.extend([page(&["a"], 5, ""), open(&[failure(410)]), page(&["b"], 9, ""), open(&[])]);
    let pace = Pace { longest: Duration::from_millis(10), ..PACE };
    let mut world = World::with_deadline(script, pace, Duration::from_millis(200)).await;
    let seen = world.until(|seen| seen.has("b")).await;
    let sizes = [250, 125, 62, 31, 15, 7, 3, 1, 1, 1].map(|size| format!("page of {size}"));
    assert_eq!(seen.asked[1], "page");
    assert_eq!(seen.asked[2..12], sizes);
    assert_eq!(seen.asked[12..14], ["watch 5", "page of 2"], "what was slow may be over");
}

#[tokio::test]
async fn a_page_of_any_length_is_read() {
    // 40 MB, nearly all of them in managed fields.
    let large = "x".repeat(1_400_000);
    let items: Vec<_> = (0..29)
        .map(|n| object(&format!("d{n:02}"), 1).replace(r#""manager":"kubectl""#, &format!(r#""manager":"{large}""#)))
        .collect();
    let page =
        format!(r#"{{"kind":"DeploymentList","items":[{}],"metadata":{{"resourceVersion":"5"}}}}"#, items.join(","));
    let script = vec![refused("422 Unprocessable Entity"), Reply::ok(&page), open(&[])];
    let mut world = World::with_deadline(script, PACE, Duration::from_secs(60)).await;
    let seen = world.until(|seen| seen.names.as_ref().is_some_and(|names| names.split(' ').count() == 29)).await;
    assert_eq!((seen.asked[1].as_str(), seen.counts.broken), ("page", 0));
}

#[tokio::test]
async fn a_list_without_an_end_is_read_in_pages_next_time() {
    let pace = Pace { idle: Duration::from_millis(200), ..PACE };
    for endless in [open(&[event("ADDED", "gone", 3)]), closed(&[event("ADDED", "gone", 3)])] {
        let mut world = World::new(vec![endless, page(&["a"], 5, ""), open(&[])], pace).await;
        let seen = world.until(|seen| seen.has("a")).await;
        assert_eq!(seen.asked[..2], ["stream", "page"]);
        assert_eq!(seen.fault(), "the list's end did not come");
    }
}

#[tokio::test]
async fn a_reflector_that_was_dropped_begins_with_a_list() {
    let script = vec![
        open(&[event("ADDED", "a", 3), end(4)]),
        open(&[event("ADDED", "gone", 3)]),
        open(&[event("ADDED", "b", 8), end(9)]),
    ];
    let mut world = World::new(script, PACE).await;
    world.until(|seen| seen.has("a")).await;
    let seen = world.until(|seen| seen.counts.events == 2).await;
    assert!(seen.has("a"));
    let seen = world.until(|seen| seen.has("b")).await;
    assert_eq!(seen.asked, ["stream", "stream", "stream"]);
}

/// Writes down what it is told.
#[derive(Default)]
struct Calls(Vec<String>);

impl Consumer for Calls {
    fn shapes(&self) -> &'static Shapes {
        Workloads::shapes()
    }

    fn restart(&mut self) {
        self.0.push("restart".to_owned());
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        self.0.push(format!("apply {}", event::version(object).unwrap_or_default()));
        Ok(())
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        self.0.push(format!("delete {}", event::version(object).unwrap_or_default()));
        Ok(())
    }

    fn commit(&mut self) {
        self.0.push("commit".to_owned());
    }

    fn forget(&mut self) {
        self.0.push("forget".to_owned());
    }
}

#[tokio::test]
async fn a_list_that_broke_off_is_forgotten_before_the_wait() {
    let pace = Pace { first: Duration::from_secs(60), longest: Duration::from_secs(60), ..PACE };
    let whole = [event("ADDED", "a", 3), end(5), event("DELETED", "a", 6), failure(410)];
    for (script, expected) in [
        (vec![cut(&[event("ADDED", "a", 3)])], "restart, apply 3, forget"),
        (
            vec![refused("422 Unprocessable Entity"), page(&["a"], 5, "t"), refused("410 Gone")],
            "forget, restart, apply 1, forget",
        ),
        (vec![open(&whole)], "restart, apply 3, commit, delete 6"),
    ] {
        let (mut world, mut calls) = (World::new(script, pace).await, Calls::default());
        let running = world.reflector.run(&mut calls);
        tokio::time::timeout(Duration::from_millis(200), running).await.expect_err("it waits");
        assert_eq!(calls.0.join(", "), expected);
    }
}
