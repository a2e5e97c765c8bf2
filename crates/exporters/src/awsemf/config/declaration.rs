//! Metric declarations and metric descriptors.

use confmap::{Decode, Faults, Node, Value, join, quote};
use regex::Regex;

use super::values::{DimensionSet, Unit, decode_with};
use crate::checked::{Check, Checked};

confmap::config! {
    /// Metrics that CloudWatch extracts, and the dimension sets it extracts them by.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Declaration {
        /// Dimension sets: lists of attribute names, at most 30 each. A set counts where an event has all of them with
        /// a value.
        pub dimensions: Vec<DimensionSet> = Vec::new(),
        /// Regular expressions; a metric is selected where one of them matches anywhere in its name. Required.
        pub metric_name_selectors: Vec<Pattern> = Vec::new(),
        /// Which events the declaration is about: those that any matcher accepts; empty for all.
        pub label_matchers: Vec<Checked<LabelMatcher>> = Vec::new(),
    }
}

confmap::config! {
    /// Accepts events by the values of their attributes.
    #[derive(Debug, Clone, PartialEq)]
    pub struct LabelMatcher {
        /// The attributes whose values are joined in this order; one that is missing counts as empty. Required.
        pub label_names: Vec<String> = Vec::new(),
        /// What stands between the joined values.
        pub separator: String = ";".to_owned(),
        /// The regular expression that has to match anywhere in the joined text. Required.
        pub regex: Option<Pattern> = None,
    }
}

confmap::config! {
    /// The unit of a metric.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Descriptor {
        /// The metric's full name. Required.
        pub metric_name: String = String::new(),
        /// The unit, as CloudWatch spells it. Required.
        pub unit: Unit = Unit::default(),
        /// Replaces a unit the metric comes with; otherwise it counts where there is none.
        pub overwrite: bool = false,
    }
}

impl Check for Declaration {
    fn check(&self, node: &Node, path: &str, faults: &mut Faults) {
        if self.metric_name_selectors.is_empty() {
            faults.within(path, node, "metric_name_selectors", "a declaration needs at least one selector");
        }
        self.warn_of_single_dimensions(node, path, faults);
    }
}

impl Declaration {
    /// `[A, B]` is two sets of one dimension, as in the Go exporter, and mostly one set of two is meant.
    fn warn_of_single_dimensions(&self, node: &Node, path: &str, faults: &mut Faults) {
        let Some(written) = node.get("dimensions") else { return };
        let Value::List(items) = &written.value else { return };
        let is_bare =
            |item: &Node| !matches!(item.value, Value::List(_)) && !item.text().is_some_and(|text| text.contains(','));
        if items.len() > 1 && items.iter().all(is_bare) {
            let count = items.len();
            let path = join(path, "dimensions");
            let shown: Vec<&str> = items.iter().take(3).filter_map(Node::text).collect();
            let (shown, dots) = (shown.join(", "), if count > 3 { ", …" } else { "" });
            let message = format!(
                "are {count} sets of one dimension each, as in the collector; [[{shown}{dots}]] is one set of {count}"
            );
            faults.warn(path, written, message);
        }
    }
}

impl Check for LabelMatcher {
    fn check(&self, node: &Node, path: &str, faults: &mut Faults) {
        if self.label_names.is_empty() {
            faults.within(path, node, "label_names", "a label matcher needs at least one label name");
        }
        if self.regex.is_none() {
            faults.within(path, node, "regex", "a label matcher needs a regular expression");
        }
    }
}

impl Check for Descriptor {
    fn check(&self, node: &Node, path: &str, faults: &mut Faults) {
        if self.metric_name.is_empty() {
            faults.within(path, node, "metric_name", "a descriptor needs a metric name");
        }
        if self.unit.0.is_empty() {
            faults.within(path, node, "unit", "a descriptor needs a unit");
        }
    }
}

/// A regular expression, searched for anywhere in a text.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Reads a regular expression.
    ///
    /// # Errors
    ///
    /// What is wrong with it, on one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        Regex::new(text).map(Self).map_err(|error| {
            // The library shows the place over several lines; its last one says what is wrong.
            let words = error.to_string();
            let reason = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("invalid regular expression {}: {reason}", quote(text))
        })
    }

    /// Whether it matches anywhere in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Decode for Pattern {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        // Each that is too large takes its time to be found so: after a few of them the others aren't looked at.
        if faults.costly(false) {
            let message = "is not looked at, since others before it are too large";
            faults.at(path, node, message);
            return None;
        }
        let mut too_large = false;
        let value = decode_with(node, path, faults, |text| {
            let parsed = Self::parse(text);
            too_large = matches!(&parsed, Err(message) if message.contains("size limit"));
            parsed
        });
        faults.costly(too_large);
        value
    }

    fn type_name() -> String {
        "regular expression".to_owned()
    }

    fn show_default(&self) -> String {
        self.as_str().to_owned()
    }

    fn from_words() -> bool {
        true
    }
}
