//! An episode of failure: logged once when it starts and once when it ends.

/// Tells the first failure of an episode and its end, so that a fault that lasts fills no log.
///
/// ```
/// let mut episode = telemetry::Episode::default();
/// assert!(episode.failing(), "the first failure is worth a line");
/// assert!(!episode.failing(), "the second is not");
/// assert_eq!(episode.recovered(), Some(2));
/// assert_eq!(episode.recovered(), None, "it had not been failing");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Episode {
    failures: u64,
}

impl Episode {
    /// Counts a failure; true only on the first of an episode.
    #[must_use = "the first failure of an episode is to be logged"]
    pub fn failing(&mut self) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failures == 1
    }

    /// Ends the episode; how many failures it had, or `None` where none was going on.
    #[must_use = "the end of an episode is to be logged"]
    pub fn recovered(&mut self) -> Option<u64> {
        match std::mem::take(&mut self.failures) {
            0 => None,
            failures => Some(failures),
        }
    }

    /// Failures of the episode so far; 0 where none is going on.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::Episode;

    #[test]
    fn an_episode_is_told_once_at_its_start_and_once_at_its_end() {
        let mut episode = Episode::default();
        assert_eq!(episode.recovered(), None);
        for _ in 0..2 {
            let told: Vec<bool> = (0..3).map(|_| episode.failing()).collect();
            assert_eq!(told, [true, false, false]);
            assert_eq!(episode.failures(), 3);
            assert_eq!(episode.recovered(), Some(3));
            assert_eq!(episode.recovered(), None);
        }
    }
}
