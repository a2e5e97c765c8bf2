//! Types of options: each holds only what CloudWatch takes.

use std::collections::BTreeMap;

use aws::logs::limits::{MAX_TAGS, RETENTION_DAYS};
use confmap::{Decode, Faults, Node, Secret, did_you_mean, quote};

use super::Rollup;
use crate::awsemf::{limits, unit};
use crate::checked::Check;

/// Reads a text and makes a value of it, or a fault.
pub(crate) fn decode_with<T, E: Into<String>>(
    node: &Node,
    path: &str,
    faults: &mut Faults,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let text = String::decode(node, path, faults)?;
    parse(&text).map_err(|message| faults.at(path, node, message)).ok()
}

/// A namespace of CloudWatch, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Namespace(pub(crate) String);

impl Namespace {
    /// The namespace; empty where none was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Decode for Namespace {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_with(node, path, faults, |text| match limits::namespace_fault(text) {
            Some(fault) if !text.is_empty() => Err(format!("namespace {} {fault}", quote(text))),
            _ => Ok(Self(text.to_owned())),
        })
    }

    fn type_name() -> String {
        "string".to_owned()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }
}

/// Where events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputDestination {
    /// CloudWatch Logs.
    CloudWatch,
    /// Standard output, one event a line.
    Stdout,
}

impl Decode for OutputDestination {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_with(node, path, faults, |text| match text.to_ascii_lowercase().as_str() {
            "cloudwatch" => Ok(Self::CloudWatch),
            "stdout" => Ok(Self::Stdout),
            _ => {
                let meant = did_you_mean(text, &["cloudwatch", "stdout"]);
                Err(format!("expected one of cloudwatch, stdout, found the text {}{meant}", quote(text)))
            }
        })
    }

    fn type_name() -> String {
        "one of cloudwatch, stdout".to_owned()
    }

    fn show_default(&self) -> String {
        match self {
            Self::CloudWatch => "cloudwatch".to_owned(),
            Self::Stdout => "stdout".to_owned(),
        }
    }
}

/// The base URL of a service; empty for the region's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceUrl(pub(crate) String);

impl Decode for ServiceUrl {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_with(node, path, faults, |text| match aws::logs::endpoint_fault(text) {
            Some(fault) if !text.is_empty() => Err(format!("{} {fault}", quote(text))),
            _ => Ok(Self(text.to_owned())),
        })
    }

    fn type_name() -> String {
        "URL".to_owned()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }
}

/// The roll-up that is written; any word that isn't known is none, as in the Go exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RollupOption(pub(crate) Option<Rollup>);

impl Decode for RollupOption {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let text = String::decode(node, path, faults)?;
        let rollup = Rollup::parse(&text).unwrap_or_else(|| {
            if !text.is_empty() && !text.eq_ignore_ascii_case("none") {
                let words: Vec<&str> = Rollup::ALL.iter().map(|rollup| rollup.as_str()).collect();
                let meant = did_you_mean(&text, &words);
                let message = format!("{} is no rollup, as in the collector{meant}", quote(&text));
                faults.warn(path, node, message);
            }
            Rollup::None
        });
        Some(Self(Some(rollup)))
    }

    fn type_name() -> String {
        Rollup::type_name()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }

    fn of_null(node: &Node) -> Option<Self> {
        node.original.as_ref().map(|_| Self(Some(Rollup::None)))
    }
}

/// The name of a region; empty to find it out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Region(String);

impl Region {
    /// The name; empty where none was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Region {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Decode for Region {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_with(node, path, faults, |text| match aws::region_fault(text) {
            Some(fault) if !text.is_empty() => Err(format!("{} {fault}", quote(text))),
            _ => Ok(Self(text.to_owned())),
        })
    }

    fn type_name() -> String {
        "string".to_owned()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }
}

/// The URL of a proxy, which may hold a password; empty for what the environment says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxyAddress(pub(crate) Secret);

impl Decode for ProxyAddress {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let address = Secret::decode(node, path, faults)?;
        if let Some(fault) = aws::proxy_fault(address.reveal()) {
            faults.hidden(path, node, fault);
            return None;
        }
        Some(Self(address))
    }

    // That of a secret: printing a configuration hides it by this.
    fn type_name() -> String {
        Secret::type_name()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }

    fn of_null(node: &Node) -> Option<Self> {
        Secret::of_null(node).map(Self)
    }
}

