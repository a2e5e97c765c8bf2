//! Components that many configurations have and that change no data: accepted, and told once not to do anything yet.
//!
//! Their options are ignored: nothing depends on them.

use component::{BuildError, BuildExtension, BuildProcessor, BuiltProcessor, Context, Extension, Process, Task};

use crate::components::{Component, Kind, Section};

/// Options of a component without effect.
#[derive(Debug)]
struct Inert;

impl BuildProcessor for Inert {
    fn build(&self, _context: &Context) -> Result<BuiltProcessor, BuildError> {
        Ok(BuiltProcessor::Passes)
    }
}

impl BuildExtension for Inert {
    fn start(
        &self,
        _context: Context,
        _process: &Process<'_>,
    ) -> Task<'static, Result<Option<Box<dyn Extension>>, BuildError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// A processor that refuses data where memory runs short.
pub(crate) const MEMORY_LIMITER: Kind = Kind {
    section: Section::Processors,
    name: "memory_limiter",
    about: || "Passes data through. Its options are accepted without effect.".to_owned(),
    decode: |_, _, _| Some(Component::Processor(Box::new(Inert))),
    inert: Some(
        "passes data through and limits nothing yet: what waits for delivery is bounded by the exporter's \
         sending_queue::queue_size",
    ),
    ..EXTENSION
};

/// An extension that signs requests of other exporters.
pub(crate) const SIGV4AUTH: Kind = Kind {
    name: "sigv4auth",
    inert: Some("is not started: no exporter of this agent asks for it yet, and awsemf signs its requests itself"),
    ..EXTENSION
};

/// An extension with pages about pipelines and traces.
pub(crate) const ZPAGES: Kind = Kind {
    name: "zpages",
    inert: Some("serves no page yet: /status of health_check shows what every component does"),
    ..EXTENSION
};

/// An extension with profiles of a Go program.
pub(crate) const PPROF: Kind = Kind {
    name: "pprof",
    inert: Some("serves no profile: there is no Go runtime to look into, and nothing in its place yet"),
    ..EXTENSION
};

/// The CloudWatch agent's extension that adds its own statistics to requests.
pub(crate) const AGENTHEALTH: Kind = Kind {
    name: "agenthealth",
    inert: Some("sends no usage data: it has no effect on metrics, and nothing takes its place yet"),
    ..EXTENSION
};

const EXTENSION: Kind = Kind {
    section: Section::Extensions,
    name: "",
    aliases: &[],
    deprecated: None,
    inert: None,
    modules: &[],
    about: || "Accepted and not started. Its options are accepted without effect.".to_owned(),
    options: Vec::new,
    without_effect: |_| Vec::new(),
    decode: |_, _, _| Some(Component::Extension(Box::new(Inert))),
};
