//! The registry: which component types there are, by every name they have had, and how each reads its options.

use confmap::{Decode, Faults, Node, OptionDoc};

use crate::inert;

/// A section of the configuration file whose entries are components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Where data comes from.
    Receivers,
    /// What happens to it on the way.
    Processors,
    /// Where it goes.
    Exporters,
    /// What runs beside.
    Extensions,
}

impl Section {
    /// Every section, in the order in which data passes; extensions last.
    pub const ALL: [Self; 4] = [Self::Receivers, Self::Processors, Self::Exporters, Self::Extensions];

    /// The section's key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Receivers => "receivers",
            Self::Processors => "processors",
            Self::Exporters => "exporters",
            Self::Extensions => "extensions",
        }
    }

    /// One component of the section.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Receivers => "receiver",
            Self::Processors => "processor",
            Self::Exporters => "exporter",
            Self::Extensions => "extension",
        }
    }
}

/// A component with its options read.
#[derive(Debug, Clone, PartialEq)]
pub enum Component {
    /// `awscontainerinsightreceiver`.
    ContainerInsights(Box<receiver::Config>),
    /// `batch`.
    Batch(processors::batch::Config),
    /// `awsemf`.
    Awsemf(Box<exporters::awsemf::Config>),
    /// `debug`, and `logging` in its place.
    Debug(exporters::debug::Config),
    /// `health_check`.
    HealthCheck(Box<extensions::health_check::Config>),
    /// `file_storage`.
    FileStorage(Box<extensions::file_storage::Config>),
    /// A processor that passes data on as it is: `memory_limiter`.
    PassThrough,
    /// An extension that is accepted and not started.
    Inert,
}

/// A component type.
#[derive(Debug)]
pub struct Kind {
    /// Where it is configured.
    pub section: Section,
    /// Its name.
    pub name: &'static str,
    /// Other names of it, old and new.
    pub aliases: &'static [&'static str],
    /// What to say where the type is written by an old name.
    pub deprecated: Option<&'static str>,
    /// What it doesn't do yet, where it is accepted without an effect.
    pub inert: Option<&'static str>,
    /// What it is.
    pub about: fn() -> String,
    /// Its options.
    pub options: fn() -> Vec<OptionDoc>,
    /// The keys below a node that have no effect, each with the reason.
    pub without_effect: fn(&Node) -> Vec<(String, &'static str)>,
    /// Reads its options from the node at the path.
    pub decode: fn(&Node, &str, &mut Faults) -> Option<Component>,
}

/// Every component type of this version.
pub static KINDS: &[Kind] = &[
    Kind {
        section: Section::Receivers,
        name: "awscontainerinsightreceiver",
        aliases: &["awscontainerinsight"],
        deprecated: None,
        inert: None,
        about: receiver::Config::about,
        options: receiver::Config::options,
        without_effect: receiver::Config::accepted_keys_written,
        decode: |node, path, faults| {
            receiver::Config::read(node, path, faults).map(Box::new).map(Component::ContainerInsights)
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
