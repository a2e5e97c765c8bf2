//! Sources to one tree.

use std::sync::Arc;

use crate::expand;
use crate::fault::{Fault, Faults};
use crate::manifest::{self, Found};
use crate::merge::merge;
use crate::node::{Entry, Location, Map, Node, SET, Value, quote};
use crate::source::{self, Environment, Fetched, SourceError};
use crate::yaml;

/// A configuration as it was written, merged and expanded; always a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The sections: `receivers`, `exporters`, `service` and so on.
    pub root: Node,
    /// What is worth a line in the log: variables that are referred to and not set, documents that are passed over.
    pub warnings: Vec<Fault>,
    /// Where it came from.
    pub sources: Vec<Source>,
}

/// A configuration as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The sections; of a source that couldn't be read there are none.
    pub root: Node,
    /// What is wrong with the sources, and what is worth a word.
    pub faults: Faults,
    /// Where it came from.
    pub sources: Vec<Source>,
    /// Whether each source was read to its end: then what is missing wasn't written.
    pub whole: bool,
}

/// One source of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name, the very one that locations share.
    pub name: Arc<str>,
    /// Its text, whose lines locations count.
    pub text: Arc<str>,
    /// The environment variable that it is, where that is not set.
    pub unset: Option<String>,
}

impl From<Loaded> for Reading {
    fn from(loaded: Loaded) -> Self {
        let Loaded { root, warnings, sources } = loaded;
        let mut faults = Faults::new();
        warnings.into_iter().for_each(|warning| faults.push_warning(warning));
        Self { root, faults, sources, whole: true }
    }
}

/// Loads, merges and expands a configuration.
///
/// As [`read`] does; a configuration with a fault is none.
pub fn load(
    sources: &[String],
    sets: &[String],
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Faults> {
    let Reading { root, mut faults, sources, .. } = read(sources, sets, environment);
    let warnings = faults.take_warnings();
    faults.into_result(Loaded { root, warnings, sources })
}

/// Reads, merges and expands a configuration as far as that can be done.
///
/// `sources` are what `--config` takes, in order: a file's path, `file:PATH`, `env:NAME`, `yaml:a::b: value`, `-` for
/// standard input. `sets` are what `--set` takes, `a.b.c=value`, and are laid over all sources. `environment` answers for
/// variables. A Kubernetes manifest counts as the configuration that it holds. Every fault of every source is told, in the order of the sources
/// and their lines.
pub fn read(sources: &[String], sets: &[String], environment: &dyn Fn(&str) -> Option<String>) -> Reading {
    let root = Node::new(Value::Map(Map::new()), Location::of_source("configuration"));
    let mut reading = Reading { root, faults: Faults::new(), sources: Vec::new(), whole: true };
    for uri in sources {
        reading.add_source(uri, environment);
    }
    for set in sets {
        if let Some(tree) = read_set(set, &mut reading.faults) {
            reading.lay_over(tree);
        }
    }
    let Reading { root, mut faults, sources, whole } = reading;
    let root = expand::expand(root, environment, &mut faults);
    let names: Vec<Arc<str>> = sources.iter().map(|source| source.name.clone()).collect();
    faults.sort_by_place(&names);
    Reading { root, faults, sources, whole }
}

impl Reading {
    fn lay_over(&mut self, tree: Node) {
        let placeholder = Node::new(Value::Null, Location::of_source(""));
        let base = std::mem::replace(&mut self.root, placeholder);
        self.root = merge(base, tree);
    }

    /// Lays a source over those before it; one that can't be used adds faults only.
    fn add_source(&mut self, uri: &str, environment: Environment<'_>) {
        let fetched = match fetch_source(uri, environment) {
            Ok(fetched) => fetched,
            Err(error) => {
                self.whole = false;
                return self.faults.missing("", error.to_string());
            }
        };
        let name = fetched.name.clone();
        if let Some(variable) = &fetched.unset {
            self.faults.push_warning(Fault {
                path: String::new(),
                location: Some(Location { source: name.clone(), ..Location::of_source("") }),
                message: format!("Configuration references unset environment variable {variable}"),
            });
        }
        let text: Arc<str> = Arc::from(fetched.text);
        self.sources.push(Source { name: name.clone(), text: text.clone(), unset: fetched.unset });
        let tree = match manifest::find(&text, &name, &mut self.faults) {
            Found::Nothing => yaml::parse(&text, &name, &mut self.faults),
            Found::Text(text) => yaml::parse(&text, &name, &mut self.faults),
            Found::Inner(name, text) => {
                self.sources.push(Source { name: name.clone(), text: text.clone(), unset: None });
                yaml::parse(&text, &name, &mut self.faults)
            }
            Found::Tree(tree) => Some(tree),
            Found::Fault => None,
        };
        match tree {
            Some(Node { value: Value::Null, .. }) => {}
            Some(tree @ Node { value: Value::Map(_), .. }) => self.lay_over(tree),
            Some(tree) => {
                self.whole = false;
                self.faults.at("", &tree, format!("expected a map of sections, found {}", tree.describe()));
            }
            None => self.whole = false,
        }
    }
}

fn fetch_source(uri: &str, environment: Environment<'_>) -> Result<Fetched, SourceError> {
    match source::split_scheme(uri) {
        Some((scheme, opaque)) => source::fetch(scheme, opaque, environment),
        None if uri == "-" => source::read_stdin(),
        None => source::read_file(uri),
    }
}

/// The tree of one `a.b.c=value`.
fn read_set(set: &str, faults: &mut Faults) -> Option<Node> {
    let Some((key, value)) = set.split_once('=') else {
        faults.missing("", format!("--set {}: missing equal sign in key=value", quote(set).trim_matches('"')));
        return None;
    };
    let name: Arc<str> = Arc::from(format!("{SET}{key}"));
    let location = Location { source: name.clone(), ..Location::of_source("") };
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
