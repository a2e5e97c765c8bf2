//! What the service takes, and the check of a batch before it is sent.
//!
//! Follows "PutLogEvents" and "CloudWatch Logs quotas" of the service's documentation (2026).

use std::time::Duration;

use super::Event;

/// Bytes of a batch: all messages in UTF-8 and [`EVENT_OVERHEAD_BYTES`] for each.
pub const MAX_BATCH_BYTES: usize = 1 << 20;
/// What each event counts beyond its message.
pub const EVENT_OVERHEAD_BYTES: usize = 26;
/// Bytes of one event's message: an event may have a megabyte, and has to fit a batch with its overhead.
pub const MAX_EVENT_BYTES: usize = MAX_BATCH_BYTES - EVENT_OVERHEAD_BYTES;
/// Events of a batch.
pub const MAX_EVENTS: usize = 10_000;
/// Time between the first and the last event of a batch; exactly this is still taken.
pub const MAX_SPAN: Duration = Duration::from_secs(24 * 3600);
/// The retentions a group can have, in days.
pub const RETENTION_DAYS: &[u32] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Tags of a group.
pub const MAX_TAGS: usize = 50;
/// Why an event can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventFault {
    /// No text at all.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_EVENT_BYTES`].
    #[error("has {bytes} bytes, more than {MAX_EVENT_BYTES}")]
    TooLarge {
        /// Its message's size.
        bytes: usize,
    },
    /// No UTF-8, so no JSON can hold it.
    #[error("is no UTF-8")]
    NotText,
    /// Before 1970.
    #[error("has a time before 1970")]
    Time,
}

/// Why a batch can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchFault {
    /// No event.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_EVENTS`].
    #[error("has {events} events, more than {MAX_EVENTS}")]
    TooMany {
        /// How many it has.
        events: usize,
    },
    /// More than [`MAX_BATCH_BYTES`].
    #[error("has {bytes} bytes, more than {MAX_BATCH_BYTES}")]
    TooLarge {
        /// Its size as the service counts.
        bytes: usize,
    },
    /// An event is earlier than the one before it.
    #[error("is not in order of time at event {index}")]
    Unordered {
        /// The earlier event's place.
        index: usize,
    },
    /// More than [`MAX_SPAN`] between first and last.
    #[error("spans {span_ms} ms, more than a day")]
    Span {
        /// Milliseconds between first and last.
        span_ms: i64,
    },
}

/// What is wrong with a batch, or with one of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// With the event of this place in the batch.
    Event {
        /// Its place in the batch.
        index: usize,
        /// What is wrong with it.
        fault: EventFault,
    },
    /// With the batch.
    Batch(BatchFault),
}

impl EventFault {
    /// Its name in metrics.
    pub fn label(self) -> &'static str {
        match self {
            EventFault::Empty => "empty",
            EventFault::TooLarge { .. } => "event_too_large",
            EventFault::NotText => "not_text",
            EventFault::Time => "time",
        }
    }
}

/// What an event counts in a batch.
pub const fn size_of(message: &[u8]) -> usize {
    message.len() + EVENT_OVERHEAD_BYTES
}

/// Why the event can't be sent; `None` where it can.
pub fn event_fault(event: Event<'_>) -> Option<EventFault> {
    if event.message.is_empty() {
        return Some(EventFault::Empty);
    }
    if event.message.len() > MAX_EVENT_BYTES {
        return Some(EventFault::TooLarge { bytes: event.message.len() });
    }
    if event.time_ms < 0 {
        return Some(EventFault::Time);
    }
    std::str::from_utf8(event.message).is_err().then_some(EventFault::NotText)
}

/// Checks a batch against every limit that doesn't depend on the service's clock.
pub fn check(events: &[Event<'_>]) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Err(Fault::Batch(BatchFault::Empty));
    };
    if events.len() > MAX_EVENTS {
        return Err(Fault::Batch(BatchFault::TooMany { events: events.len() }));
    }
    for (index, event) in events.iter().enumerate() {
        if let Some(fault) = event_fault(*event) {
            return Err(Fault::Event { index, fault });
        }
    }
    let bytes = events.iter().map(|event| size_of(event.message)).sum();
    if bytes > MAX_BATCH_BYTES {
        return Err(Fault::Batch(BatchFault::TooLarge { bytes }));
    }
    if let Some(index) = events.windows(2).position(|pair| pair[1].time_ms < pair[0].time_ms) {
        return Err(Fault::Batch(BatchFault::Unordered { index: index + 1 }));
    }
    // Both are at least 0, so that the difference can't overflow.
    let span_ms = last.time_ms - first.time_ms;
    if u128::from(span_ms.unsigned_abs()) > MAX_SPAN.as_millis() {
        return Err(Fault::Batch(BatchFault::Span { span_ms }));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
