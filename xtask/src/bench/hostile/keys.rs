//! A configuration full of keys that no component has.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::bench::Verdict;

/// Unknown keys in each of the three places.
const KEYS: usize = 50_000;
/// Keys of one mapping where they are nested.
const TOGETHER: usize = 50;
const MOST_CPU_SECONDS: f64 = 1.0;
const MOST_MB: f64 = 1.0;
/// Seconds after which the agent is taken to have accepted the configuration.
const PATIENCE: &str = "60";
/// What the kernel counts CPU time of ended processes in.
const TICKS_PER_SECOND: f64 = 100.0;

/// Checks the configuration and starts with it; both must refuse it.
pub(super) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let file = scratch.join("keys.yaml");
    let text = configuration();
    println!("     a configuration with {} unknown keys, {:.1} MB", KEYS * 3, text.len() as f64 / 1e6);
    fs::write(&file, text).context("write the configuration")?;
    for argument in ["validate", "--config"] {
        let before = children_seconds()?;
        let mut command = Command::new("timeout");
        command
            .arg(PATIENCE)
            .arg(binary)
            .arg(argument)
            .arg(&file)
            .stdin(Stdio::null())
            .env_remove("AOT_CONFIG_CONTENT");
        let output = command.output().context("start the agent")?;
        let seconds = children_seconds()? - before;
        let said = String::from_utf8_lossy(&output.stderr);
        let summary = said.lines().last().unwrap_or_default();
        if output.status.success() || output.status.code() == Some(124) || !summary.contains("faults") {
            bail!("{argument} did not refuse the unknown keys: {}, {summary}", output.status);
        }
        println!("     {argument}: {}", summary.split(" in ").next().unwrap_or_default());
        let bytes = output.stdout.len() + output.stderr.len();
        verdict.at_most(&format!("CPU of {argument} with unknown keys, seconds"), seconds, MOST_CPU_SECONDS);
        verdict.at_most(&format!("output of {argument} with unknown keys, MB"), bytes as f64 / 1e6, MOST_MB);
    }
    Ok(())
}

/// A third of the keys in a component, a third in a list's mappings and below an unknown section, a third at the top.
fn configuration() -> String {
    let mut text = "service:\n  pipelines:\n    metrics:\n      receivers: [awscontainerinsightreceiver]\n      \
                    exporters: [awsemf]\nreceivers:\n  awscontainerinsightreceiver:\n"
        .to_owned();
    flat(&mut text, "    ", "option", KEYS);
    text.push_str("exporters:\n  awsemf:\n    metric_declarations:\n");
    for _ in 0..KEYS / 2 / TOGETHER {
        text.push_str("      - dimensions: [[ClusterName]]\n");
        flat(&mut text, "        ", "key", TOGETHER);
    }
    text.push_str("unknown:\n");
    for group in 0..KEYS / 2 / TOGETHER {
        let _ = writeln!(text, "  group_{group}:\n    level:\n      level:");
        flat(&mut text, "        ", "key", TOGETHER);
    }
    flat(&mut text, "", "section", KEYS);
    text
}

fn flat(text: &mut String, indent: &str, name: &str, count: usize) {
    for number in 0..count {
        let _ = writeln!(text, "{indent}{name}_{number}: {number}");
    }
}

/// CPU time of all processes that this one has waited for.
fn children_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat").context("read the own CPU time")?;
    Ok(children_ticks(&text).context("no CPU time of children")? as f64 / TICKS_PER_SECOND)
}

/// `cutime` and `cstime` of proc(5), the 16th and 17th field.
fn children_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ').skip(13);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_of_children_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 11 12 130 14 20 0 1 0 70 0 0";
        assert_eq!(children_ticks(stat), Some(144));
        assert_eq!(children_ticks("7 (a"), None);
    }

    #[test]
    fn a_configuration_has_as_many_unknown_keys_as_it_should() {
        let text = configuration();
        let unknown =
            |line: &&str| ["option_", "key_", "section_"].iter().any(|name| line.trim_start().starts_with(name));
        assert_eq!(text.lines().filter(unknown).count(), KEYS * 3);
    }
}
