//! The name in a log line: that of the component an operator has in the configuration, never that of a module.

use std::sync::OnceLock;

use tracing::{Span, error_span};

use crate::components::{Component, Section};
use crate::configuration::Configuration;

/// What is no component's: the command line, pipelines, signals.
const AGENT: &str = "agent";

/// The component of each part of the code that has none around it.
static NAMES: OnceLock<Names> = OnceLock::new();

#[derive(Debug)]
struct Names {
    receiver: String,
    awsemf: String,
    debug: String,
    health_check: String,
    file_storage: String,
}

/// Takes the names of a configuration's components for lines whose code knows none: exact where there is one of a type.
pub fn name_components(configuration: &Configuration) {
    let name = |section: Section, default: &str, is_wanted: fn(&Component) -> bool| {
        let of_type =
            configuration.components.iter().filter(|((of, _), component)| *of == section && is_wanted(component));
        let mut ids = of_type.map(|((_, id), _)| id.to_string());
        let only = ids.next().filter(|_| ids.next().is_none());
        format!("{}/{}", section.singular(), only.as_deref().unwrap_or(default))
    };
    // A second start in one process is a test's.
    let _ = NAMES.set(Names {
        receiver: name(Section::Receivers, "awscontainerinsightreceiver", |component| {
            matches!(component, Component::ContainerInsights(_))
        }),
        awsemf: name(Section::Exporters, "awsemf", |component| matches!(component, Component::Awsemf(_))),
        debug: name(Section::Exporters, "debug", |component| matches!(component, Component::Debug(_))),
        health_check: name(Section::Extensions, "health_check", |component| {
            matches!(component, Component::HealthCheck(_))
        }),
        file_storage: name(Section::Extensions, "file_storage", |component| {
            matches!(component, Component::FileStorage(_))
        }),
    });
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
    if starts("container_insights") {
        return AGENT;
    }
    let Some(names) = NAMES.get() else { return AGENT };
    match () {
        () if ["receivers", "platform", "kubernetes", "linux"].into_iter().any(starts) => &names.receiver,
        () if starts("exporters::debug") => &names.debug,
        () if ["exporters", "aws"].into_iter().any(starts) => &names.awsemf,
        () if starts("extensions::health_check") => &names.health_check,
        () if ["extensions::file_storage", "spool"].into_iter().any(starts) => &names.file_storage,
        () if ["extensions", "telemetry", "processors", "confmap", "compare"].into_iter().any(starts) => AGENT,
        // Of a library: its own name is all there is.
        () => module.split("::").next().unwrap_or(module),
    }
}
