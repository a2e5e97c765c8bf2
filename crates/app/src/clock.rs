//! The machine's clocks: the only place that asks them.

use std::time::{Duration, SystemTime};

use model::{Clock, Stamp};
use rustix::time::{ClockId, clock_gettime};

/// The machine's wall clock, and the one that never goes back and counts the time the machine was suspended
/// (`CLOCK_BOOTTIME`): waits and deadlines go by it.
#[derive(Debug)]
pub struct SystemClock {
    began: Duration,
}

impl SystemClock {
    /// The clock of this process, whose monotonic time begins now.
    pub fn new() -> Self {
        Self { began: since_boot() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn stamp(&self) -> Stamp {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Stamp { monotonic: since_boot().saturating_sub(self.began), wall }
    }
}

fn since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
