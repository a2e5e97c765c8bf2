//! Attributes of a resource or a record: names and values, each name once, in byte order.

use std::cmp::Ordering;

use catalog::Attribute;

use crate::{AttributeValue, Text};

/// An attribute's name: one of the catalogue's, or any other.
#[derive(Debug, Clone)]
pub enum Name {
    /// A name of the catalogue.
    Known(Attribute),
    /// Any other name: from a configuration, a scrape, another sender.
    Named(Text),
}

impl Name {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(attribute) => attribute.as_str(),
            Self::Named(name) => name,
        }
    }
}

impl From<Attribute> for Name {
    fn from(attribute: Attribute) -> Self {
        Self::Known(attribute)
    }
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Attribute::from_name(name).map_or_else(|| Self::Named(name.into()), Self::Known)
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Known(this), Self::Known(that)) => this.cmp(that),
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Name {}

/// Attributes, each name once, in byte order of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(Name, AttributeValue)>);

impl Attributes {
    /// No attributes.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No attributes yet, with room for `capacity` of them.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Sets an attribute; an earlier value of the same name is replaced.
    pub fn insert(&mut self, name: impl Into<Name>, value: impl Into<AttributeValue>) {
        let (name, value) = (name.into(), value.into());
        match self.0.binary_search_by(|(present, _)| present.cmp(&name)) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Takes an attribute away; its value, where it was there.
    pub fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        self.find(name).map(|at| self.0.remove(at).1)
    }

    /// The value of a name as a text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.value(name).map(AttributeValue::text)
    }

    /// The value of a name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&AttributeValue> {
        self.find(name).map(|at| &self.0[at].1)
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|(present, _)| present.as_str().cmp(name)).ok()
    }

    /// Whether the name is there.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and values as texts, in byte order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Name, &Text)> {
        self.values().map(|(name, value)| (name, value.text()))
    }

    /// Names and values in byte order of the names.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&Name, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Any, Typed};

    #[test]
    fn names_of_both_kinds_stand_in_byte_order_and_once() {
        let mut attributes = Attributes::new();
        for (name, value) in [("device", "a"), ("Zone", "b"), ("ClusterName", "c"), ("app", "d"), ("device", "e")] {
            attributes.insert(name, value);
        }
        let written: Vec<_> = attributes.iter().map(|(name, value)| format!("{}={value}", name.as_str())).collect();
        assert_eq!(written, ["ClusterName=c", "Zone=b", "app=d", "device=e"]);
        assert_eq!(attributes.get("Zone").map(|value| &**value), Some("b"));
        assert!(!attributes.contains("zone"));
        assert_eq!((attributes.remove("Zone"), attributes.remove("Zone")), (Some("b".into()), None));
        assert_eq!((attributes.len(), attributes.contains("Zone")), (3, false));
    }

    #[test]
    fn a_value_that_is_no_text_has_one() {
        let mut attributes = Attributes::new();
        let typed = Typed { value: Any::Integer(7), text: "7".into() };
        attributes.insert("port", AttributeValue::Other(Box::new(typed.clone())));
        assert_eq!(attributes.get("port").map(|text| &**text), Some("7"));
        assert_eq!(attributes.value("port"), Some(&AttributeValue::Other(Box::new(typed))));
    }

    #[test]
    fn a_catalogued_name_is_one_name_however_it_was_made() {
        assert_eq!(Name::from("device"), Name::Known(Attribute::Device));
        assert_eq!(Name::Named("device".into()), Name::Known(Attribute::Device));
    }
}
