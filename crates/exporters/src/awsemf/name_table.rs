//! Names of fields, each with a small number and its text as JSON, so that an event's names are neither hashed nor
//! escaped again.

use std::collections::HashMap;

use catalog::Attribute;
use model::{Name, Text};

use super::config::Config;
use super::grouping::SCOPE;
use super::{json, limits};

/// The attribute that says how finely metrics are stored; never a field.
const STORAGE_RESOLUTION: &str = "aws.emf.storage_resolution";

/// What becomes of an attribute of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A field with a text.
    Field,
    /// A field, and never a dimension unless declared: the name of an instrumentation scope.
    Scope,
    /// A field with JSON where its text is JSON.
    Nested,
    /// Written by the envelope: the attribute's own value isn't.
    Envelope,
    /// Belongs to the envelope alone: an attribute of this name is left out.
    Reserved,
    /// [`STORAGE_RESOLUTION`].
    StorageResolution,
    /// Left out by configuration.
    Excluded,
}

#[derive(Debug)]
pub(crate) struct Entry {
    /// The name.
    pub(crate) text: Text,
    /// A comma, the name as JSON, and a colon.
    pub(crate) member: Box<[u8]>,
    /// What becomes of an attribute of this name.
    pub(crate) role: Role,
    /// Whether CloudWatch takes it as a dimension's name.
    pub(crate) dimension: bool,
}

/// The names met so far; the catalogue's attributes come first, in its order.
#[derive(Debug)]
pub(crate) struct NameTable {
    entries: Vec<Entry>,
    ids: HashMap<Text, u32>,
    roles: HashMap<Text, Role>,
}

impl NameTable {
    pub(crate) fn new(config: &Config) -> Self {
        let mut roles = HashMap::new();
        for name in &config.parse_json_encoded_attr_values {
            roles.insert(Text::from(name.as_str()), Role::Nested);
        }
        if config.resource_to_telemetry_conversion.exclude_service_attributes {
            for name in ["service.name", "service.instance.id", "service.namespace"] {
                roles.insert(name.into(), Role::Excluded);
            }
        }
        roles.insert(SCOPE.into(), Role::Scope);
        roles.insert(STORAGE_RESOLUTION.into(), Role::StorageResolution);
        for name in ["Timestamp", "Version"] {
            roles.insert(name.into(), Role::Envelope);
        }
        for name in ["_aws", "CloudWatchMetrics"] {
            roles.insert(name.into(), Role::Reserved);
        }
        let mut names = Self { entries: Vec::new(), ids: HashMap::new(), roles };
        for attribute in Attribute::ALL {
            names.intern(&attribute.as_str().into());
        }
        names
    }

    /// The number of an attribute's name.
    pub(crate) fn of(&mut self, name: &Name) -> u32 {
        match name {
            Name::Known(attribute) => *attribute as u32,
            Name::Named(text) => self.intern(text),
        }
    }

    /// The number of any name.
    pub(crate) fn intern(&mut self, text: &Text) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let mut member = vec![b','];
        json::write_text(&mut member, text);
        member.push(b':');
        let role = self.roles.get(text).copied().unwrap_or(Role::Field);
        let length = text.chars().count();
        let dimension = (1..=limits::DIMENSION_NAME).contains(&length) && limits::is_dimension_text(text);
        let id = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry { text: text.clone(), member: member.into(), role, dimension });
        self.ids.insert(text.clone(), id);
        id
    }

    pub(crate) fn get(&self, id: u32) -> &Entry {
        &self.entries[id as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogues_attributes_have_the_numbers_of_their_order() {
        let mut names = NameTable::new(&Config::default());
        for attribute in Attribute::ALL {
            let id = names.of(&Name::Known(*attribute));
            assert_eq!(&*names.get(id).text, attribute.as_str());
            assert_eq!(names.intern(&attribute.as_str().into()), id);
        }
    }
}
