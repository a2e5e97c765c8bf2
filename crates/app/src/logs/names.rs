//! The name in a log line: that of the component an operator has in the configuration, never that of a module.

use std::sync::OnceLock;

use confmap::ComponentId;
use tracing::{Span, error_span};

use crate::components::Section;
use crate::configuration::Configuration;

/// What is no component's: the command line, pipelines, signals.
const AGENT: &str = "agent";

/// The project's crates: what no component claims of them is the agent's.
const OURS: [&str; 16] = [
    "container_insights",
    "receivers",
    "processors",
    "exporters",
    "extensions",
    "compare",
    "component",
    "platform",
    "formats",
    "kubernetes",
    "aws",
    "linux",
    "confmap",
    "spool",
    "telemetry",
    "net",
];

/// The component of each part of the code that has none around it.
static NAMES: OnceLock<Names> = OnceLock::new();

/// A module of the code, and the component that its lines are of.
#[derive(Debug)]
struct Names(Vec<(&'static str, String)>);

/// Takes the names of a configuration's components for lines whose code knows none: exact where there is one of a type.
pub fn name_components(configuration: &Configuration) {
    let mut names = Vec::new();
    for kind in configuration.types.0 {
        let is_of_kind = |section: Section, id: &ComponentId| {
            section == kind.section
                && configuration.types.find(section, &id.kind).is_some_and(|of| of.name == kind.name)
        };
        let mut ids = configuration.components.keys().filter(|(section, id)| is_of_kind(*section, id));
        let only = ids.next().filter(|_| ids.next().is_none()).map(|(_, id)| id.to_string());
        let name = format!("{}/{}", kind.section.singular(), only.as_deref().unwrap_or(kind.name));
        names.extend(kind.modules.iter().map(|module| (*module, name.clone())));
    }
    // A second start in one process is a test's.
    let _ = NAMES.set(Names(names));
}

/// The span of a component: what is logged within carries its name.
pub fn span(section: Section, id: impl std::fmt::Display) -> Span {
    let component = format!("{}/{id}", section.singular());
    // An error's level, so that no level of the log takes the name away.
    error_span!("component", component = %component)
}

/// The name for a line of this module that is in no component's span.
pub(super) fn of_module(module: &str) -> &str {
    let starts =
        |prefix: &str| module.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    let own = NAMES.get().and_then(|Names(names)| names.iter().find(|(prefix, _)| starts(prefix)));
    match own {
        Some((_, name)) => name,
        None if OURS.into_iter().any(starts) => AGENT,
        // Of a library: its own name is all there is.
        None => module.split("::").next().unwrap_or(module),
    }
}
