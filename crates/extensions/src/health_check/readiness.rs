//! Whether events leave the agent, from the board alone: what `/ready` says.
//!
//! A component that is `degraded` is ready: its work leaves, with something missing.

use std::time::Duration;

use telemetry::{ComponentHealth, Output, State};

/// Why the agent is not ready, a reason for each component that nothing leaves; empty where it is ready.
///
/// `now` is monotonic. `grace` is how long an exporter may have something to deliver while nothing is delivered.
pub(super) fn reasons(board: &[ComponentHealth], now: Duration, grace: Duration) -> Vec<String> {
    let counts = |component: &str| component.starts_with("receiver/") || component.starts_with("exporter/");
    let standings = board.iter().filter(|standing| counts(&standing.component));
    standings
        .filter_map(|standing| Some(format!("{}: {}", standing.component, reason(standing, now, grace)?)))
        .collect()
}

fn reason(standing: &ComponentHealth, now: Duration, grace: Duration) -> Option<String> {
    let ComponentHealth { state, message, output, .. } = standing;
    let Output { last, waiting_since, every } = *output;
    let with_message = |reason: String| if message.is_empty() { reason } else { format!("{reason}: {message}") };
    if *state == State::Failed {
        return Some(if message.is_empty() { "failed".to_owned() } else { message.clone() });
    }
    let Some(last) = last else {
        let what = if standing.component.starts_with("receiver/") { "made" } else { "delivered" };
        return Some(with_message(format!("nothing has been {what} yet")));
    };
    let waiting = waiting_since.map(|since| now.saturating_sub(since)).filter(|waiting| *waiting > grace);
    if let Some(waiting) = waiting {
        return Some(with_message(format!("nothing has been delivered for {} s", waiting.as_secs())));
    }
    let silent = now.saturating_sub(last);
    let is_late = every.is_some_and(|longest| silent > longest);
    is_late.then(|| with_message(format!("no round for {} s", silent.as_secs())))
}

#[cfg(test)]
mod tests {
    use telemetry::HealthBoard;

    use super::*;

    const RECEIVER: &str = "receiver/awscontainerinsightreceiver";
    const EXPORTER: &str = "exporter/awsemf";
    const GRACE: Duration = at(300);

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A board on which everything has left once, at 100 s.
    fn working() -> HealthBoard {
        let board = HealthBoard::default();
        for component in [RECEIVER, EXPORTER] {
            board.component(component).ok(at(1));
            board.component(component).output(at(100));
        }
        board
    }

    fn check(board: &HealthBoard, now: u64, expected: &[&str]) {
        assert_eq!(reasons(&board.snapshot(), at(now), GRACE), expected);
    }

    #[test]
    fn nothing_is_ready_before_it_has_left() {
        let board = HealthBoard::default();
        let _starting = board.component(RECEIVER);
        board.component(EXPORTER).starting(at(1));
        let receiver = format!("{RECEIVER}: nothing has been made yet");
        check(&board, 5, &[&format!("{EXPORTER}: nothing has been delivered yet"), &receiver]);
        board.component(EXPORTER).degraded(at(2), "group stream: refused");
        check(&board, 5, &[&format!("{EXPORTER}: nothing has been delivered yet: group stream: refused"), &receiver]);
        // What has succeeded in another way, as a request whose events were all refused, hasn't delivered.
        board.component(EXPORTER).ok(at(2));
        board.component(RECEIVER).output(at(3));
        check(&board, 5, &[&format!("{EXPORTER}: nothing has been delivered yet")]);
        board.component(EXPORTER).output(at(3));
        check(&board, 5, &[]);
    }

    #[test]
    fn what_failed_is_not_ready_at_once_and_what_is_degraded_is() {
        let board = working();
        board.component(RECEIVER).degraded(at(2), "kubelet: refused");
        check(&board, 110, &[]);
        board.component(RECEIVER).failed(at(2), "the cluster's name is unknown");
        check(&board, 110, &[&format!("{RECEIVER}: the cluster's name is unknown")]);
    }

    #[test]
    fn an_outage_counts_after_its_grace_and_ends_with_what_leaves() {
        let board = working();
        let exporter = board.component(EXPORTER);
        exporter.output_waits(at(110));
        exporter.degraded(at(2), "503");
        check(&board, 410, &[]);
        check(&board, 411, &[&format!("{EXPORTER}: nothing has been delivered for 301 s: 503")]);
        exporter.output(at(412));
        check(&board, 5000, &[]);
    }

    #[test]
    fn a_receiver_that_makes_no_rounds_any_more_is_not_ready() {
        let board = working();
        board.component(RECEIVER).output_every(at(180));
        check(&board, 280, &[]);
        check(&board, 281, &[&format!("{RECEIVER}: no round for 181 s")]);
    }

    #[test]
    fn only_receivers_and_exporters_count() {
        let board = working();
        board.component("extension/file_storage").failed(at(2), "disk full");
        check(&board, 110, &[]);
    }
}
