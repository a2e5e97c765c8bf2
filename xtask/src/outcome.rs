//! How a step ended, and the lines that say so.

use anyhow::{Result, bail};

/// How a step ended that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All held.
    Passed,
    /// It can't run here, for this reason.
    NotRun(String),
    /// All that ran held. What did not run, each with its reason.
    Partly(Vec<String>),
}

/// A line for each step; an error where one failed.
pub(crate) fn report(steps: impl IntoIterator<Item = (&'static str, Result<Outcome>)>) -> Result<()> {
    println!();
    let mut failed = Vec::new();
    for (name, outcome) in steps {
        match outcome {
            Ok(Outcome::Passed) => println!("{name}: passed"),
            Ok(Outcome::NotRun(reason)) => println!("{name}: not run: {reason}"),
            Ok(Outcome::Partly(missing)) => {
                println!("{name}: passed, but for {} that did not run:", missing.len());
                missing.iter().for_each(|line| println!("  not run: {line}"));
            }
            Err(error) => {
                println!("{name}: FAILED: {error:#}");
                failed.push(name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}
