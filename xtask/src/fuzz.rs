//! `cargo xtask fuzz`: the targets of `fuzz/`, each for some seconds, led by the coverage of what it reaches.
//!
//! On stable Rust: the flags are those that cargo-fuzz passes with `--sanitizer none`. An input that fails is kept below
//! `target/fuzz/failed`; once mended it goes to `fuzz/corpus/TARGET`, which every run begins with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::outcome::Outcome;
use crate::project::{cargo, has_program, program, root, succeed};

/// What all targets together take where no time is given, and what they take as a part of `cargo xtask test`.
const SECONDS: usize = 300;
const SECONDS_OF_TEST: usize = 120;
/// A test run tries the same inputs every time, as far as its time goes: what is new is looked for by `cargo xtask fuzz`.
const SEED_OF_TEST: u32 = 1;

/// Coverage is counted at every edge, with comparisons as hints; all crates are built so, dependencies too.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// What one input may cost: seconds and mebibytes.
const LIMITS: [&str; 2] = ["-timeout=10", "-rss_limit_mb=1024"];

/// Lines of a failure that are shown.
const MOST_LINES: usize = 20;

/// Runs the targets that `words` name, or all, for `--seconds N` each.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (mut names, mut seconds) = (Vec::new(), None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--seconds" => {
                let number = words.next().context("--seconds wants a number")?;
                seconds = Some(number.parse().with_context(|| format!("--seconds {number}"))?);
            }
            flag if flag.starts_with('-') => bail!("unknown flag {flag}; there is --seconds N"),
            name => names.push(name),
        }
    }
    if let Some(reason) = missing() {
        bail!("not run: {reason}");
    }
    fuzz(&names, seconds, SECONDS, None)
}

/// All targets, for a short while.
pub(crate) fn check() -> Result<Outcome> {
    if let Some(reason) = missing() {
        return Ok(Outcome::NotRun(reason));
    }
    fuzz(&[], None, SECONDS_OF_TEST, Some(SEED_OF_TEST))?;
    Ok(Outcome::Passed)
}

/// Why it can't run here.
fn missing() -> Option<String> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let is_there = has_program(&compiler) || Path::new(&compiler).is_file();
    (!is_there).then(|| format!("no C++ compiler, {compiler}, to build libFuzzer with (apt-get install g++)"))
}

fn fuzz(names: &[&str], seconds: Option<usize>, all_together: usize, seed: Option<u32>) -> Result<()> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = root().join(target).join("fuzz");
    let binary = build(&folder)?;
    let seeds = folder.join("seeds");
    if seeds.exists() {
        fs::remove_dir_all(&seeds)?;
    }
    let nothing: [&str; 0] = [];
    let laid = program(&binary, nothing).env("FUZZ_SEEDS", &seeds).output().context("run the fuzz targets")?;
    if !laid.status.success() {
        bail!("the seeds can't be laid out:\n{}", String::from_utf8_lossy(&laid.stderr));
    }
    let known: BTreeSet<String> =
        fs::read_dir(&seeds)?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(**name)) {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        bail!("no target is called {unknown}: {}", known.join(", "));
    }
    let wanted: Vec<&str> =
        known.iter().map(String::as_str).filter(|name| names.is_empty() || names.contains(name)).collect();
    let seconds = seconds.unwrap_or(all_together / wanted.len().max(1)).max(1);
    println!("{:<20} {:>12} {:>9} {:>9}", "target", "executions", "edges", "features");
    let failed: Vec<String> = wanted
        .iter()
        .filter_map(|name| run_target(&binary, &folder, name, seconds, seed).err())
        .map(|error| format!("{error:#}"))
        .collect();
    if !failed.is_empty() {
        bail!("{} of {} targets failed:\n{}", failed.len(), wanted.len(), failed.join("\n"));
    }
    Ok(())
}

/// Builds the one binary that has all targets.
fn build(folder: &Path) -> Result<PathBuf> {
    // With a target of its own, the flags are not those of build scripts and macros.
    let version = program("rustc", ["-vV"]).output().context("run rustc -vV")?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let arguments = ["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", host];
    let mut command = cargo(arguments);
    command.env("RUSTFLAGS", FLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS").arg("--target-dir").arg(folder);
    succeed(&mut command)?;
    Ok(folder.join(host).join("release/fuzz"))
}

/// Runs one target and prints what it reached.
fn run_target(binary: &Path, folder: &Path, name: &str, seconds: usize, seed: Option<u32>) -> Result<()> {
    let place = |kind: &str| folder.join(kind).join(name);
    // What is found in one run is where the next one begins.
    let (grown, failed) = (place("grown"), place("failed"));
    fs::create_dir_all(&grown)?;
    fs::create_dir_all(&failed)?;
    let mut command = program(binary, LIMITS);
    command.env("FUZZ_TARGET", name).env("RUST_BACKTRACE", "0");
    command.arg(format!("-max_total_time={seconds}")).arg("-print_final_stats=1");
    command.arg(format!("-artifact_prefix={}/", failed.display()));
    if let Some(seed) = seed {
        command.arg(format!("-seed={seed}"));
    }
    command.arg(&grown).arg(place("seeds"));
    let kept = root().join("fuzz/corpus").join(name);
    if kept.is_dir() {
        command.arg(kept);
    }
    let output = command.stdout(Stdio::null()).output().with_context(|| format!("run {name}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        let Reached { executions, edges, features } = reached(&said);
        println!("{name:<20} {executions:>12} {edges:>9} {features:>9}");
        return Ok(());
    }
    println!("{name:<20} FAILED");
    let told: Vec<&str> = said.lines().filter(|line| !is_chatter(line)).take(MOST_LINES).collect();
    let told = told.join("\n  ");
    let input = said.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path.trim());
    match input {
        Some(input) => {
            let command = format!("FUZZ_TARGET={name} {} {} {input}", binary.display(), LIMITS.join(" "));
            bail!("{name}:\n  {told}\nrepeat it with\n  {command}")
        }
        None => bail!("{name} ({}):\n  {told}", output.status),
    }
}

/// What libFuzzer says of itself and of the input's bytes: no reason of a failure.
fn is_chatter(line: &str) -> bool {
    const BEGINNINGS: [&str; 9] =
        ["#", "\tNEW_FUNC", "INFO", "WARNING: Failed to find function", "NOTE", "MS: ", "0x", "artifact_", "stat:"];
    line.trim().is_empty() || BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
}

/// What libFuzzer says at the end.
#[derive(Debug, PartialEq, Eq, Default)]
struct Reached {
    executions: u64,
    edges: u64,
    features: u64,
}

fn reached(said: &str) -> Reached {
    let behind = |line: &str, word: &str| {
        let mut words = line.split_whitespace();
        words.find(|found| *found == word)?;
        words.next()?.parse().ok()
    };
    let last = |word: &str| said.lines().rev().find_map(|line| behind(line, word)).unwrap_or_default();
    Reached { executions: last("stat::number_of_executed_units:"), edges: last("cov:"), features: last("ft:") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_is_read_of_the_last_lines() {
        let said = "#2\tINITED cov: 3 ft: 4 corp: 1/1b\n#512\tpulse  cov: 31 ft: 42 corp: 9/1Kb exec/s: 99 rss: 30Mb\n\
                    Done 1000 runs in 3 second(s)\nstat::number_of_executed_units: 1000\n";
        assert_eq!(reached(said), Reached { executions: 1000, edges: 31, features: 42 });
    }
}
