//! Destinations and namespaces met so far, each with a small number.

use std::collections::HashMap;

use model::{Attributes, Record, Text};

use super::config::Config;
use super::destination::Destination;
use super::grouping::Target;
use super::limits;
use super::template::{self, Role, Template};

/// The namespace where neither the configuration nor an attribute names one.
const DEFAULT_NAMESPACE: &str = "default";

#[derive(Debug)]
pub(crate) struct Destinations {
    group: Template,
    stream: Template,
    namespace: Option<u32>,
    namespaces: Vec<Text>,
    destinations: Vec<Destination>,
    numbers: HashMap<Destination, u32>,
    // Reused texts, and the number the last ones had: most events go where the one before went.
    group_name: String,
    stream_name: String,
    last: u32,
}

impl Destinations {
    pub(crate) fn new(config: &Config, default_stream: &str) -> Self {
        let stream = if config.log_stream_name.is_empty() {
            // Braces in a given name are no placeholders; should it have any, it stays as it is.
            Template::parse(default_stream).unwrap_or_default()
        } else {
            config.log_stream_name.clone()
        };
        let mut table = Self {
            group: config.log_group_name.clone(),
            stream,
            namespace: None,
            namespaces: Vec::new(),
            destinations: Vec::new(),
            numbers: HashMap::new(),
            group_name: String::new(),
            stream_name: String::new(),
            last: u32::MAX,
        };
        let namespace = config.namespace.as_str();
        table.namespace = (!namespace.is_empty()).then(|| table.namespace_number(namespace));
        table
    }

    /// Where a record's points go.
    pub(crate) fn of(&mut self, record: &Record) -> Target {
        let (resource, own) = (&record.resource.attributes, &record.attributes);
        let namespace = self.namespace.unwrap_or_else(|| self.namespace_of(resource));
        self.group_name.clear();
        self.stream_name.clear();
        let mut resolved = true;
        if self.group.is_empty() {
            self.group_name.push_str("/metrics/");
            template::append(Role::Group, &self.namespaces[namespace as usize], &mut self.group_name);
        } else {
            resolved &= self.group.resolve(Role::Group, resource, own, &mut self.group_name);
        }
        resolved &= self.stream.resolve(Role::Stream, resource, own, &mut self.stream_name);
        Target { destination: self.destination_number(), namespace, resolved }
    }

    pub(crate) fn destination(&self, number: u32) -> &Destination {
        &self.destinations[number as usize]
    }

    pub(crate) fn namespace(&self, number: u32) -> &str {
        &self.namespaces[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.destinations.len() + self.namespaces.len()
    }

    fn destination_number(&mut self) -> u32 {
        let last = self.destinations.get(self.last as usize);
        if last.is_some_and(|last| last.is(&self.group_name, &self.stream_name)) {
            return self.last;
        }
        let destination = Destination::new(&self.group_name, &self.stream_name);
        let next = u32::try_from(self.destinations.len()).unwrap_or(u32::MAX);
        self.last = *self.numbers.entry(destination).or_insert_with_key(|destination| {
            self.destinations.push(destination.clone());
            next
        });
        self.last
    }

    fn namespace_of(&mut self, attributes: &Attributes) -> u32 {
        let part = |name| attributes.get(name).map_or("", |value| &**value);
        match (part("service.namespace"), part("service.name")) {
            ("", "") => self.namespace_number(DEFAULT_NAMESPACE),
            ("", one) | (one, "") => self.namespace_number(&limits::to_namespace(one)),
            (namespace, name) => self.namespace_number(&limits::to_namespace(&format!("{namespace}/{name}"))),
        }
    }

    fn namespace_number(&mut self, text: &str) -> u32 {
        let number = self.namespaces.iter().position(|known| **known == *text).unwrap_or_else(|| {
            self.namespaces.push(text.into());
            self.namespaces.len() - 1
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}
