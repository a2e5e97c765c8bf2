//! `cargo xtask verify arm64`: the agent for arm64, run in QEMU's user mode on recorded nodes.
//!
//! The golden events are made by a test of the agent's code, built for arm64. The binary that is shipped is run as a user
//! would, beside the one for x86-64, on recorded machines: both have to write the same events. System calls are this
//! machine's kernel's, to which QEMU passes them on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::project::{cargo, program, root, succeed};
use crate::{dist, setup};

/// Long enough for two rounds of a program in QEMU, with an interval of two seconds.
const SECONDS: &str = "15";

/// Builds both, and compares what they write.
pub(super) fn run() -> Result<()> {
    let arm64 = dist::build_arm64()?;
    golden()?;
    println!("arm64: the golden events of each recorded node, byte for byte");
    succeed(in_qemu(&arm64).args(["validate", "examples/eks.yaml"]).stdout(Stdio::null()))?;
    // Another build may stand beside it, as in the benches.
    let x86_64 = std::env::var_os("AGENT").map_or_else(dist::build, |agent| Ok(agent.into()))?;
    for recording in ["v1-kubernetes", "v1-hybrid-systemd", "v2-kubernetes-systemd", "v2-host"] {
        let emulated = events(&in_qemu(&arm64), recording)?;
        let native = events(&program(&x86_64, [""; 0]), recording)?;
        ensure!(!native.is_empty(), "{recording}: the binary for x86-64 wrote no event");
        ensure!(emulated == native, "{recording}: the events differ:\n{emulated:#?}\n{native:#?}");
        println!("arm64: {} events of {recording} as on x86-64", native.len());
    }
    Ok(())
}

/// Runs the tests of recorded nodes, built for arm64.
fn golden() -> Result<()> {
    let mut command = cargo(["test", "--quiet", "--package", "container-insights", "--test", "recorded"]);
    dist::for_arm64(&mut command);
    succeed(command.env_remove("UPDATE_GOLDEN"))
}

fn in_qemu(binary: &Path) -> Command {
    program(setup::QEMU_ARM64, [binary])
}

/// The first event about each thing that an agent writes of a recorded machine, without its times.
fn events(agent: &Command, recording: &str) -> Result<BTreeMap<String, Value>> {
    let machine = root().join("crates/testkit/hosts").join(recording).join("second");
    let mut command = program("timeout", ["--signal=TERM", SECONDS]);
    command.arg(agent.get_program()).args(agent.get_args()).args(["--config", "examples/host.yaml"]);
    let root_path = format!("receivers.awscontainerinsightreceiver.root_path={}", machine.display());
    let interval = "receivers.awscontainerinsightreceiver.collection_interval=2s";
    for set in [&root_path, interval, "processors.batch/metrics.timeout=1s"] {
        command.args(["--set", set]);
    }
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOST_NAME", "node-1.example");
    let output = command.stderr(Stdio::null()).output().context("run the agent")?;
    let mut events = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Value::Object(mut event) = serde_json::from_str(line).with_context(|| format!("read {line:?}"))? else {
            bail!("{line:?} is no event");
        };
        // These differ from run to run.
        event.remove("Timestamp");
        if let Some(envelope) = event.get_mut("_aws").and_then(Value::as_object_mut) {
            envelope.remove("Timestamp");
        }
        let names = ["Type", "device", "interface", "ContainerId"].map(|name| event.get(name).map(Value::to_string));
        events.entry(format!("{names:?}")).or_insert(Value::Object(event));
    }
    Ok(events)
}
