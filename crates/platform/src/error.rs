//! Why discovery cannot start.

/// Why discovery cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options about the API server contradict each other.
    #[error("prepare the API server's client")]
    ApiServer {
        /// What is wrong.
        #[source]
        source: kubernetes::Error,
    },
}
