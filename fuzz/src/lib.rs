//! Fuzz targets: one or more for each row of "Parsers of outside text" in `docs/testing.md`.
//!
//! A target takes any bytes and panics where something does not hold. What is private to a crate is reached by functions
//! that only builds with `--cfg fuzzing` have.

mod aws;
mod compare;
mod confmap;
mod exporters;
mod extensions;
mod kubernetes;
mod linux;
mod seeds;
mod spool;

pub use seeds::lay_out;

/// One parser, or several that read the same text.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name that `cargo xtask fuzz` and `docs/testing.md` know it by.
    pub name: &'static str,
    /// Takes an input.
    pub run: fn(&[u8]),
    /// What the first inputs are.
    pub seeds: &'static [Seed],
}

/// Inputs that the fuzzer begins with.
#[derive(Debug, Clone, Copy)]
pub enum Seed {
    /// Files of the project; `*` stands for any part of a name.
    Files(&'static str),
    /// The same behind these bytes, which steer the target.
    Behind(&'static [u8], &'static str),
    /// The text itself.
    Text(&'static str),
}

/// All targets.
pub const TARGETS: &[&[Target]] = &[
    aws::TARGETS,
    compare::TARGETS,
    confmap::TARGETS,
    exporters::TARGETS,
    extensions::TARGETS,
    kubernetes::TARGETS,
    linux::TARGETS,
    spool::TARGETS,
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().copied().flatten().find(|target| target.name == name)
}

/// The first byte, which steers a target, and the rest.
fn steered(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}

/// Runs a check on input that is text.
fn on_text(data: &[u8], check: impl FnOnce(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        check(text);
    }
}
