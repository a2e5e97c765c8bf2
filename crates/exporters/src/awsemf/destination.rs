//! Where an event goes.

use model::Text;

/// A log group and a log stream of CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// The log group's name.
    pub group: Text,
    /// The log stream's name.
    pub stream: Text,
}
