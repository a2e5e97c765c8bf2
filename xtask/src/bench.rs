//! `cargo xtask bench`: what a tick costs, beside its floor in the same run.

pub(crate) mod agent;
mod delivery;
mod hostile;
mod kubelet;
mod memory;
mod node;
mod pair;
mod peer;
mod size;
mod start;
mod tick;
mod worst;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{dist, project as workspace};

/// Half an hour long, and so by its name only.
const PEER: &str = "peer";

/// Measures what `names` name, or everything but [`PEER`]; fails where a bound is missed.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    if let ["pair", old, new] = names {
        let scratch = tempfile::tempdir()?;
        let mut verdict = Verdict::default();
        pair::run(Path::new(old), Path::new(new), scratch.path(), &mut verdict)?;
        return verdict.finish();
    }
    let known = ["tick", "scale", "memory", "start", "size", "delivery", "worst", "hostile", PEER];
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        bail!("no bench is called {unknown}: {}, or pair OLD NEW", known.join(", "));
    }
    let wanted = |name| names.contains(&name) || names.is_empty() && name != PEER;
    // Another build may be measured beside the one that is shipped.
    let binary = std::env::var_os("AGENT").map_or_else(dist::build, |agent| Ok(agent.into()))?;
    let scratch = tempfile::tempdir()?;
    let mut verdict = Verdict::default();
    if wanted("size") {
        let bytes = std::fs::metadata(&binary)?.len();
        verdict.at_most("size of the static binary, MB", bytes as f64 / 1e6, 15.0);
        if names.contains(&"size") {
            size::run(bytes)?;
        }
    }
    if wanted("start") {
        start::run(&binary, &mut verdict)?;
    }
    if wanted("tick") {
        tick::run(&binary, scratch.path(), &mut verdict)?;
    }
    if wanted("scale") {
        tick::scale(&binary, scratch.path(), &mut verdict)?;
    }
    if wanted("memory") {
        memory::run(&binary, scratch.path(), &mut verdict)?;
    }
    if wanted("delivery") {
        delivery::run(&binary, scratch.path(), &mut verdict)?;
    }
    if wanted("worst") {
        worst::run(&binary, scratch.path(), &mut verdict)?;
    }
    if wanted("hostile") {
        hostile::run(&binary, scratch.path(), &mut verdict)?;
    }
    if wanted(PEER) {
        peer::run(&binary, &mut verdict)?;
    }
    verdict.finish()
}

/// Which bounds were kept.
#[derive(Default)]
pub(crate) struct Verdict {
    missed: Vec<String>,
}

impl Verdict {
    /// Prints a figure beside its bound.
    pub(crate) fn at_most(&mut self, what: &str, figure: f64, bound: f64) {
        let kept = figure <= bound;
        println!("{} {what}: {figure:.3} (at most {bound})", if kept { "ok  " } else { "MISS" });
        if !kept {
            self.missed.push(format!("{what}: {figure:.3} is more than {bound}"));
        }
    }

    fn finish(self) -> Result<()> {
        if !self.missed.is_empty() {
            bail!("bounds missed:\n  {}", self.missed.join("\n  "));
        }
        Ok(())
    }
}

/// A file of the project.
fn project(path: &str) -> PathBuf {
    workspace::root().join(path)
}

/// Compiles a C program.
fn compile(source: &Path, program: &Path, flags: &[&str]) -> Result<PathBuf> {
    workspace::succeed(Command::new("cc").args(flags).args(["-O2", "-o"]).arg(program).arg(source))?;
    Ok(program.to_path_buf())
}
