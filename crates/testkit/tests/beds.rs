//! The beds themselves: that a load asked for is a load the kernel counted, and that a process in the sample pod's
//! namespaces, without rights, sees what the agent goes by.
//!
//! On this machine only: the scripts of `beds/tests` ask for the same loads in every guest and look at what the agent says.
//! They need root: `sudo beds/setup.sh && cargo test -p container-insights-testkit --test beds -- --ignored --test-threads 1`.

#![expect(clippy::unwrap_used, reason = "what is missing ends the test, in its helpers too")]

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::Value;
use testkit::beds::{self, Report};

const LOADS: &str = "cpu,write,network,memory,oom,restart";

#[test]
#[ignore = "needs root and beds/setup.sh"]
fn loads_and_namespaces_on_this_machine() {
    let out = tempfile::tempdir().unwrap();
    let probe = out.path().join("probe");
    let report = beds::run("cri/with_pods.sh", with_pods(&probe, &beds::path("jobs/probe_namespaces.sh")));
    check_loads(&report);
    check_probe(&probe);
}

fn with_pods(out: &Path, command: &Path) -> Vec<OsString> {
    let options = ["--sandbox", "--loads", LOADS, "--before", "4", "--after", "1"].map(OsString::from);
    options.into_iter().chain(["--out".into(), out.into(), "--".into(), command.into()]).collect()
}

fn check_loads(report: &Report) {
    let load = |name| report.line("load", name);
    assert_close(load("cpu"), "counted_millicores", "asked_millicores", 0.05);
    assert_eq!(load("write")["counted_bytes"], load("write")["asked_bytes"]);
    assert_close(load("network"), "counted_sent_bytes", "asked_bytes", 0.01);
    assert_close(load("network"), "counted_received_bytes", "asked_bytes", 0.01);
    assert_close(load("memory"), "counted_bytes", "asked_bytes", 0.01);
    assert_eq!(load("oom")["exit_code"], 137);
    assert_eq!(load("restart")["exit_code"], 3);
    assert_eq!(report.line("line", "end")["code"], 0);
}

#[track_caller]
fn assert_close(load: &Value, counted: &str, asked: &str, tolerance: f64) {
    let (counted, asked) = (load[counted].as_f64().unwrap(), load[asked].as_f64().unwrap());
    assert!((counted / asked - 1.0).abs() <= tolerance, "asked {asked}, counted {counted}");
}

fn check_probe(out: &Path) {
    let report = Report::parse(&fs::read_to_string(out).unwrap());
    let probe = |name| &report.line("probe", name)["value"];
    assert_eq!(*probe("uid"), 65532);
    assert_eq!(*probe("capabilities"), "0000000000000000");
    assert!(probe("processes").as_u64().unwrap() < 10, "not a pid namespace of its own");
    // Version 1 gives nothing, version 2 a 0 for each process of another namespace.
    let procs = probe("procs").as_str().unwrap();
    assert!(procs.chars().all(|character| " 0;".contains(character)), "{procs:?} are pids of other pods");
    assert!(probe("lines").as_u64().unwrap() > 100);
    assert_eq!(*probe("unreadable"), 0);
    // A sandbox and a container for each of seven pods, the victim's container not there or dying.
    let memberships = probe("memberships").as_u64().unwrap();
    assert!(memberships >= 12, "{memberships} processes of pods found");
    assert_eq!(probe("dotted"), probe("memberships"));
    assert_eq!(probe("networks"), probe("memberships"));
    assert!(probe("mountinfo").as_u64().unwrap() > 10);
}
