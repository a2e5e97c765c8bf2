//! The machine's clocks: the only place that asks them.

use std::time::{Duration, Instant, SystemTime};

use model::{Clock, Stamp};

/// The machine's monotonic and wall clock.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    /// The clock of this process, whose monotonic time begins now.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn stamp(&self) -> Stamp {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Stamp { monotonic: self.began.elapsed(), wall }
    }
}
