//! How a case ended, against its bounds.

use super::bed::Ended;

/// How a case ended, and what it may have cost.
pub(super) struct Outcome {
    pub(super) ended: Ended,
    pub(super) allowed: Allowed,
}

/// The bounds of a case.
#[derive(Default)]
pub(super) struct Allowed {
    /// Events that may be missing.
    pub(super) lost: Lost,
    /// Events that may be stored twice.
    pub(super) duplicates: usize,
    /// Milliseconds from a tick to its acceptance, at the median and at the 99th hundredth.
    pub(super) delays_ms: Option<(i64, i64)>,
}

/// How many events may be missing.
#[derive(Default)]
pub(super) enum Lost {
    /// As many as the agent's own counter says: none unless it says so.
    #[default]
    Told,
    /// None, and the agent's own counter says so too.
    None,
    /// What memory alone held between these moments, when the agent was killed.
    Between(i64, i64),
}

/// The head of the table.
pub(super) const HEAD: &str = "\
case                              ticks  excused  events   lost  dropped  twice  allowed  p50 ms  p99 ms  max ms";

impl Outcome {
    /// Its line of the table.
    pub(super) fn row(&self, name: &str) -> String {
        let account = &self.ended.account;
        let [p50, p99, most] = [50, 99, 100].map(|hundredths| account.delay_ms(hundredths));
        format!(
            "{name:33} {:5} {:8} {:7} {:6} {:8} {:6} {:8} {p50:7} {p99:7} {most:7}",
            account.ticks,
            account.excused,
            account.stored - account.duplicates.len(),
            account.lost.len(),
            self.dropped(),
            account.duplicates.len(),
            self.allowed.duplicates,
        )
    }

    /// Events that the agent says it dropped.
    fn dropped(&self) -> usize {
        self.ended.page.count("container_insights_dropped_events")
    }

    /// The bounds that were missed, in words.
    pub(super) fn missed(&self) -> Vec<String> {
        let (account, mut missed) = (&self.ended.account, self.ended.violations.clone());
        let (lost, dropped, twice) = (account.lost.len(), self.dropped(), account.duplicates.len());
        let moments = || account.lost.first().zip(account.lost.last());
        if account.ticks == 0 {
            missed.push("nothing arrived".to_owned());
        }
        match self.allowed.lost {
            Lost::Told if lost != dropped => {
                missed.push(format!("{lost} events lost, {dropped} told, from and to {:?}", moments()))
            }
            Lost::None if lost + dropped > 0 => {
                missed.push(format!("{lost} events lost, {dropped} told, from and to {:?}", moments()));
            }
            Lost::Between(from, to) if !account.lost.iter().all(|moment| (from..=to).contains(moment)) => {
                missed.push(format!("events lost outside {from}..{to}, from and to {:?}", moments()));
            }
            _ => {}
        }
        if twice > self.allowed.duplicates {
            missed.push(format!("{twice} events stored twice, at most {}", self.allowed.duplicates));
        }
        if let Some((p50, p99)) = self.allowed.delays_ms
            && (account.delay_ms(50) > p50 || account.delay_ms(99) > p99)
        {
            missed.push(format!("from tick to acceptance more than {p50} ms at p50 or {p99} ms at p99"));
        }
        missed
    }
}
