use super::*;
use proptest::prelude::*;

fn events<'a>(list: &[(i64, &'a [u8])]) -> Vec<Event<'a>> {
    list.iter().map(|(time_ms, message)| Event { time_ms: *time_ms, message }).collect()
}

fn check_batch(list: &[(i64, &[u8])], expected: Result<(), BatchFault>) {
    match (check(&events(list)), expected) {
        (Ok(()), Ok(())) => {}
        (Err(Fault::Batch(found)), Err(expected)) => assert_eq!(found, expected),
        (found, expected) => panic!("{found:?} instead of {expected:?}"),
    }
}

#[test]
fn a_batch_at_a_limit_is_good_and_beyond_it_is_not() {
    check_batch(&[], Err(BatchFault::Empty));
    check_batch(&vec![(1, &b"x"[..]); MAX_EVENTS], Ok(()));
    check_batch(&vec![(1, &b"x"[..]); MAX_EVENTS + 1], Err(BatchFault::TooMany { events: MAX_EVENTS + 1 }));
    let day = 86_400_000;
    check_batch(&[(5, b"x"), (5 + day, b"x")], Ok(()));
    check_batch(&[(5, b"x"), (6 + day, b"x")], Err(BatchFault::Span { span_ms: day + 1 }));
    check_batch(&[(5, b"x"), (5, b"y")], Ok(()));
    check_batch(&[(5, b"x"), (7, b"y"), (6, b"z")], Err(BatchFault::Unordered { index: 2 }));
    let half = vec![b'x'; MAX_BATCH_BYTES / 2 - EVENT_OVERHEAD_BYTES];
    let more = vec![b'x'; half.len() + 1];
    check_batch(&[(5, &half), (5, &half)], Ok(()));
    check_batch(&[(5, &half), (5, &more)], Err(BatchFault::TooLarge { bytes: MAX_BATCH_BYTES + 1 }));
}

#[test]
fn an_event_that_can_not_be_sent_says_why() {
    let check_event = |time_ms, message: &[u8], expected| assert_eq!(event_fault(Event { time_ms, message }), expected);
    check_event(0, b"x", None);
    check_event(0, b"", Some(EventFault::Empty));
    check_event(-1, b"x", Some(EventFault::Time));
    check_event(0, b"\xff", Some(EventFault::NotText));
    check_event(0, &vec![b'x'; MAX_EVENT_BYTES], None);
    check_event(0, &vec![b'x'; MAX_EVENT_BYTES + 1], Some(EventFault::TooLarge { bytes: MAX_EVENT_BYTES + 1 }));
}

proptest! {
    #[test]
    fn a_batch_that_passes_keeps_every_limit(list in proptest::collection::vec((any::<i64>(), proptest::collection::vec(any::<u8>(), 0..4)), 0..5)) {
        let list: Vec<_> = list.iter().map(|(time, message)| (*time, message.as_slice())).collect();
        if check(&events(&list)).is_ok() {
            prop_assert!(!list.is_empty());
            prop_assert!(list.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            prop_assert!(list[list.len() - 1].0 - list[0].0 <= 86_400_000);
            prop_assert!(list.iter().all(|(_, message)| !message.is_empty() && std::str::from_utf8(message).is_ok()));
        }
    }
}
