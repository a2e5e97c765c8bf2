//! Waiting for what should come true: always with a deadline, and with what was awaited in the failure.

use std::time::{Duration, Instant};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until `holds` is true.
///
/// # Panics
///
/// Where it is not true within `deadline`; `what` says what was awaited.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "other processes and sockets take real time")]
pub fn eventually(deadline: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < deadline, "not within {deadline:?}: {what}");
        std::thread::sleep(LOOK);
    }
}

/// The same on a runtime, by its clock.
///
/// # Panics
///
/// Where it is not true within `deadline`; `what` says what was awaited.
pub async fn eventually_async(deadline: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let held = async {
        while !holds() {
            tokio::time::sleep(LOOK).await;
        }
    };
    assert!(tokio::time::timeout(deadline, held).await.is_ok(), "not within {deadline:?}: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_true_is_waited_for() {
        let mut looks = 0;
        eventually(Duration::from_secs(20), "three looks", || {
            looks += 1;
            looks == 3
        });
        assert_eq!(looks, 3);
    }

    #[test]
    #[should_panic(expected = "not within 20ms: a miracle")]
    fn what_never_comes_true_ends_with_its_name() {
        eventually(Duration::from_millis(20), "a miracle", || false);
    }
}
