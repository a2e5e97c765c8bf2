//! What can keep a session from being made, and what can keep it from having credentials.

use std::time::Duration;

/// A session that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that can't work with any answer of AWS.
    #[error("{key}: {reason}")]
    Setting {
        /// The setting or variable.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No region anywhere. Trying again can help: instance metadata may answer later.
    #[error("no region found: {}; set region or AWS_REGION", places.join(", "))]
    NoRegion {
        /// Every place looked at in order, and what was there.
        places: Vec<String>,
    },
}

/// No credentials that could be used. No message holds one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoCredentials {
    /// No place has any.
    #[error("no credentials found: {}", places.join(", "))]
    Nowhere {
        /// Every place looked at in order, and what was there.
        places: Vec<String>,
    },
    /// A place that should give some failed.
    #[error("credentials can't be fetched: {words}")]
    Failed {
        /// The chain of causes.
        words: String,
    },
    /// No place answered in time.
    #[error("no credentials within {after:?}: check instance metadata, the container's endpoint or STS")]
    Late {
        /// The time allowed.
        after: Duration,
    },
    /// Those found can't be made into a signature.
    #[error("the credentials found can't be used to sign a request")]
    Unusable,
}
