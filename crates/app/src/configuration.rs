//! A loaded configuration to components and pipelines; every fault of it in one go.

use std::collections::BTreeMap;

use confmap::{ComponentId, Decode, Entry, Fault, Faults, Loaded, Node};

use crate::components::{Component, Kind, Section};
use crate::service::{Pipeline, Service};

const NO_PIPELINE: &str = "service must have at least one pipeline";

/// A configuration that can be run.
#[derive(Debug)]
pub struct Configuration {
    /// The components in use, by section and name as written.
    pub components: BTreeMap<(Section, ComponentId), Component>,
    /// The pipelines and the agent's own telemetry.
    pub service: Service,
    /// What is worth a line in the log.
    pub warnings: Vec<Fault>,
}

/// Reads every component and checks that what is referred to is there.
pub fn decode(loaded: Loaded) -> Result<Configuration, Faults> {
    let Loaded { root, mut warnings } = loaded;
    let mut faults = Faults::new();
    if root.entries().is_empty() {
        faults.missing("", "empty configuration file");
        return Err(faults);
    }
    for entry in root.entries() {
        let known = entry.key == "service" || Section::ALL.iter().any(|section| section.key() == entry.key);
        if !known {
            let words = "unknown section (valid: receivers, processors, exporters, extensions, service)";
            faults.at(entry.key.as_str(), &entry.value, words);
        }
    }
    let service = root
        .get("service")
        .map_or_else(|| Some(Service::default()), |node| Service::decode(node, "service", &mut faults));
    if let Some(node) = root.get("service") {
        note_without_effect("service", node, Service::accepted_keys_written(node), &mut warnings);
    }
    let references = service.as_ref().map(References::of).unwrap_or_default();
    let mut components = BTreeMap::new();
    for section in Section::ALL {
        let entries = root.get(section.key()).map(Node::entries).unwrap_or_default();
        if entries.is_empty() && matches!(section, Section::Receivers | Section::Exporters) {
            faults.missing(section.key(), format!("no {} configuration specified in config", section.singular()));
        }
        for entry in entries {
            let mut reading =
                Reading { section, references: &references, faults: &mut faults, warnings: &mut warnings };
            if let Some((id, component)) = reading.component(entry) {
                components.insert((section, id), component);
            }
        }
    }
    if let Some(service) = &service {
        check_service(service, &root, &mut faults);
        check_storage(service, &components, &root, &mut faults);
    }
    faults.sort_by_document(&root);
    // A service with a fault is `None`, and then there is a fault.
    let service = service.unwrap_or_default();
    components.retain(|(section, id), _| references.has(*section, id));
    faults.into_result(Configuration { components, service, warnings })
}

/// Which components the service uses.
#[derive(Debug, Default)]
struct References(Vec<(Section, ComponentId)>);

impl References {
    fn of(service: &Service) -> Self {
        let mut all: Vec<_> = service.extensions.iter().map(|id| (Section::Extensions, id.clone())).collect();
        for pipeline in service.pipelines.values() {
            for (section, ids) in parts(pipeline) {
                all.extend(ids.iter().map(|id| (section, id.clone())));
            }
        }
        Self(all)
    }

    fn has(&self, section: Section, id: &ComponentId) -> bool {
        self.0.iter().any(|(of, used)| *of == section && used == id)
    }
}

fn parts(pipeline: &Pipeline) -> [(Section, &[ComponentId]); 3] {
    [
        (Section::Receivers, &pipeline.receivers),
        (Section::Processors, &pipeline.processors),
        (Section::Exporters, &pipeline.exporters),
    ]
}

