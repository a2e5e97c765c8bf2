//! The options of `batch`, and what must be true of them together.

use std::collections::HashSet;
use std::ops::Deref;
use std::time::Duration;

use confmap::{Decode, Faults, Node, OptionDoc, Value, quote};

confmap::config! {
    /// Gathers parts of rounds into larger ones, within bounds; a whole round never waits.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Options {
        /// How long a part of a round waits for the rest at most; 0 to send it at once.
        pub timeout: Timeout = Timeout(Duration::from_millis(200)),
        /// How many points may wait; once there are as many they go on. 0 to send each part at once.
        pub send_batch_size: u32 = 8192,
        /// How many points go on together at most; 0 for no bound. Records are never cut, so a larger one goes alone.
        pub send_batch_max_size: u32 = 0,
        /// Request metadata that batches are kept apart by.
        #[accepted("records carry no request metadata")]
        pub metadata_keys: Vec<String> = Vec::new(),
        /// How many combinations of metadata there may be.
        #[accepted("records carry no request metadata")]
        pub metadata_cardinality_limit: u32 = 1000,
    }
}

/// A time to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl Decode for Timeout {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        // A plain duration says the same in other words; these are the ones people search for.
        if node.text().is_some_and(|text| text.starts_with('-')) || matches!(node.value, Value::Int(..0)) {
            faults.at(path, node, "timeout must be greater or equal to 0");
            return None;
        }
        Duration::decode(node, path, faults).map(Self)
    }

    fn type_name() -> String {
        Duration::type_name()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }
}

/// Options that fit together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config(Options);

impl Deref for Config {
    type Target = Options;

    fn deref(&self) -> &Options {
        &self.0
    }
}

impl Decode for Config {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let before = faults.len();
        let options = Options::decode(node, path, faults)?;
        if options.send_batch_max_size > 0 && options.send_batch_max_size < options.send_batch_size {
            let message = "send_batch_max_size must be greater or equal to send_batch_size";
            faults.within(path, node, "send_batch_max_size", message);
        }
        let mut earlier = HashSet::new();
        for key in &options.metadata_keys {
            if !earlier.insert(key.to_ascii_lowercase()) {
                let message = format!("duplicate entry in metadata_keys: {} (case-insensitive)", quote(key));
                faults.within(path, node, "metadata_keys", message);
            }
        }
        (faults.len() == before).then_some(Self(options))
    }

    fn type_name() -> String {
        Options::type_name()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }

    fn about() -> String {
        Options::about()
    }

    fn nested_options() -> Vec<OptionDoc> {
        Options::nested_options()
    }

    fn accepted_written(node: &Node, path: &str, written: &mut Vec<(String, &'static str)>) {
        <Options as Decode>::accepted_written(node, path, written);
    }
}
