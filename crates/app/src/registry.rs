//! The registry: which component types there are, by every name they have had, and how each reads its options.

use confmap::Decode;

use crate::components::{Component, Kind, Section};
use crate::inert;

/// Every component type of this version.
pub static KINDS: &[Kind] = &[
    Kind {
        section: Section::Receivers,
        name: "awscontainerinsightreceiver",
        aliases: &["awscontainerinsight"],
        deprecated: None,
        inert: None,
        about: receivers::awscontainerinsight::Config::about,
        options: receivers::awscontainerinsight::Config::options,
        without_effect: receivers::awscontainerinsight::Config::accepted_keys_written,
        decode: |node, path, faults| {
            receivers::awscontainerinsight::Config::read(node, path, faults)
                .map(Box::new)
                .map(Component::ContainerInsights)
        },
    },
    Kind {
        section: Section::Processors,
        name: "batch",
        aliases: &[],
        deprecated: None,
        inert: None,
        about: processors::batch::Config::about,
        options: processors::batch::Config::options,
        without_effect: processors::batch::Config::accepted_keys_written,
        decode: |node, path, faults| Decode::decode(node, path, faults).map(Component::Batch),
    },
    inert::MEMORY_LIMITER,
    Kind {
        section: Section::Exporters,
        name: "awsemf",
        aliases: &[],
        deprecated: None,
        inert: None,
        about: exporters::awsemf::Config::about,
        options: exporters::awsemf::Config::options,
        without_effect: exporters::awsemf::Config::accepted_keys_written,
        decode: |node, path, faults| Decode::decode(node, path, faults).map(Box::new).map(Component::Awsemf),
    },
    Kind {
        section: Section::Exporters,
        name: "debug",
        aliases: &[],
        deprecated: None,
        inert: None,
        about: exporters::debug::Config::about,
        options: exporters::debug::Config::options,
        without_effect: exporters::debug::Config::accepted_keys_written,
        decode: |node, path, faults| Decode::decode(node, path, faults).map(Component::Debug),
    },
    Kind {
        section: Section::Exporters,
        name: "logging",
        aliases: &[],
        deprecated: Some("the logging exporter is called debug now, and its option loglevel verbosity"),
        inert: None,
        about: exporters::debug::LoggingConfig::about,
        options: exporters::debug::LoggingConfig::options,
        without_effect: exporters::debug::LoggingConfig::accepted_keys_written,
        decode: |node, path, faults| {
            let old = exporters::debug::LoggingConfig::decode(node, path, faults)?;
            Some(Component::Debug((&old).into()))
        },
    },
    Kind {
        section: Section::Extensions,
        name: "health_check",
        aliases: &[],
        deprecated: None,
        inert: None,
        about: extensions::health_check::Config::about,
        options: extensions::health_check::Config::options,
        without_effect: extensions::health_check::Config::accepted_keys_written,
        decode: |node, path, faults| Decode::decode(node, path, faults).map(Box::new).map(Component::HealthCheck),
    },
    Kind {
        section: Section::Extensions,
        name: "file_storage",
        aliases: &[],
        deprecated: None,
        inert: None,
        about: extensions::file_storage::Config::about,
        options: extensions::file_storage::Config::options,
        without_effect: extensions::file_storage::Config::accepted_keys_written,
        decode: |node, path, faults| Decode::decode(node, path, faults).map(Box::new).map(Component::FileStorage),
    },
    inert::SIGV4AUTH,
    inert::ZPAGES,
    inert::PPROF,
    inert::AGENTHEALTH,
];

impl Kind {
    /// The type of this name in a section.
    #[must_use]
    pub fn find(section: Section, name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.section == section && (kind.name == name || kind.aliases.contains(&name)))
    }

    /// The names that a section takes.
    #[must_use]
    pub fn names(section: Section) -> Vec<&'static str> {
        KINDS.iter().filter(|kind| kind.section == section).map(|kind| kind.name).collect()
    }
}
