//! A loaded configuration to components and pipelines; every fault of it in one go.

use std::collections::{BTreeMap, HashSet};

use confmap::{ComponentId, Decode, Entry, Fault, Faults, Loaded, Node, Reading, Source, Value, did_you_mean};

use crate::components::{Component, Section};
use crate::foreign;
use crate::references::{References, parts};
use crate::registry::{TYPES, Types};
use crate::service::Service;

const NO_PIPELINE: &str = "service must have at least one pipeline";
/// A section that collectors have and this agent reads over.
const CONNECTORS: &str = "connectors";

/// A configuration that can be run.
#[derive(Debug)]
pub struct Configuration {
    /// The components in use, by section and name as written.
    pub components: BTreeMap<(Section, ComponentId), Component>,
    /// The pipelines and the agent's own telemetry.
    pub service: Service,
    /// What is worth a line in the log.
    pub warnings: Vec<Fault>,
    /// The component types it was read with.
    pub types: Types,
}

impl Configuration {
    /// The options of its components of one type.
    pub fn options<C: std::any::Any>(&self) -> impl Iterator<Item = &C> {
        self.components.values().filter_map(Component::options)
    }
}

/// What became of a configuration.
#[derive(Debug)]
pub struct Checked {
    /// The configuration, where it has no fault.
    pub configuration: Option<Configuration>,
    /// Every fault and every warning, in the order of the lines.
    pub faults: Faults,
    /// Where it was read from.
    pub sources: Vec<Source>,
}

/// Reads every component and checks that what is referred to is there.
///
/// # Errors
///
/// Every fault of it.
pub fn decode(loaded: Loaded) -> Result<Configuration, Faults> {
    let Checked { configuration, faults, .. } = check(loaded.into());
    configuration.ok_or(faults)
}

/// Reads as much of every component as can be read, and checks that what is referred to is there.
#[must_use]
pub fn check(reading: Reading) -> Checked {
    check_with(reading, TYPES)
}

/// The same with component types of the caller's.
#[must_use]
pub fn check_with(reading: Reading, types: Types) -> Checked {
    let Reading { root, mut faults, sources, whole } = reading;
    // What is missing in a part that couldn't be read is unknown.
    let read = if whole { read(&root, &sources, types, &mut faults) } else { None };
    let names: Vec<_> = sources.iter().map(|source| source.name.clone()).collect();
    faults.sort_by_place(&names);
    let configuration = read.filter(|_| faults.is_empty()).map(|(components, service)| {
        let warnings = faults.warnings().0.to_vec();
        Configuration { components, service, warnings, types }
    });
    Checked { configuration, faults, sources }
}

type Components = BTreeMap<(Section, ComponentId), Component>;

fn read(root: &Node, sources: &[Source], types: Types, faults: &mut Faults) -> Option<(Components, Service)> {
    if root.entries().is_empty() {
        faults.missing("", nothing_in(sources));
        return None;
    }
    check_sections(root, faults);
    let before = faults.len();
    let decoded =
        root.get("service").map_or_else(|| Some(Service::default()), |node| Service::decode(node, "service", faults));
    // A fault of the telemetry doesn't hide those of pipelines.
    let service = decoded.unwrap_or_else(|| References::lenient(root));
    if let Some(node) = root.get("service") {
        note_without_effect("service", node, Service::accepted_keys_written(node), faults);
    }
    let faulty_service = faults.len() > before;
    let references = References::of(&service, root, types);
    let mut components = BTreeMap::new();
    for section in Section::ALL {
        let node = root.get(section.key());
        let entries = node.map(Node::entries).unwrap_or_default();
        let is_missing = node.is_none_or(|node| node.is_null() || node.as_map().is_some());
        if entries.is_empty() && is_missing && matches!(section, Section::Receivers | Section::Exporters) {
            faults.missing(section.key(), format!("no {} configuration specified in config", section.singular()));
        }
        for entry in entries {
            let mut reading = ReadingOf { section, references: &references, types, faults };
            if let Some((id, component)) = reading.component(entry) {
                components.insert((section, id), component);
            }
        }
    }
    check_service(&service, &references, root, faulty_service, faults);
    check_storage(&service, &components, root, faults);
    components.retain(|(section, id), _| references.has(*section, id));
    Some((components, service))
}

/// What is said where no source holds anything.
fn nothing_in(sources: &[Source]) -> String {
    match sources.iter().find_map(|source| source.unset.as_ref()) {
        Some(variable) => format!("environment variable {variable} is not set, so there is no configuration"),
        None => {
            let names: Vec<&str> = sources.iter().map(|source| &*source.name).collect();
            format!("empty configuration file: {}", names.join(", "))
        }
    }
}

