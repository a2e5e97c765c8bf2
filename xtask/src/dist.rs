//! `cargo xtask dist`: the static binaries to ship, and a bound on their size.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project::{cargo, has_program, root, succeed};
use crate::setup;

/// Bytes a binary may have.
const MAX_BYTES: u64 = 15_000_000;

/// A target, and the C compiler and linker that `ring` and the binary need for it.
struct Target {
    name: &'static str,
    compiler: &'static str,
    linker: Option<&'static str>,
}

const X86_64: Target = Target { name: setup::STATIC_TARGET, compiler: "musl-gcc", linker: None };
const AARCH64: Target =
    Target { name: setup::ARM64_TARGET, compiler: setup::ARM64_COMPILER, linker: Some(setup::ARM64_COMPILER) };

/// Builds, prints each size, and fails where one is too large.
pub(crate) fn run() -> Result<()> {
    let mut binaries = vec![build()?];
    if setup::target_is_installed(AARCH64.name) && has_program(AARCH64.compiler) {
        binaries.push(build_for(&AARCH64, "dist")?);
    } else {
        println!("{}: not built, since its target or {} is not installed", AARCH64.name, AARCH64.compiler);
    }
    let mut too_large = 0;
    for binary in binaries {
        let bytes = fs::metadata(&binary).with_context(|| format!("look at {}", binary.display()))?.len();
        let shown = binary.strip_prefix(root()).unwrap_or(&binary).display();
        println!("{shown}: {bytes} bytes of at most {MAX_BYTES}");
        too_large += u32::from(bytes > MAX_BYTES);
    }
    if too_large > 0 {
        bail!("{too_large} too large");
    }
    Ok(())
}

/// The static binary for this machine, as it is shipped.
pub(crate) fn build() -> Result<PathBuf> {
    setup::static_target()?;
    build_for(&X86_64, "dist")
}

/// The same with its symbols, in a folder of its own, so that neither build makes the other one stale.
#[cfg(feature = "bench")]
pub(crate) fn build_with_symbols() -> Result<PathBuf> {
    setup::static_target()?;
    let folder = folder().join("symbols");
    let mut command = build_command(&X86_64, "dist");
    command.args(["--config", "profile.dist.strip=false"]).env("CARGO_TARGET_DIR", &folder);
    succeed(&mut command)?;
    Ok(binary(&folder, &X86_64, "dist"))
}

/// The static binary for arm64, as it is shipped; installs what that needs.
pub(crate) fn build_arm64() -> Result<PathBuf> {
    setup::arm64()?;
    build_for(&AARCH64, "dist")
}

/// Makes a command build for arm64, and run what it built in QEMU.
pub(crate) fn for_arm64(command: &mut Command) {
    tools(command, &AARCH64);
    command.args(["--target", AARCH64.name]).env(variable(&AARCH64, "RUNNER"), setup::QEMU_ARM64);
}

/// The static binary for the kernel tests, built without whole-program optimisation to save minutes.
pub(crate) fn build_for_tests() -> Result<PathBuf> {
    setup::static_target()?;
    build_for(&X86_64, "release")
}

fn build_for(target: &Target, profile: &str) -> Result<PathBuf> {
    succeed(&mut build_command(target, profile))?;
    Ok(binary(&folder(), target, profile))
}

fn build_command(target: &Target, profile: &str) -> Command {
    let arguments = ["build", "--package", "container-insights", "--profile", profile, "--target", target.name];
    let mut command = cargo(arguments);
    tools(&mut command, target);
    command
}

/// Names the C compiler and the linker of a target.
fn tools(command: &mut Command, target: &Target) {
    command.env(format!("CC_{}", target.name.replace('-', "_")), target.compiler);
    if let Some(linker) = target.linker {
        command.env(variable(target, "LINKER"), linker);
    }
}

fn variable(target: &Target, name: &str) -> String {
    format!("CARGO_TARGET_{}_{name}", target.name.replace('-', "_").to_uppercase())
}

/// Where cargo puts what it builds.
fn folder() -> PathBuf {
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    root().join(folder)
}

fn binary(folder: &Path, target: &Target, profile: &str) -> PathBuf {
    folder.join(target.name).join(profile).join("container-insights")
}
