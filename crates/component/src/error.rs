//! Why a component cannot be built or started.

/// A cause of any kind.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a component cannot be built or started.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// What is missing in options and environment, a sentence for each.
    #[error("{}", .0.join("; "))]
    Missing(Vec<String>),
    /// It failed; `hint` says what the operator can do, where that is known.
    #[error("{hint}")]
    Failed {
        /// What the operator can do; empty where the cause says it.
        hint: &'static str,
        /// The cause.
        #[source]
        cause: Cause,
    },
}

impl BuildError {
    /// A failure whose cause says enough.
    pub fn of(cause: impl Into<Cause>) -> Self {
        Self::Failed { hint: "", cause: cause.into() }
    }
}