fn check_sections(root: &Node, faults: &mut Faults) {
    let known: Vec<&str> = Section::ALL.iter().map(|section| section.key()).chain(["service"]).collect();
    for entry in root.entries() {
        if known.contains(&entry.key.as_str()) || entry.key == CONNECTORS {
            if !matches!(entry.value.value, Value::Map(_) | Value::Null) && entry.key != "service" {
                let message = format!("expected a map of components, found {}", entry.value.describe());
                faults.at(entry.key.as_str(), &entry.value, message);
            }
            continue;
        }
        let meant = if faults.is_full() { String::new() } else { did_you_mean(&entry.key, &known) };
        let message = format!("unknown section{meant} (valid: receivers, processors, exporters, extensions, service)");
        faults.push(Fault { path: entry.key.clone(), location: Some(entry.location.clone()), message });
    }
}

struct ReadingOf<'a> {
    section: Section,
    references: &'a References,
    types: Types,
    faults: &'a mut Faults,
}

impl ReadingOf<'_> {
    fn component(&mut self, entry: &Entry) -> Option<(ComponentId, Component)> {
        let section = self.section.key();
        let path = format!("{section}::{}", entry.key);
        let id: ComponentId = match entry.key.parse() {
            Ok(id) => id,
            Err(error) => {
                self.tell(path, entry, error.to_string());
                return None;
            }
        };
        let Some(kind) = self.types.find(self.section, &id.kind) else {
            self.unknown(path, entry, &id);
            return None;
        };
        let is_used = self.references.has(self.section, &id);
        if let Some(words) = kind.deprecated {
            self.warn(path.clone(), entry, words.to_owned());
        }
        if let Some(words) = kind.inert.filter(|_| is_used) {
            self.warn(path.clone(), entry, words.to_owned());
        }
        let component = (kind.decode)(&entry.value, &path, self.faults)?;
        if is_used {
            note_without_effect(&path, &entry.value, (kind.without_effect)(&entry.value), self.faults);
            if let Component::Exporter(options) = &component {
                options.warnings(&path).into_iter().for_each(|warning| self.place(warning, &path, entry));
            }
        }
        Some((id, component))
    }

    /// A type that isn't here: of another collector, or of none.
    fn unknown(&mut self, path: String, entry: &Entry, id: &ComponentId) {
        // Beyond the bound of faults words are looked for in vain.
        if self.faults.is_full() {
            return self.tell(path, entry, String::new());
        }
        let (message, meant) = match foreign::owner(self.section, &id.kind) {
            Some(owner) => {
                let message =
                    format!("the {} {} of {owner} is not in this agent yet", self.section.singular(), id.kind);
                (message, String::new())
            }
            None => {
                let (meant, known) = (self.meant(&id.kind), self.types.names(self.section));
                (format!("unknown type: {:?} for id: \"{id}\"{meant} (valid values: {known:?})", id.kind), meant)
            }
        };
        if self.references.has_where_it_runs(self.section, id) {
            // A slip is mended where it is; what is nowhere has to go.
            let edit = if meant.is_empty() { self.references.edit(self.section, id) } else { String::new() };
            self.tell(path, entry, format!("{message}{edit}"));
        } else if !self.references.has(self.section, id) {
            self.warn(path, entry, format!("{message}; nothing uses it, so it is ignored"));
        }
    }

    fn meant(&self, kind: &str) -> String {
        let section = self.section;
        let other = Section::ALL.into_iter().find(|other| self.types.find(*other, kind).is_some());
        if let Some(other) = other {
            return format!("; {kind} is one of the {}", other.key());
        }
        let known: Vec<&str> = self.types.names(section).into_iter().chain(foreign::names(section)).collect();
        did_you_mean(kind, &known)
    }

    fn tell(&mut self, path: String, entry: &Entry, message: String) {
        self.faults.push(Fault { path, location: Some(entry.location.clone()), message });
    }

    fn warn(&mut self, path: String, entry: &Entry, message: String) {
        self.faults.push_warning(Fault { path, location: Some(entry.location.clone()), message });
    }

    /// Adds a warning about a key below a component, with the place of the closest key that was written.
    fn place(&mut self, warning: Fault, path: &str, entry: &Entry) {
        let mut closest = &entry.value;
        for part in warning.path.strip_prefix(path).unwrap_or_default().split("::").filter(|part| !part.is_empty()) {
            match closest.at(part) {
                Some(node) => closest = node,
                None => break,
            }
        }
        let location = warning.location.clone().or_else(|| Some(closest.location.clone()));
        self.faults.push_warning(Fault { location, ..warning });
    }
}

