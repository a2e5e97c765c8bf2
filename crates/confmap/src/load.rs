//! Sources to one tree.

use std::sync::Arc;

use crate::expand;
use crate::fault::{Fault, Faults};
use crate::merge::merge;
use crate::node::{Entry, Location, Map, Node, Value};
use crate::source::{self, Environment, Fetched, SourceError};
use crate::yaml;

/// A configuration as it was written, merged and expanded; always a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The sections: `receivers`, `exporters`, `service` and so on.
    pub root: Node,
    /// What is worth a line in the log: variables that are referred to and not set.
    pub warnings: Vec<Fault>,
}

/// Loads, merges and expands a configuration.
///
/// `sources` are what `--config` takes, in order: a file's path, `file:PATH`, `env:NAME`, `yaml:a::b: value`. `sets` are
/// what `--set` takes, `a.b.c=value`, and are laid over all sources. `environment` answers for variables. Every fault
/// of every source is told, in the order of the merged document.
pub fn load(
    sources: &[String],
    sets: &[String],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Faults> {
    let mut faults = Faults::new();
    let mut warnings = Vec::new();
    let mut root = Node::new(Value::Map(Map::new()), Location::of_source("configuration"));
    for uri in sources {
        if let Some(tree) = read_source(uri, environment, &mut faults, &mut warnings) {
            root = merge(root, tree);
        }
    }
    for set in sets {
        if let Some(tree) = read_set(set, &mut faults) {
            root = merge(root, tree);
        }
    }
    let root = expand::expand(root, environment, &mut faults, &mut warnings);
    faults.sort_by_document(&root);
    faults.into_result(Loaded { root, warnings })
}

/// The tree of one source; `None` where it is empty or, after a fault, unusable.
fn read_source(
    uri: &str,
    environment: Environment<'_>,
    faults: &mut Faults,
    warnings: &mut Vec<Fault>,
) -> Option<Node> {
    let fetched = match fetch_source(uri, environment) {
        Ok(fetched) => fetched,
        Err(error) => {
            faults.missing("", error.to_string());
            return None;
        }
    };
    if let Some(name) = &fetched.unset {
        warnings.push(Fault {
            path: String::new(),
            location: Some(Location::of_source(&fetched.name)),
            message: format!("Configuration references unset environment variable {name}"),
        });
    }
    let tree = yaml::parse(&fetched.text, &fetched.name, faults)?;
    match tree.value {
        Value::Map(_) => Some(tree),
        Value::Null => None,
        _ => {
            faults.at("", &tree, format!("expected a map of sections, found {}", tree.describe()));
            None
        }
    }
}

fn fetch_source(uri: &str, environment: Environment<'_>) -> Result<Fetched, SourceError> {
    match source::split_scheme(uri) {
        Some((scheme, opaque)) => source::fetch(scheme, opaque, environment),
        None => source::read_file(uri),
    }
}

/// The tree of one `a.b.c=value`.
fn read_set(set: &str, faults: &mut Faults) -> Option<Node> {
    let Some((key, value)) = set.split_once('=') else {
        faults.missing("", format!("--set {set}: missing equal sign in key=value"));
        return None;
    };
    let name: Arc<str> = Arc::from(format!("--set {key}"));
    let location = Location::of_source(&name);
    // The path is told apart from a key by its dots, so `a::b` within a part is a path too.
    let path = key.replace('.', "::");
    if path.split("::").any(str::is_empty) {
        faults.missing("", format!("--set {key}: the key has an empty part"));
        return None;
    }
    if path.matches("::").count() >= yaml::DEPTH_LIMIT {
        faults.missing("", format!("--set: the key has more than {} parts", yaml::DEPTH_LIMIT));
        return None;
    }
    let mut node = yaml::parse_at(value, &name, &path, faults)?;
    for part in path.rsplit("::") {
        let entry = Entry { key: part.to_owned(), location: location.clone(), value: node };
        node = Node::new(Value::Map(Map::from_unique(vec![entry])), location.clone());
    }
    Some(node)
}

#[cfg(test)]
mod tests;
