//! Events: what leaves the process.

use std::sync::Arc;

use crate::Text;

/// Where an event goes: a log group and a log stream of CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// The log group's name.
    pub group: Text,
    /// The log stream's name.
    pub stream: Text,
}

/// Encoded bytes and their destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Log group and stream.
    pub destination: Arc<Destination>,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// One JSON object without a line end.
    pub body: Vec<u8>,
}
