//! `cargo xtask docs`: the generated pages, made by the test `pages` so that a plain `cargo test` finds them stale.

use anyhow::{Context, Result};

use crate::project::{cargo, succeed};

/// What to do with the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write them.
    Write,
    /// Only say whether they are as they should be.
    Check,
}

/// Runs the test that makes the pages.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let mut command = cargo(["test", "--quiet", "--package", "xtask", "--test", "pages"]);
    match mode {
        Mode::Write => command.env("UPDATE_DOCS", "1"),
        Mode::Check => command.env_remove("UPDATE_DOCS"),
    };
    succeed(&mut command).context("generated pages")
}
