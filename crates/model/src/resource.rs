//! What records come from.

use crate::{Attributes, Text};

/// The thing that is observed: what all that is said of it has in common.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource {
    /// What it is.
    pub attributes: Attributes,
    /// The schema that these attributes follow.
    pub schema_url: Option<Text>,
}

impl Resource {
    /// A resource of these attributes.
    #[must_use]
    pub fn of(attributes: Attributes) -> Self {
        Self { attributes, schema_url: None }
    }
}

/// The library or program that measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its name.
    pub name: Text,
    /// Its version; empty for none.
    pub version: Text,
    /// What else is said of it.
    pub attributes: Attributes,
    /// The schema that its metrics and their attributes follow.
    pub schema_url: Option<Text>,
}
