//! Time, handed down from `app`: no other crate asks the machine for it, so recorded samples replay.

use std::time::Duration;

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Stamp {
    /// Since an arbitrary moment, never going back: what rates divide by.
    pub monotonic: Duration,
    /// Since the Unix epoch, as the machine's wall clock says it: what events carry.
    pub wall: Duration,
}

impl Stamp {
    /// The wall time in milliseconds since the Unix epoch.
    #[must_use]
    pub fn wall_ms(self) -> i64 {
        i64::try_from(self.wall.as_millis()).unwrap_or(i64::MAX)
    }

    /// The monotonic time from `earlier` to here; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.monotonic.saturating_sub(earlier.monotonic)
    }
}

/// Says what time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// This instant.
    fn stamp(&self) -> Stamp;
}
