//! Accounts of small deliveries, counted by hand.

use super::*;

fn event(time_ms: i64, kind: &str, stored_at_ms: i64) -> Stored {
    Stored { time_ms, stored_at_ms, message: format!("{{\"Type\":\"{kind}\",\"value\":{time_ms}}}") }
}

/// Ticks 10..20 of two events each, 30 ms behind each second.
fn whole() -> Vec<Stored> {
    let seconds = 10..20_i64;
    let both = |second: i64| ["Node", "NodeFS"].map(|kind| event(second * 1000 + 30, kind, second * 1000 + 50));
    seconds.flat_map(both).collect()
}

fn runs() -> Runs {
    Runs { interval_ms: 1000, started_ms: 9500, restarts: Vec::new(), ended_ms: 19_900 }
}

#[test]
fn a_whole_delivery_has_lost_nothing() {
    let account = Account::of(&whole(), &runs());
    assert_eq!((account.ticks, account.lost.len(), account.duplicates.len()), (10, 0, 0));
    assert_eq!((account.delay_ms(50), account.delay_ms(99)), (20, 20));
}

#[test]
fn a_missing_event_and_a_missing_tick_are_lost() {
    let mut stored = whole();
    stored.remove(9);
    stored.drain(4..6);
    assert_eq!(Account::of(&stored, &runs()).lost.len(), 3);
}

#[test]
fn ticks_missing_at_the_ends_are_lost() {
    assert_eq!(Account::of(&whole()[2..18], &runs()).lost.len(), 4);
}

#[test]
fn only_a_restart_excuses_a_tick() {
    let mut stored = whole();
    stored.drain(4..6);
    let excused = Runs { restarts: vec![(11_900, 12_020)], ..runs() };
    let account = Account::of(&stored, &excused);
    assert_eq!((account.excused, account.lost.len()), (1, 0));
    let elsewhere = Runs { restarts: vec![(13_200, 13_400)], ..runs() };
    assert_eq!(Account::of(&stored, &elsewhere).lost.len(), 2);
}

#[test]
fn what_is_stored_twice_is_a_duplicate() {
    let mut stored = whole();
    stored.push(event(11_030, "Node", 90_000));
    assert_eq!(Account::of(&stored, &runs()).duplicates, [11_050]);
}

#[test]
fn a_round_out_of_phase_replaces_no_tick() {
    let mut stored = whole();
    stored.drain(4..6);
    stored.push(event(12_700, "Node", 12_800));
    stored.push(event(12_700, "NodeFS", 12_800));
    assert_eq!(Account::of(&stored, &runs()).lost.len(), 2);
}

#[test]
fn events_that_look_alike_are_counted() {
    let mut stored = whole();
    stored.extend((10..20_i64).filter(|second| *second != 15).map(|second| Stored {
        message: format!("{{\"Type\":\"Node\",\"value\":-{second}}}"),
        ..event(second * 1000 + 30, "Node", second * 1000 + 50)
    }));
    assert_eq!(Account::of(&stored, &runs()).lost, [15_030]);
}
