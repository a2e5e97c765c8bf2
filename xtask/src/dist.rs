//! `cargo xtask dist`: the static binaries to ship, and a bound on their size.

use std::fs;
use std::path::PathBuf;

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
const AARCH64: Target = Target {
    name: "aarch64-unknown-linux-musl",
    compiler: "aarch64-linux-gnu-gcc",
    linker: Some("aarch64-linux-gnu-gcc"),
};

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

/// The static binary for the kernel tests, built without whole-program optimisation to save minutes.
pub(crate) fn build_for_tests() -> Result<PathBuf> {
    setup::static_target()?;
    build_for(&X86_64, "release")
}

fn build_for(target: &Target, profile: &str) -> Result<PathBuf> {
    let variable = target.name.replace('-', "_");
    let arguments = ["build", "--package", "container-insights", "--profile", profile, "--target", target.name];
    let mut command = cargo(arguments);
    command.env(format!("CC_{variable}"), target.compiler);
    if let Some(linker) = target.linker {
        command.env(format!("CARGO_TARGET_{}_LINKER", variable.to_uppercase()), linker);
    }
    succeed(&mut command)?;
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(root().join(folder).join(target.name).join(profile).join("container-insights"))
}
