//! The registry: which component types there are, by every name they have had. A component is a folder and a row here.

use crate::components::{Kind, Section};
use crate::inert;

/// Component types by section and name.
#[derive(Debug, Clone, Copy)]
pub struct Types(pub &'static [Kind]);

/// Every component type of this version.
pub const TYPES: Types = Types(KINDS);

static KINDS: &[Kind] = &[
    Kind {
        aliases: &["awscontainerinsight"],
        modules: &["receivers::awscontainerinsight", "platform", "kubernetes", "linux"],
        ..Kind::receiver::<receivers::awscontainerinsight::Config>("awscontainerinsightreceiver")
    },
    Kind::processor::<processors::batch::Config>("batch"),
    inert::MEMORY_LIMITER,
    Kind {
        modules: &["exporters::awsemf", "exporters::delivery", "aws"],
        ..Kind::exporter::<exporters::awsemf::Config>("awsemf")
    },
    Kind { modules: &["exporters::debug"], ..Kind::exporter::<exporters::debug::Config>("debug") },
    Kind {
        deprecated: Some("the logging exporter is called debug now, and its option loglevel verbosity"),
        ..Kind::exporter::<exporters::debug::LoggingConfig>("logging")
    },
    Kind {
        modules: &["extensions::health_check"],
        ..Kind::extension::<extensions::health_check::Config>("health_check")
    },
    Kind {
        modules: &["extensions::file_storage", "spool"],
        ..Kind::extension::<extensions::file_storage::Config>("file_storage")
    },
    inert::SIGV4AUTH,
    inert::ZPAGES,
    inert::PPROF,
    inert::AGENTHEALTH,
];

impl Types {
    /// The type of this name in a section.
    #[must_use]
    pub fn find(self, section: Section, name: &str) -> Option<&'static Kind> {
        self.of(section).find(|kind| kind.name == name || kind.aliases.contains(&name))
    }

    /// The types of a section.
    pub fn of(self, section: Section) -> impl Iterator<Item = &'static Kind> {
        self.0.iter().filter(move |kind| kind.section == section)
    }

    /// The names that a section takes.
    #[must_use]
    pub fn names(self, section: Section) -> Vec<&'static str> {
        self.of(section).map(|kind| kind.name).collect()
    }
}
