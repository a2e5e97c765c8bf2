//! Why there can be no collector.

/// Why there can be no collector.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine can't be read at all.
    #[error("open the machine below {root}")]
    Machine {
        /// Where its `/` should be.
        root: String,
        /// What the kernel said.
        source: linux::Error,
    },
    /// The options about the kubelet contradict each other.
    #[error("prepare the kubelet client")]
    Kubelet {
        /// What is wrong.
        #[source]
        source: kubernetes::Error,
    },
    /// Discovery of the platform cannot start.
    #[error(transparent)]
    Platform(#[from] platform::Error),
    /// Files that the options name and that can't be read.
    #[error("{}", faults.join("; "))]
    Files {
        /// What is wrong with each, its key first.
        faults: Vec<String>,
    },
    /// The sampling thread couldn't be made.
    #[error("start the sampling thread")]
    Thread {
        /// What the system said.
        source: std::io::Error,
    },
}
