//! What a component type is, and a component with its options read.

use std::any::Any;

use component::{BuildExporter, BuildExtension, BuildProcessor, BuildReceiver};
use confmap::{Decode, Faults, Node, OptionDoc};

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

/// A component with its options read; it builds itself.
#[derive(Debug)]
pub enum Component {
    /// Where data comes from.
    Receiver(Box<dyn BuildReceiver>),
    /// What happens to it on the way.
    Processor(Box<dyn BuildProcessor>),
    /// Where it goes.
    Exporter(Box<dyn BuildExporter>),
    /// What runs beside.
    Extension(Box<dyn BuildExtension>),
}

impl Component {
    /// The options, where they are of this type.
    #[must_use]
    pub fn options<C: Any>(&self) -> Option<&C> {
        let options: &dyn Any = match self {
            Self::Receiver(options) => &**options,
            Self::Processor(options) => &**options,
            Self::Exporter(options) => &**options,
            Self::Extension(options) => &**options,
        };
        options.downcast_ref()
    }
}

/// A component type.
#[derive(Debug, Clone, Copy)]
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
    /// The modules of the code whose log lines are its own, where no component is named around them.
    pub modules: &'static [&'static str],
    /// What it is.
    pub about: fn() -> String,
    /// Its options.
    pub options: fn() -> Vec<OptionDoc>,
    /// The keys below a node that have no effect, each with the reason.
    pub without_effect: fn(&Node) -> Vec<(String, &'static str)>,
    /// Reads its options from the node at the path.
    pub decode: fn(&Node, &str, &mut Faults) -> Option<Component>,
}

impl Kind {
    /// A receiver of this name with these options.
    #[must_use]
    pub const fn receiver<C: Decode + BuildReceiver>(name: &'static str) -> Self {
        let decode = |node: &Node, path: &str, faults: &mut Faults| {
            let options = <C as BuildReceiver>::read(node, path, faults)?;
            Some(Component::Receiver(Box::new(options)))
        };
        Self::of::<C>(Section::Receivers, name, decode)
    }

    /// A processor of this name with these options.
    #[must_use]
    pub const fn processor<C: Decode + BuildProcessor>(name: &'static str) -> Self {
        let decode = |node: &Node, path: &str, faults: &mut Faults| {
            Some(Component::Processor(Box::new(C::decode(node, path, faults)?)))
        };
        Self::of::<C>(Section::Processors, name, decode)
    }

    /// An exporter of this name with these options.
    #[must_use]
    pub const fn exporter<C: Decode + BuildExporter>(name: &'static str) -> Self {
        let decode = |node: &Node, path: &str, faults: &mut Faults| {
            Some(Component::Exporter(Box::new(C::decode(node, path, faults)?)))
        };
        Self::of::<C>(Section::Exporters, name, decode)
    }

    /// An extension of this name with these options.
    #[must_use]
    pub const fn extension<C: Decode + BuildExtension>(name: &'static str) -> Self {
        let decode = |node: &Node, path: &str, faults: &mut Faults| {
            Some(Component::Extension(Box::new(C::decode(node, path, faults)?)))
        };
        Self::of::<C>(Section::Extensions, name, decode)
    }

    const fn of<C: Decode>(
        section: Section,
        name: &'static str,
        decode: fn(&Node, &str, &mut Faults) -> Option<Component>,
    ) -> Self {
        Self {
            section,
            name,
            aliases: &[],
            deprecated: None,
            inert: None,
            modules: &[],
            about: C::about,
            options: C::nested_options,
            without_effect: |node| {
                let mut written = Vec::new();
                C::accepted_written(node, "", &mut written);
                written
            },
            decode,
        }
    }
}
