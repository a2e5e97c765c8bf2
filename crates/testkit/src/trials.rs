//! A harness for tests that find out only as they run whether they can: the third end beside "ok" and "FAILED" is "not run",
//! with its reason.
//!
//! The standard harness decides that before a test begins. `libtest-mimic` could say it, but it turns on features of `clap`, and
//! then the binary under test is not the one that is shipped. The command line is the standard one as far as `cargo test` and
//! people use it; output is not captured.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// The variable with the path of a file to which a line is added for each test that did not run: `NAME: REASON`.
pub const NOT_RUN: &str = "TESTS_NOT_RUN";

/// How a test ended that found no fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All held.
    Passed,
    /// It can't run here, for this reason.
    NotRun(String),
}

/// A test: a fault is a panic.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// As it is written on the command line, with `::` between modules.
    pub name: &'static str,
    /// Runs only where `--ignored` or `--include-ignored` asks for it.
    pub ignored: bool,
    /// The test.
    pub run: fn() -> Outcome,
}

/// What the command line asks for.
#[derive(Debug, Default)]
struct Options {
    ignored: bool,
    include_ignored: bool,
    exact: bool,
    list: bool,
    filters: Vec<String>,
    skip: Vec<String>,
}

/// Runs what the command line asks for, one test after the other, and says how each ended.
#[must_use]
pub fn main(trials: &[Trial]) -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(unknown) => {
            say(&format!("unknown argument {unknown}"));
            return ExitCode::from(2);
        }
    };
    let asked: Vec<&Trial> = trials.iter().filter(|trial| options.asks_for(trial)).collect();
    if options.list {
        for trial in &asked {
            say(&format!("{}: test", trial.name));
        }
        return ExitCode::SUCCESS;
    }
    let (run, ignored): (Vec<&Trial>, Vec<&Trial>) = asked.into_iter().partition(|trial| options.runs(trial));
    let (mut passed, mut failed, mut not_run) = (0, Vec::new(), 0);
    for trial in &run {
        match catch_unwind(AssertUnwindSafe(trial.run)) {
            Ok(Outcome::Passed) => {
                passed += 1;
                say(&format!("test {} ... ok", trial.name));
            }
            Ok(Outcome::NotRun(reason)) => {
                not_run += 1;
                say(&format!("test {} ... not run: {reason}", trial.name));
                note(trial.name, &reason);
            }
            Err(_) => {
                say(&format!("test {} ... FAILED", trial.name));
                failed.push(trial.name);
            }
        }
    }
    for trial in &ignored {
        say(&format!("test {} ... ignored", trial.name));
    }
    let result = if failed.is_empty() { "ok" } else { "FAILED" };
    let counts = format!("{passed} passed; {} failed; {} ignored; {not_run} not run", failed.len(), ignored.len());
    say(&format!("\ntest result: {result}. {counts}\n"));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(101) }
}

impl Options {
    /// The error is the argument that is not known.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options::default();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument.clone(), None),
            };
            match name.as_str() {
                "--ignored" => options.ignored = true,
                "--include-ignored" => options.include_ignored = true,
                "--exact" => options.exact = true,
                "--list" => options.list = true,
                "--skip" => options.skip.extend(value.or_else(|| arguments.next())),
                // Of how the standard harness runs and shows tests.
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => {
                    if value.is_none() {
                        arguments.next();
                    }
                }
                "--nocapture" | "--no-capture" | "--show-output" | "--quiet" | "-q" => {}
                _ if argument.starts_with('-') => return Err(argument),
                _ => options.filters.push(argument),
            }
        }
        Ok(options)
    }

    fn asks_for(&self, trial: &Trial) -> bool {
        let names = |word: &String| if self.exact { trial.name == word } else { trial.name.contains(word.as_str()) };
        let kind = !self.ignored || trial.ignored;
        kind && (self.filters.is_empty() || self.filters.iter().any(names)) && !self.skip.iter().any(names)
    }

    const fn runs(&self, trial: &Trial) -> bool {
        !trial.ignored || self.ignored || self.include_ignored
    }
}

/// Not by `println!`, so that a closed pipe is no panic of a test.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn note(name: &str, reason: &str) {
    let Some(path) = std::env::var_os(NOT_RUN) else { return };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| writeln!(file, "{name}: {}", reason.replace('\n', " ")));
    written.unwrap_or_else(|error| panic!("note in {} what did not run: {error}", path.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Trial = Trial { name: "plain", ignored: false, run: || Outcome::Passed };
    const SLOW: Trial = Trial { name: "cluster::plain", ignored: true, run: || Outcome::Passed };

    /// For each of the two trials: `None` where the words don't ask for it, else whether it runs.
    fn chosen(words: &str) -> [Option<bool>; 2] {
        let options = Options::parse(words.split_whitespace().map(str::to_owned)).unwrap();
        [PLAIN, SLOW].map(|trial| options.asks_for(&trial).then(|| options.runs(&trial)))
    }

    #[test]
    fn what_runs_is_what_the_standard_harness_would_run() {
        assert_eq!(chosen(""), [Some(true), Some(false)]);
        assert_eq!(chosen("--ignored --test-threads 1 --quiet"), [None, Some(true)]);
        assert_eq!(chosen("--include-ignored --test-threads=1"), [Some(true), Some(true)]);
        assert_eq!(chosen("--ignored --skip cluster::"), [None, None]);
        assert_eq!(chosen("plain --exact"), [Some(true), None]);
        assert_eq!(chosen("cluster"), [None, Some(false)]);
    }

    #[test]
    fn an_unknown_argument_is_refused() {
        assert_eq!(Options::parse(std::iter::once("--shuffel".to_owned())).unwrap_err(), "--shuffel");
    }
}
