//! Refusals, orders to wait, and garbage.

use super::*;

#[tokio::test]
async fn a_right_that_is_granted_later_is_used() {
    for (status, code) in [("403 Forbidden", "403"), ("401 Unauthorized", "401"), ("404 Not Found", "404")] {
        let refusals = if code == "401" { 2 } else { 1 };
        let mut script: Vec<_> = (0..2 * refusals).map(|_| refused(status)).collect();
        script.push(open(&[event("ADDED", "a", 3), end(5)]));
        let mut world = World::new(script, PACE).await;
        let began = Instant::now();
        let seen = world.until(|seen| seen.report.phase == Phase::Refused).await;
        assert!(seen.names.is_none() && seen.fault().ends_with(&format!("answered {code}: it is refused")), "{seen:?}");
        // The future is dropped here: the waiting begins anew, and so does the list.
        let seen = world.until(|seen| seen.has("a")).await;
        assert!(began.elapsed() > Duration::from_millis(100), "{:?}", began.elapsed());
        assert_eq!(seen.asked, vec!["stream"; 2 * refusals + 1], "{status}");
        assert_eq!(seen.report.phase, Phase::Watching);
    }
}

#[tokio::test]
async fn a_right_that_is_withdrawn_leaves_what_was_known() {
    let script =
        vec![closed(&[event("ADDED", "a", 3), end(5)]), refused("403 Forbidden"), open(&[event("ADDED", "b", 6)])];
    let mut world = World::new(script, PACE).await;
    let seen = world.until(|seen| seen.report.phase == Phase::Refused).await;
    assert!(seen.has("a"));
}

#[tokio::test]
async fn the_servers_order_to_wait_is_obeyed() {
    let busy =
        Reply::begin("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n", Then::Keep);
    let mut world = World::new(vec![busy, open(&[event("ADDED", "a", 3), end(5)])], PACE).await;
    let began = Instant::now();
    let seen = world.until(|seen| seen.has("a")).await;
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(seen.asked, ["stream", "stream"]);
}

#[tokio::test]
async fn a_line_that_is_no_event_is_a_new_list() {
    for garbage in ["<html>\n", "{\"type\":\"ADDED\"}\n", "{\"type\":\"ADDED\",\"object\":{\n", "\u{fffd}\n"] {
        let script = vec![
            open(&[event("ADDED", "a", 3), end(5), garbage.to_owned(), event("ADDED", "x", 6)]),
            open(&[event("ADDED", "b", 8), end(9)]),
        ];
        let seen = play(script, "b").await;
        assert_eq!((seen.asked.clone(), seen.counts.lists), (vec!["stream".to_owned(); 2], 2));
        assert!(seen.fault().contains("is no event: "), "{}", seen.fault());
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_read_costs_only_itself() {
    let odd = event("MODIFIED", "a", 6).replace(r#""name":"a""#, r#""name":7"#);
    let long = "x".repeat(crate::LARGEST_OBJECT);
    let large = event("ADDED", "x", 6).replace(r#""name":"x""#, &format!(r#""name":"{long}""#));
    let padded = event("ADDED", "b", 7).replace(r#""manager":"kubectl""#, &format!(r#""manager":"{long}""#));
    let lines = [event("ADDED", "a", 3), end(5), odd, large, padded];
    let seen = play(vec![open(&lines)], "a b").await;
    assert_eq!((seen.asked.len(), seen.counts.broken, seen.counts.cut, seen.counts.events), (1, 2, 1, 3));
    assert!(seen.fault().starts_with("an object can't be read: an object is too large"), "{}", seen.fault());
}

#[tokio::test]
async fn a_server_that_is_away_is_asked_again() {
    let away = || Reply::begin("", Then::Reset);
    let script = vec![away(), away(), Reply::begin("", Then::Hang), open(&[event("ADDED", "a", 3), end(5)])];
    let mut world = World::with_deadline(script, PACE, Duration::from_millis(400)).await;
    let seen = world.until(|seen| seen.has("a")).await;
    assert_eq!(seen.asked, ["stream"; 4]);
    assert!(seen.fault().contains("did not answer within 400ms"), "{}", seen.fault());
}

#[tokio::test]
async fn what_can_never_work_ends_it() {
    let world = World::new(Vec::new(), PACE).await;
    let mut reflector = Reflector::new(world.reflector.api, "/no path", PACE);
    let error = reflector.run(&mut world.store.clone()).await;
    assert!(matches!(error, Error::Setting { .. }), "{error:?}");
}
