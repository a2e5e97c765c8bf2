//! The labels of one pod, as far as they are wanted and as far as they fit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::owners::POD_TEMPLATE_HASH;

/// The most that is kept of a pod's labels, in bytes of names and values. Kubernetes bounds a label, not their number.
pub const LABEL_BYTES: usize = 32 << 10;
/// A longer one is no label: Kubernetes takes names of 317 bytes and values of 63.
const LONGEST: usize = 1 << 10;
/// Labels that are not kept are still matched with Services, up to this many a pod: eight bytes each.
const MOST_DIGESTS: usize = 4096;

/// Which labels are kept of a pod.
#[derive(Debug, Clone, Default)]
pub struct LabelRules {
    /// Names of labels; `None` for all. `pod-template-hash` is always kept: it tells a Deployment from its ReplicaSet.
    pub names: Option<Arc<[String]>>,
}

impl LabelRules {
    fn wants(&self, name: &str) -> bool {
        name == POD_TEMPLATE_HASH || self.names.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
    }
}

/// What was found of one pod's labels, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    /// What is kept; of those that don't fit the last ones by name go.
    pub(super) kept: BTreeMap<Box<str>, Box<str>>,
    bytes: usize,
    /// How many labels that are wanted did not fit.
    pub(crate) cut: u32,
    /// Of those that are not kept, so that a Service still finds its pods.
    pub(crate) others: Vec<u64>,
}

impl Labels {
    pub(super) fn add(&mut self, name: Cow<'_, str>, value: Cow<'_, str>, rules: &LabelRules) {
        if !rules.wants(&name) {
            self.pass_over(&name, &value);
            return;
        }
        let size = name.len() + value.len();
        if size > LONGEST {
            self.cut = self.cut.saturating_add(1);
            return;
        }
        // Go writes labels sorted: once there is no room, nearly all that follows ends here.
        let is_last = self.kept.last_key_value().is_some_and(|(last, _)| **last < *name);
        if self.bytes + size > LABEL_BYTES && is_last && name != POD_TEMPLATE_HASH {
            self.cut = self.cut.saturating_add(1);
            self.pass_over(&name, &value);
            return;
        }
        self.bytes += size;
        let name = Box::from(name);
        let length = str::len(&name);
        if let Some(before) = self.kept.insert(name, value.into()) {
            self.bytes -= length + before.len();
        }
        while self.bytes > LABEL_BYTES {
            let Some(last) = self.kept.keys().rev().find(|name| ***name != *POD_TEMPLATE_HASH).cloned() else { return };
            let value = self.kept.remove(&last).unwrap_or_default();
            self.bytes -= last.len() + value.len();
            self.cut = self.cut.saturating_add(1);
            self.pass_over(&last, &value);
        }
    }

    /// A label too long to be held at all.
    pub(super) fn add_endless(&mut self) {
        self.cut = self.cut.saturating_add(1);
    }

    fn pass_over(&mut self, name: &str, value: &str) {
        if self.others.len() < MOST_DIGESTS {
            self.others.push(digest(name, value));
        }
    }
}

/// A label in eight bytes, the same in every place that compares it.
pub(crate) fn digest(name: &str, value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, value).hash(&mut hasher);
    hasher.finish()
}
