//! The beds: scripts below `beds/` that run a command on a real kernel and say in JSON lines what happened there.
//!
//! They need root and what `beds/setup.sh` installs, so tests that call them are `#[ignore]`d and run by name or with
//! `--ignored`. The machine's own bed uses one bridge and one cgroup tree: such tests run one at a time.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The path of a bed's script, such as `cri/with_pods.sh`.
pub fn path(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../beds").join(script)
}

/// What a script said.
#[derive(Debug)]
pub struct Report {
    /// Its JSON lines, in order.
    pub lines: Vec<Value>,
}

impl Report {
    /// The first line whose member `key` is `value`.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[track_caller]
    pub fn line(&self, key: &str, value: &str) -> &Value {
        let found = self.lines.iter().find(|line| line[key] == value);
        found.unwrap_or_else(|| panic!("no line with {key:?}: {value:?} in {:#?}", self.lines))
    }

    /// The JSON lines of a text; lines of another kind (a guest's kernel speaks there too) are left out.
    pub fn parse(text: &str) -> Report {
        let lines = text.lines().filter(|line| line.starts_with('{'));
        Report { lines: lines.filter_map(|line| serde_json::from_str(line).ok()).collect() }
    }
}

/// The exit code of a script that can't run on this machine; its last line on stderr says why.
pub const CAN_NOT_RUN: i32 = 77;

/// Runs a script to its end and returns its stdout; the error says why it can't run here.
///
/// # Panics
///
/// Where it fails.
#[track_caller]
pub fn try_run<A: AsRef<std::ffi::OsStr>>(
    script: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String, String> {
    let mut command = Command::new(path(script));
    let output = command.args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("run {command:?}: {error}"));
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match output.status.code() {
        Some(0) => {}
        Some(CAN_NOT_RUN) => return Err(said[1].trim_end().lines().last().unwrap_or_default().to_owned()),
        _ => panic!("{command:?}: {}\n{}\n{}", output.status, said[0], said[1]),
    }
    let [stdout, _] = said;
    Ok(stdout)
}

/// Runs a script to its end and reads what it said; its stderr goes to the test's.
///
/// # Panics
///
/// Where it can't be run or fails.
#[track_caller]
pub fn run<A: AsRef<std::ffi::OsStr>>(script: &str, arguments: impl IntoIterator<Item = A>) -> Report {
    let mut command = Command::new(path(script));
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().unwrap_or_else(|error| panic!("run {command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    Report::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_another_kind_are_left_out() {
        let report = Report::parse("Killed process 12\n{\"line\": \"end\", \"code\": 0}\n{broken\n");
        assert_eq!(report.lines.len(), 1);
        assert_eq!(report.line("line", "end")["code"], 0);
    }

    #[test]
    fn every_script_that_tests_call_is_there() {
        for script in ["setup.sh", "sandbox.sh", "cri/with_pods.sh", "guest/run.sh", "debian/run.sh"] {
            assert!(path(script).is_file(), "{script}");
        }
    }
}
