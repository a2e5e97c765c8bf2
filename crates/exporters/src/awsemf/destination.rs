//! Where an event goes.

use crate::delivery;

/// What stands between the names in the key. No log group's name has it.
const SEPARATOR: char = '\0';

/// A log group and a log stream of CloudWatch Logs, as a destination of [`delivery`]. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination(delivery::Destination);

impl Destination {
    /// The destination of these names.
    #[must_use]
    pub fn new(group: &str, stream: &str) -> Self {
        Self(delivery::Destination::new(&format!("{group}{SEPARATOR}{stream}")))
    }

    /// The log group's name.
    #[must_use]
    pub fn group(&self) -> &str {
        names(&self.0).map_or("", |(group, _)| group)
    }

    /// The log stream's name.
    #[must_use]
    pub fn stream(&self) -> &str {
        names(&self.0).map_or("", |(_, stream)| stream)
    }

    /// Whether it has these names.
    #[must_use]
    pub fn is(&self, group: &str, stream: &str) -> bool {
        let rest = self.0.key().strip_prefix(group).and_then(|rest| rest.strip_prefix(SEPARATOR));
        rest.is_some_and(|rest| rest == stream)
    }

    /// The same for the queue.
    #[must_use]
    pub const fn queued(&self) -> &delivery::Destination {
        &self.0
    }
}

/// Log group and log stream of a queue's destination; `None` for one that isn't of CloudWatch Logs.
pub(super) fn names(destination: &delivery::Destination) -> Option<(&str, &str)> {
    destination.key().split_once(SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_read_back_from_its_key() {
        let destination = Destination::new("group", "a stream");
        assert_eq!((destination.group(), destination.stream()), ("group", "a stream"));
        assert!(destination.is("group", "a stream"));
        assert!(!destination.is("group", "a") && !destination.is("grou", "p\0a stream") && !destination.is("", ""));
        assert_eq!(destination.queued().key(), "group\0a stream", "as earlier versions left it in the spool");
        assert_eq!(names(&delivery::Destination::new("tenant")), None);
    }
}
