//! What can go wrong between asking the kubelet and holding its answer.

/// An answer that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// The text ends inside a value: the answer was cut short.
    #[error("answer ends after {bytes} bytes, inside a value")]
    Truncated {
        /// Length of the text.
        bytes: usize,
    },
    /// The text is not JSON, or a member has another shape than the API's.
    #[error("answer is not the JSON expected")]
    Json(#[from] serde_json::Error),
    /// Good JSON of another object, such as a `Status` where a `PodList` was asked for.
    #[error("answer is {found:?}, not {expected}")]
    Kind {
        /// The object asked for.
        expected: &'static str,
        /// The answer's `kind`, shortened; empty where it has none.
        found: Box<str>,
    },
}