struct Reading<'a> {
    section: Section,
    references: &'a References,
    faults: &'a mut Faults,
    warnings: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn component(&mut self, entry: &Entry) -> Option<(ComponentId, Component)> {
        let section = self.section.key();
        let path = format!("{section}::{}", entry.key);
        let id: ComponentId = match entry.key.parse() {
            Ok(id) => id,
            Err(error) => {
                self.faults.at(path, &entry.value, error.to_string());
                return None;
            }
        };
        let Some(kind) = Kind::find(self.section, &id.kind) else {
            let message =
                format!("unknown type: {:?} for id: \"{id}\" (valid values: {:?})", id.kind, Kind::names(self.section));
            if self.references.has(self.section, &id) {
                self.faults.at(path, &entry.value, message);
            } else {
                self.warn(path, &entry.value, format!("{message}; nothing uses it, so it is ignored"));
            }
            return None;
        };
        if let Some(words) = kind.deprecated {
            self.warn(path.clone(), &entry.value, words.to_owned());
        }
        let component = (kind.decode)(&entry.value, &path, self.faults)?;
        if self.references.has(self.section, &id) {
            note_without_effect(&path, &entry.value, (kind.without_effect)(&entry.value), self.warnings);
            if let Component::Awsemf(config) = &component {
                self.warnings.extend(config.warnings(&path));
            }
        }
        Some((id, component))
    }

    fn warn(&mut self, path: String, node: &Node, message: String) {
        self.warnings.push(Fault { path, location: Some(node.location.clone()), message });
    }
}

fn note_without_effect(path: &str, node: &Node, keys: Vec<(String, &'static str)>, warnings: &mut Vec<Fault>) {
    for (key, reason) in keys {
        let location = node.at(&key).map(|node| node.location.clone());
        let message = format!("has no effect: {reason}");
        warnings.push(Fault { path: confmap::join(path, &key), location, message });
    }
}

/// A queue's storage has to be a `file_storage` extension in use.
fn check_storage(
    service: &Service,
    components: &BTreeMap<(Section, ComponentId), Component>,
    root: &Node,
    faults: &mut Faults,
) {
    for ((section, id), component) in components {
        let Component::Awsemf(config) = component else { continue };
        let Some(storage) = &config.sending_queue.storage else { continue };
        let found = components.get(&(Section::Extensions, storage.clone()));
        let words = match found {
            Some(Component::FileStorage(_)) if service.extensions.contains(storage) => continue,
            Some(Component::FileStorage(_)) => format!("extension \"{storage}\" is not in service::extensions"),
            Some(_) => format!("extension \"{storage}\" is no file_storage"),
            None => format!("references extension \"{storage}\" which is not configured"),
        };
        let key = format!("{}::{id}", section.key());
        faults.within("", root, &format!("{key}::sending_queue::storage"), words);
    }
}

fn check_service(service: &Service, root: &Node, faults: &mut Faults) {
    let Some(node) = root.get("service") else {
        faults.missing("service::pipelines", NO_PIPELINE);
        return;
    };
    if service.pipelines.is_empty() {
        faults.within("service", node, "pipelines", NO_PIPELINE);
    }
    let configured = |section: Section, id: &ComponentId| {
        let entries = root.get(section.key()).map(Node::entries).unwrap_or_default();
        entries.iter().any(|entry| entry.key.parse::<ComponentId>().is_ok_and(|written| written == *id))
    };
    for id in service.extensions.iter().filter(|id| !configured(Section::Extensions, id)) {
        let message = format!("references extension \"{id}\" which is not configured");
        faults.within("service", node, "extensions", message);
    }
    for (name, pipeline) in &service.pipelines {
        let key = format!("pipelines::{name}");
        match name.parse::<ComponentId>() {
            Ok(id) if id.kind == "metrics" => {}
            Ok(id) if matches!(id.kind.as_str(), "traces" | "logs") => {
                faults.within("service", node, &key, format!("telemetry type is not supported: {}", id.kind));
            }
            Ok(id) => faults.within("service", node, &key, format!("unknown pipeline type: {:?}", id.kind)),
            Err(error) => faults.within("service", node, &key, error.to_string()),
        }
        for (section, ids) in parts(pipeline) {
            let singular = section.singular();
            if ids.is_empty() && section != Section::Processors {
                faults.within("service", node, &key, format!("must have at least one {singular}"));
            }
            for (position, id) in ids.iter().enumerate() {
                if !configured(section, id) {
                    let message = format!("references {singular} \"{id}\" which is not configured");
                    faults.within("service", node, &key, message);
                } else if section == Section::Processors && ids[..position].contains(id) {
                    faults.within("service", node, &key, format!("references processor \"{id}\" multiple times"));
                }
            }
        }
    }
}