fn note_without_effect(path: &str, node: &Node, keys: Vec<(String, &'static str)>, faults: &mut Faults) {
    for (key, reason) in keys {
        let location = node.at(&key).map(|node| node.location.hidden());
        let message = format!("has no effect: {reason}");
        faults.push_warning(Fault { path: confmap::join(path, &key), location, message });
    }
}

/// A queue's storage has to be a `file_storage` extension in use.
fn check_storage(service: &Service, components: &Components, root: &Node, faults: &mut Faults) {
    for ((section, id), component) in components {
        let Component::Exporter(options) = component else { continue };
        let Some(storage) = options.storage() else { continue };
        let found = components.get(&(Section::Extensions, storage.clone()));
        let is_storage = matches!(found, Some(Component::Extension(extension)) if extension.storage().is_some());
        let words = match found {
            Some(_) if is_storage && service.extensions.contains(storage) => continue,
            Some(_) if is_storage => format!("extension \"{storage}\" is not in service::extensions"),
            Some(_) => format!("extension \"{storage}\" is no file_storage"),
            None => {
                let known: Vec<String> = components
                    .keys()
                    .filter(|(section, _)| *section == Section::Extensions)
                    .map(|(_, id)| id.to_string())
                    .collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let meant = did_you_mean(&storage.to_string(), &known);
                format!("references extension \"{storage}\" which is not configured{meant}")
            }
        };
        let key = format!("{}::{id}", section.key());
        faults.within("", root, &format!("{key}::sending_queue::storage"), words);
    }
}

fn check_service(service: &Service, references: &References, root: &Node, faulty: bool, faults: &mut Faults) {
    let Some(node) = root.get("service") else {
        faults.missing("service::pipelines", NO_PIPELINE);
        return;
    };
    let pipelines = node.get("pipelines");
    if service.pipelines.is_empty() && !faulty {
        faults.within("service", node, "pipelines", NO_PIPELINE);
    }
    let configured = Configured::of(root);
    for (number, id) in service.extensions.iter().enumerate() {
        if !configured.has(Section::Extensions, id) {
            let at = item(node.get("extensions"), number).unwrap_or(node);
            faults.at("service::extensions", at, configured.missing(Section::Extensions, id, faults.is_full()));
        }
    }
    for (name, pipeline) in &service.pipelines {
        let path = format!("service::pipelines::{name}");
        let written = pipelines.and_then(|pipelines| pipelines.get(name)).unwrap_or(node);
        let key = pipelines.and_then(Node::as_map).and_then(|map| map.entry(name)).map(|entry| entry.location.clone());
        if let Some(message) = references.fault_of_pipeline(name) {
            faults.push(Fault { path, location: key, message });
            continue;
        }
        for (section, ids) in parts(pipeline) {
            let singular = section.singular();
            let list = written.get(section.key());
            if ids.is_empty() && section != Section::Processors && !faulty {
                let message = format!("must have at least one {singular}");
                faults.push(Fault { path: path.clone(), location: key.clone(), message });
            }
            let mut seen = HashSet::new();
            for (number, id) in ids.iter().enumerate() {
                let at = item(list, number).unwrap_or(written);
                if !configured.has(section, id) {
                    faults.at(path.as_str(), at, configured.missing(section, id, faults.is_full()));
                } else if section == Section::Processors && !seen.insert(id) {
                    faults.at(path.as_str(), at, format!("references processor \"{id}\" multiple times"));
                }
            }
        }
    }
}

/// An item of a list as it was written; the list itself where that is one text.
fn item(list: Option<&Node>, number: usize) -> Option<&Node> {
    let list = list?;
    match &list.value {
        Value::List(items) => items.get(number),
        _ => Some(list),
    }
}

/// The components that are configured, by their names.
struct Configured {
    ids: HashSet<(Section, ComponentId)>,
    connectors: HashSet<ComponentId>,
}

impl Configured {
    fn of(root: &Node) -> Self {
        let ids = |key: &str| {
            let entries = root.get(key).map(Node::entries).unwrap_or_default();
            entries.iter().filter_map(|entry| entry.key.parse::<ComponentId>().ok()).collect::<Vec<_>>()
        };
        let of = |section: Section| ids(section.key()).into_iter().map(move |id| (section, id));
        Self { ids: Section::ALL.into_iter().flat_map(of).collect(), connectors: ids(CONNECTORS).into_iter().collect() }
    }

    fn has(&self, section: Section, id: &ComponentId) -> bool {
        // The pair is looked up as it is kept.
        self.ids.contains(&(section, id.clone()))
    }

    /// The words about a reference to what isn't configured.
    fn missing(&self, section: Section, id: &ComponentId, briefly: bool) -> String {
        if matches!(section, Section::Receivers | Section::Exporters) && self.connectors.contains(id) {
            return format!(
                "the connector {id} is not in this agent yet, as no connector is; take it out of this pipeline, and the \
                 pipelines that wait for it"
            );
        }
        if briefly {
            return String::new();
        }
        let known: Vec<String> =
            self.ids.iter().filter(|(of, _)| *of == section).take(MOST).map(|(_, id)| id.to_string()).collect();
        let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
        known.sort_unstable();
        let meant = did_you_mean(&id.to_string(), &known);
        format!("references {} \"{id}\" which is not configured{meant}", section.singular())
    }
}

/// Among how many names the one that was meant is looked for.
const MOST: usize = 1000;
