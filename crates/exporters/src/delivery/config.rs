//! Options of delivery that the collector's exporters share: queue, retries, and what they may take.

use std::time::Duration;

use confmap::{ComponentId, Faults, Ignored, Node};

use crate::checked::Check;

/// Bytes that wait in memory unless configured: hours of a node with 110 pods, since they are compressed.
const IN_MEMORY: u64 = 16 << 20;
/// Most bytes of memory that hold what a disk should and can't.
pub(super) const FALLBACK_BYTES: u64 = IN_MEMORY;
/// Bytes that wait on disk unless configured.
const ON_DISK: u64 = 1 << 30;

confmap::choice! {
    /// What a queue's size counts.
    pub enum Sizer {
        /// Bytes held, compressed: of memory, or of the disk with `storage`.
        Bytes = "bytes",
        /// Items, such as log events.
        Items = "items",
        /// Requests: what one batch has for one destination.
        Requests = "requests",
    }
}

confmap::config! {
    /// What waits for delivery.
    #[derive(Debug, Clone, PartialEq)]
    pub struct SendingQueue {
        /// Keeps what can't be sent at once; else that is dropped, and counted.
        pub enabled: bool = true,
        /// Requests under way at the same time, over all destinations.
        pub num_consumers: u32 = 10,
        /// How much may wait, as `sizer` counts; requests where `sizer` is not written.
        ///
        /// Without the option: 16 MiB, or 1 GiB with `storage`. What is over it drops the oldest, and counts it.
        pub queue_size: Option<u64> = None,
        /// What `queue_size` counts.
        pub sizer: Option<Sizer> = None,
        /// Waits for room instead of dropping the oldest; batches that come meanwhile are dropped by their receiver.
        ///
        /// With `storage` and a size in bytes the oldest on disk goes all the same.
        pub block_on_overflow: bool = false,
        /// The `file_storage` extension to wait in, on disk, instead of in memory.
        pub storage: Option<ComponentId> = None,
        /// Sends what waited before what is new; else both at the same time, and the new one first.
        pub backlog_first: bool = false,
        /// How long delivery goes on after SIGTERM; then what is left stays in `storage`, or is lost and counted.
        pub drain_timeout: Duration = Duration::from_secs(25),
        /// Waits for the answer before the batch counts as passed on.
        #[accepted("the queue takes a batch over as soon as it holds it")]
        pub wait_for_result: bool = false,
        /// How batches become requests.
        #[accepted("requests are as large as the service takes them")]
        pub batch: Ignored = Ignored,
    }
}

confmap::config! {
    /// What happens to requests that fail and may succeed later.
    #[derive(Debug, Clone, PartialEq)]
    pub struct RetryOnFailure {
        /// Sends them again; else they are dropped, and counted.
        pub enabled: bool = true,
        /// The wait after the first failure.
        pub initial_interval: Duration = Duration::from_secs(5),
        /// How far a wait may lie from its middle: 0.5 is from half of it to one and a half.
        pub randomization_factor: f64 = 0.5,
        /// By how much a wait is longer than the one before.
        pub multiplier: f64 = 1.5,
        /// The longest wait.
        pub max_interval: Duration = Duration::from_secs(30),
        /// How long something is tried before it is dropped; 0 for as long as the service would take it.
        pub max_elapsed_time: Duration = Duration::ZERO,
    }
}

impl SendingQueue {
    /// What the size counts, and how much of it may wait.
    #[must_use]
    pub fn limit(&self) -> (Sizer, u64) {
        match (self.sizer, self.queue_size) {
            _ if !self.enabled => (Sizer::Bytes, IN_MEMORY),
            (None, Some(size)) => (Sizer::Requests, size),
            (None | Some(Sizer::Bytes), None) => (Sizer::Bytes, self.default_bytes()),
            // As many as the collector's default.
            (Some(sizer), None) => (sizer, 1000),
            (Some(sizer), Some(size)) => (sizer, size),
        }
    }

    /// The same if the disk can't be used at all, so that memory has to do.
    #[must_use]
    pub fn limit_in_memory(&self) -> (Sizer, u64) {
        match self.limit() {
            (Sizer::Bytes, size) => (Sizer::Bytes, size.min(FALLBACK_BYTES)),
            other => other,
        }
    }

    /// Most bytes on disk, with `storage`.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        match self.limit() {
            (Sizer::Bytes, size) => size,
            _ => ON_DISK,
        }
    }

    fn default_bytes(&self) -> u64 {
        if self.storage.is_some() { ON_DISK } else { IN_MEMORY }
    }
}

impl Check for SendingQueue {
    fn check(&self, node: &Node, path: &str, faults: &mut Faults) {
        if self.num_consumers == 0 {
            faults.within(path, node, "num_consumers", "`num_consumers` must be positive");
        }
        if self.queue_size == Some(0) {
            faults.within(path, node, "queue_size", "`queue_size` must be positive");
        }
        if self.wait_for_result && self.storage.is_some() {
            let words = "`wait_for_result` is not supported with a persistent queue configured with `storage`";
            faults.within(path, node, "wait_for_result", words);
        }
    }
}

impl Check for RetryOnFailure {
    fn check(&self, node: &Node, path: &str, faults: &mut Faults) {
        if !(0.0..=1.0).contains(&self.randomization_factor) {
            faults.within(path, node, "randomization_factor", "'randomization_factor' must be within [0, 1]");
        }
        if !(self.multiplier >= 0.0 && self.multiplier.is_finite()) {
            faults.within(path, node, "multiplier", "'multiplier' must be non-negative");
        }
        if !self.max_elapsed_time.is_zero() {
            for (key, interval) in [("initial_interval", self.initial_interval), ("max_interval", self.max_interval)] {
                if self.max_elapsed_time < interval {
                    faults.within(
                        path,
                        node,
                        "max_elapsed_time",
                        format!("'max_elapsed_time' must not be less than '{key}'"),
                    );
                }
            }
        }
    }
}
