//! What one request of a service may hold.

use std::time::Duration;

/// What one request may hold. The default has no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all frames, each with its overhead.
    pub bytes: usize,
    /// What the service adds to each frame's bytes.
    pub frame_overhead: usize,
    /// Frames.
    pub frames: usize,
    /// Metric points of all frames.
    pub points: u64,
    /// Time between the earliest and the latest frame; exactly this still fits.
    pub span: Duration,
    /// In which order frames are sent.
    pub order: Order,
}

/// In which order the frames of a destination are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Frames of a request are sorted by time. Requests may overtake one another: after an outage the newest frames go first,
    /// unless the configuration asks for the oldest.
    #[default]
    ByTime,
    /// As they were queued, one request at a time: no frame overtakes another.
    AsQueued,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: usize::MAX,
            frame_overhead: 0,
            frames: usize::MAX,
            points: u64::MAX,
            span: Duration::MAX,
            order: Order::ByTime,
        }
    }
}

/// What a request holds already.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Load {
    pub(super) bytes: usize,
    pub(super) frames: usize,
    pub(super) points: u64,
    /// Times of the earliest and the latest frame in milliseconds; `None` before there is one, or where they don't count.
    times: Option<(i64, i64)>,
}

impl Load {
    /// Adds a frame with so many bytes, its overhead among them.
    pub(super) fn add(&mut self, bytes: usize, points: u64, time_ms: i64) {
        self.add_group(bytes, 1, points);
        let (earliest, latest) = self.times.unwrap_or((time_ms, time_ms));
        self.times = Some((earliest.min(time_ms), latest.max(time_ms)));
    }

    /// Adds several frames whose times don't count.
    pub(super) fn add_group(&mut self, bytes: usize, frames: usize, points: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.frames += frames;
        self.points = self.points.saturating_add(points);
    }

    /// Whether one request may hold this.
    pub(super) fn fits(&self, limits: &Limits) -> bool {
        let span = self.times.map_or(0, |(earliest, latest)| latest.saturating_sub(earliest).unsigned_abs());
        self.bytes <= limits.bytes
            && self.frames <= limits.frames
            && self.points <= limits.points
            && u128::from(span) <= limits.span.as_millis()
    }
}
