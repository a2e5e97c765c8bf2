//! A line of the log that comes again and again: written once in a while, and the others counted.

use std::time::Duration;

/// Lets a line into the log at most once in a span of time, and counts the lines that it kept out.
///
/// An [`Episode`](crate::Episode) ends with the first success. Where success and failure take turns, that is no bound; this is.
///
/// ```
/// use std::time::Duration;
/// let mut line = telemetry::Seldom::new(Duration::from_secs(60));
/// assert_eq!(line.says(Duration::from_secs(5)), Some(0), "the first is written");
/// assert_eq!(line.says(Duration::from_secs(6)), None);
/// assert_eq!(line.says(Duration::from_secs(65)), Some(1), "a minute later, with the number of those between");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Seldom {
    every: Duration,
    /// When a line was written last, by the monotonic clock.
    written_at: Option<Duration>,
    unlogged: u64,
}

impl Seldom {
    /// Nothing was written yet.
    #[must_use]
    pub const fn new(every: Duration) -> Self {
        Self { every, written_at: None, unlogged: 0 }
    }

    /// Whether a line is to be written now, and how many were kept out since the last one; else it is counted.
    #[must_use = "a line that is due is to be written"]
    pub fn says(&mut self, now: Duration) -> Option<u64> {
        if self.is_due(now) {
            self.written_at = Some(now);
            return Some(std::mem::take(&mut self.unlogged));
        }
        self.unlogged = self.unlogged.saturating_add(1);
        None
    }

    /// How many lines were kept out, once it is time to say so though no further one came.
    #[must_use = "what was kept out is to be told"]
    pub fn kept_out(&mut self, now: Duration) -> Option<u64> {
        if self.unlogged == 0 || !self.is_due(now) {
            return None;
        }
        self.says(now)
    }

    fn is_due(&self, now: Duration) -> bool {
        self.written_at.is_none_or(|at| now.saturating_sub(at) >= self.every)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_once_in_a_span_and_the_others_are_counted() {
        let at = Duration::from_secs;
        let mut line = Seldom::new(at(60));
        let written: Vec<_> = [5, 6, 64, 65, 66, 200].map(|now| line.says(at(now))).into();
        assert_eq!(written, [Some(0), None, None, Some(2), None, Some(1)]);
    }

    #[test]
    fn what_was_kept_out_is_told_once_when_it_is_time() {
        let at = Duration::from_secs;
        let mut line = Seldom::new(at(60));
        assert_eq!(line.kept_out(at(1)), None);
        assert_eq!([line.says(at(5)), line.says(at(6))], [Some(0), None]);
        assert_eq!([line.kept_out(at(64)), line.kept_out(at(65)), line.kept_out(at(500))], [None, Some(1), None]);
    }
}
