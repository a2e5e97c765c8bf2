//! `cargo xtask bench hostile`: what a configuration, tenants and a kubelet can make the agent cost.
//!
//! Three figures: CPU and output for a configuration with 150 000 unknown keys; a round on a machine with 200 000 cgroups of
//! tenants; the health check while the kubelet sends its pod list in chunks of one byte.

mod cgroups;
mod drip;
mod health;
mod keys;
mod slow;
mod tenants;
mod tree;

use std::path::Path;

use anyhow::Result;

use super::Verdict;

/// Measures all three.
pub(crate) fn run(binary: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    keys::run(binary, scratch, verdict)?;
    cgroups::run(binary, scratch, verdict)?;
    // The log of an agent is found by its folder.
    let scratch = scratch.join("slow");
    std::fs::create_dir(&scratch)?;
    slow::run(binary, &scratch, verdict)
}
