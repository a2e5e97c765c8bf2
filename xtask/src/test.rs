//! `cargo xtask test`: everything that must hold, one step after the other, each told in a line at the end.

use std::time::Duration;

use anyhow::Result;

use crate::outcome::{Outcome, report};
use crate::project::{cargo, succeed};
use crate::{arrows, docs, fuzz, kernel, setup, supply, words};

/// What to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Options {
    /// The tests on a real Kubernetes too.
    cluster: bool,
    /// Nothing that needs a bed or the network.
    quick: bool,
}

impl Options {
    /// From the words behind `test`; `None` where one is unknown.
    pub(crate) fn parse(words: &[&str]) -> Option<Self> {
        let mut options = Self::default();
        for word in words {
            match *word {
                "--cluster" => options.cluster = true,
                "--quick" => options.quick = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

type Step<'a> = (&'static str, Box<dyn Fn() -> Result<Outcome> + 'a>);

/// Runs every step whatever became of those before it; an error where one failed.
pub(crate) fn run(options: Options) -> Result<()> {
    let mut steps: Vec<Step> = Vec::new();
    if !options.quick {
        steps.push(("setup", Box::new(prepare)));
    }
    steps.push(("format", Box::new(|| passed(FORMAT.iter().try_for_each(|of| cargo_step(of))))));
    steps.push(("lints", Box::new(|| passed(cargo_step(&LINTS).and_then(|()| words::run())))));
    steps.push(("arrows", Box::new(|| passed(arrows::run()))));
    steps.push(("pages", Box::new(|| passed(docs::run(docs::Mode::Check)))));
    steps.push(("tests", Box::new(|| passed(cargo_step(&["test", "--workspace", "--no-fail-fast", "--quiet"])))));
    if !options.quick {
        steps.push(("fuzz", Box::new(fuzz::check)));
        steps.push(("dependencies", Box::new(supply::run)));
        steps.push(("advisories", Box::new(supply::advisories)));
        steps.push(("kernels", Box::new(move || kernel::run(options.cluster))));
    }
    let run_step = |(name, step): Step| {
        println!("== {name}");
        let started = uptime();
        let outcome = step();
        println!("== {name}: {} s", uptime().saturating_sub(started).as_secs());
        (name, outcome)
    };
    let outcomes: Vec<_> = steps.into_iter().map(run_step).collect();
    report(outcomes)
}

/// The project, and the workspace of the fuzz targets.
const FORMAT: [&[&str]; 2] = [&["fmt", "--all", "--check"], &["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]];

const LINTS: [&str; 8] =
    ["clippy", "--workspace", "--all-targets", "--all-features", "--quiet", "--", "--deny", "warnings"];

/// Installs what is missing. What can't be installed is told, and the steps that need it say so themselves.
fn prepare() -> Result<Outcome> {
    let attempts = [setup::beds(), setup::static_target(), setup::cargo_deny(), setup::cpp_compiler()];
    let missing: Vec<String> = attempts.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    Ok(if missing.is_empty() { Outcome::Passed } else { Outcome::Partly(missing) })
}

fn cargo_step(arguments: &[&str]) -> Result<()> {
    succeed(&mut cargo(arguments))
}

fn passed(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

/// Time since an arbitrary moment.
#[expect(clippy::disallowed_methods, reason = "this program is no part of the agent")]
fn uptime() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn an_unknown_flag_is_refused() {
        assert_eq!(Options::parse(&["--cluster"]), Some(Options { cluster: true, quick: false }));
        assert_eq!(Options::parse(&["--clutser"]), None);
    }
}
