//! Which components the service uses, in which pipelines, and what to take out so that the rest runs.

use std::collections::HashMap;

use confmap::{ComponentId, Decode, Faults, Node, Value, did_you_mean};

use crate::components::Section;
use crate::registry::Types;
use crate::service::{Pipeline, Service};

/// The signal whose pipelines run here.
const METRICS: &str = "metrics";
/// The other signals of a collector.
const OTHERS: [&str; 3] = ["traces", "logs", "profiles"];
/// How many places are named where a component is used.
const PLACES: usize = 5;

/// What the service refers to.
#[derive(Debug, Default)]
pub struct References {
    used: HashMap<(Section, ComponentId), Vec<Place>>,
    /// What is wrong with pipelines by their names alone.
    faults: HashMap<String, String>,
}

/// Where a component is used.
#[derive(Debug)]
struct Place {
    /// The pipeline's name; `None` in the list of extensions.
    pipeline: Option<String>,
    /// The line of the reference; 0 where that isn't known.
    line: u32,
    /// The line of the pipeline.
    pipeline_line: u32,
    /// The pipeline can run here, but for its components.
    runs: bool,
    /// The pipeline has another one of the kind, which is here.
    has_others: bool,
}

/// The lists of a pipeline.
#[must_use]
pub fn parts(pipeline: &Pipeline) -> [(Section, &[ComponentId]); 3] {
    [
        (Section::Receivers, &pipeline.receivers),
        (Section::Processors, &pipeline.processors),
        (Section::Exporters, &pipeline.exporters),
    ]
}

impl References {
    /// What a service refers to, with the lines of the references.
    #[must_use]
    pub fn of(service: &Service, root: &Node, types: Types) -> Self {
        let mut all = Self::default();
        let line = |path: &str| root.at(path).map_or(0, |node| node.location.line);
        for (number, id) in service.extensions.iter().enumerate() {
            let line = item_line(root, "service::extensions", number);
            let place = Place { pipeline: None, line, pipeline_line: 0, runs: true, has_others: true };
            all.used.entry((Section::Extensions, id.clone())).or_default().push(place);
        }
        for (name, pipeline) in &service.pipelines {
            let path = format!("service::pipelines::{name}");
            let entry = root.at("service::pipelines").and_then(Node::as_map).and_then(|map| map.entry(name));
            let pipeline_line = entry.map_or_else(|| line(&path), |entry| entry.location.line);
            let fault = fault_of(name, pipeline_line);
            let runs = fault.is_none();
            all.faults.extend(fault.map(|fault| (name.clone(), fault)));
            for (section, ids) in parts(pipeline) {
                let here = ids.iter().filter(|id| types.find(section, &id.kind).is_some()).count();
                for (number, id) in ids.iter().enumerate() {
                    let line = item_line(root, &format!("{path}::{}", section.key()), number);
                    let has_others = section == Section::Processors || here > 0;
                    let place = Place { pipeline: Some(name.clone()), line, pipeline_line, runs, has_others };
                    all.used.entry((section, id.clone())).or_default().push(place);
                }
            }
        }
        all
    }

    /// The service as far as it can be read where a part of it has a fault.
    #[must_use]
    pub fn lenient(root: &Node) -> Service {
        let ids = |node: Option<&Node>| -> Vec<ComponentId> {
            let Some(node) = node else { return Vec::new() };
            let one = |node: &Node| ComponentId::decode(node, "", &mut Faults::new());
            match &node.value {
                Value::List(items) => items.iter().filter_map(one).collect(),
                _ => Vec::decode(node, "", &mut Faults::new()).unwrap_or_default(),
            }
        };
        let pipeline = |node: &Node| Pipeline {
            receivers: ids(node.get("receivers")),
            processors: ids(node.get("processors")),
            exporters: ids(node.get("exporters")),
        };
        let pipelines = root.at("service::pipelines").map(Node::entries).unwrap_or_default();
        Service {
            extensions: ids(root.at("service::extensions")),
            pipelines: pipelines.iter().map(|entry| (entry.key.clone(), pipeline(&entry.value))).collect(),
            ..Service::default()
        }
    }

    /// Whether anything uses it.
    #[must_use]
    pub fn has(&self, section: Section, id: &ComponentId) -> bool {
        self.used.contains_key(&(section, id.clone()))
    }

    /// Whether something uses it that could run here without it.
    #[must_use]
    pub fn has_where_it_runs(&self, section: Section, id: &ComponentId) -> bool {
        self.used.get(&(section, id.clone())).is_some_and(|places| places.iter().any(|place| place.runs))
    }

    /// What is wrong with a pipeline of this name.
    #[must_use]
    pub fn fault_of_pipeline(&self, name: &str) -> Option<String> {
        self.faults.get(name).cloned()
    }

    /// The edit that makes the file run without a component, as the end of a message.
    #[must_use]
    pub fn edit(&self, section: Section, id: &ComponentId) -> String {
        let places = self.used.get(&(section, id.clone())).map(Vec::as_slice).unwrap_or_default();
        let mut edits: Vec<String> = Vec::new();
        for place in places.iter().filter(|place| place.runs) {
            let edit = match &place.pipeline {
                None => format!("take it out of service::extensions{}", at(place.line)),
                Some(name) if place.has_others => {
                    format!("take it out of service::pipelines::{name}::{}{}", section.key(), at(place.line))
                }
                Some(name) => format!("take out service::pipelines::{name}{}", at(place.pipeline_line)),
            };
            if !edits.contains(&edit) {
                edits.push(edit);
            }
            if edits.len() == PLACES {
                edits.push("and so on".to_owned());
                break;
            }
        }
        if edits.is_empty() { String::new() } else { format!("; {}", edits.join(", ")) }
    }
}

fn at(line: u32) -> String {
    if line == 0 { String::new() } else { format!(" (line {line})") }
}

fn item_line(root: &Node, path: &str, number: usize) -> u32 {
    let Some(list) = root.at(path) else { return 0 };
    let item = match &list.value {
        Value::List(items) => items.get(number).unwrap_or(list),
        _ => list,
    };
    item.location.line
}

/// What is wrong with a pipeline by its name.
fn fault_of(name: &str, line: u32) -> Option<String> {
    match name.parse::<ComponentId>() {
        Ok(id) if id.kind == METRICS => None,
        Ok(id) if OTHERS.contains(&id.kind.as_str()) => {
            let signal = &id.kind;
            Some(format!(
                "pipelines for {signal} are not in this agent yet; take out service::pipelines::{name}{}",
                at(line)
            ))
        }
        Ok(id) => {
            let meant = did_you_mean(&id.kind, &[METRICS, OTHERS[0], OTHERS[1], OTHERS[2]]);
            Some(format!("unknown pipeline type: {:?}{meant}", id.kind))
        }
        Err(error) => Some(error.to_string()),
    }
}