/// A unit that CloudWatch knows; empty where none was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unit(pub(crate) &'static str);

impl Decode for Unit {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_with(node, path, faults, |text| {
            unit::known(text).map(Self).ok_or_else(|| {
                let meant = did_you_mean(text, unit::UNITS);
                format!("unknown unit {}{meant}; CloudWatch knows {}", quote(text), unit::UNITS.join(", "))
            })
        })
    }

    fn type_name() -> String {
        "unit of CloudWatch".to_owned()
    }

    fn show_default(&self) -> String {
        self.0.to_owned()
    }
}

/// Names of dimensions, each once, in byte order; at most 30.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DimensionSet(pub(crate) Vec<String>);

impl Decode for DimensionSet {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let mut names = Vec::<String>::decode(node, path, faults)?;
        names.sort();
        names.dedup();
        let before = faults.len();
        if names.len() > limits::DIMENSIONS_OF_SET {
            let count = names.len();
            faults.at(path, node, format!("{count} dimensions; CloudWatch takes {}", limits::DIMENSIONS_OF_SET));
        }
        for name in &names {
            if !limits::is_dimension_text(name) || name.len() > limits::DIMENSION_NAME {
                let rule = "ASCII without control characters, not blank, no colon at the start, at most 250 characters";
                faults.at(path, node, format!("{} can't be a dimension's name: CloudWatch takes {rule}", quote(name)));
            }
        }
        (faults.len() == before).then_some(Self(names))
    }

    fn type_name() -> String {
        Vec::<String>::type_name()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }
}

/// Days that CloudWatch Logs can keep events for; 0 for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention(pub(crate) u32);

impl Retention {
    /// The number of days; 0 for ever.
    #[must_use]
    pub const fn days(self) -> u32 {
        self.0
    }
}

impl Decode for Retention {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let days = u32::decode(node, path, faults)?;
        let known = || [0].iter().chain(RETENTION_DAYS);
        if known().any(|known| *known == days) {
            return Some(Self(days));
        }
        let known: Vec<String> = known().map(u32::to_string).collect();
        faults.at(path, node, format!("log events can't be kept for {days} days, only for {}", known.join(", ")));
        None
    }

    fn type_name() -> String {
        "number of days".to_owned()
    }

    fn show_default(&self) -> String {
        self.0.to_string()
    }
}

/// The value of a log group's tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagValue(pub(crate) String);

impl TagValue {
    /// The value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Decode for TagValue {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_with(node, path, faults, |text| match tag_fault(text, 256, "_.:/=+-@*") {
            Some(fault) => Err(format!("the tag's value {} {fault}", quote(text))),
            None => Ok(Self(text.to_owned())),
        })
    }

    fn type_name() -> String {
        "string".to_owned()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }
}

impl Check for BTreeMap<String, TagValue> {
    fn check(&self, node: &Node, path: &str, faults: &mut Faults) {
        if self.len() > MAX_TAGS {
            faults.at(path, node, format!("{} tags; a log group takes {MAX_TAGS}", self.len()));
        }
        for key in self.keys() {
            if let Some(fault) = tag_fault(key, 128, "_.:/=+-@") {
                let at = node.get(key).unwrap_or(node);
                let key = if at.written.is_some() { "behind a reference".to_owned() } else { quote(key) };
                faults.at(path, at, format!("the tag's key {key} {fault}"));
            }
        }
    }
}

fn tag_fault(text: &str, most: usize, signs: &str) -> Option<String> {
    if text.is_empty() {
        Some("is empty".to_owned())
    } else if text.len() > most {
        Some(format!("is longer than {most} bytes"))
    } else if text.chars().all(|sign| sign.is_alphanumeric() || sign.is_whitespace() || signs.contains(sign)) {
        None
    } else {
        Some(format!("has characters other than letters, digits, blanks and {signs}"))
    }
}

impl From<super::LogGroupClass> for aws::logs::GroupClass {
    fn from(class: super::LogGroupClass) -> Self {
        match class {
            super::LogGroupClass::Standard => Self::Standard,
            super::LogGroupClass::InfrequentAccess => Self::InfrequentAccess,
            super::LogGroupClass::Delivery => Self::Delivery,
        }
    }
}
