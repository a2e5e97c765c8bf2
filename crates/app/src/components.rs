//! What a component type is, and a component with its options read.

use confmap::{Faults, Node, OptionDoc};

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
    ContainerInsights(Box<receivers::awscontainerinsight::Config>),
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
