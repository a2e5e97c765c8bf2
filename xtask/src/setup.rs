//! Installs what the commands need and is missing, and says in words what could not be installed.

use anyhow::{Context, Result, bail};

use crate::project::{cargo, has_program, program, root, succeed, succeeds};

/// The target of the binary that is shipped and of the one that runs in guests.
pub(crate) const STATIC_TARGET: &str = "x86_64-unknown-linux-musl";

/// The other target that is shipped, its compiler and linker, and what runs its programs here.
pub(crate) const ARM64_TARGET: &str = "aarch64-unknown-linux-musl";
pub(crate) const ARM64_COMPILER: &str = "aarch64-linux-gnu-gcc";
pub(crate) const QEMU_ARM64: &str = "qemu-aarch64-static";

/// Packages and modules of the beds; the error says what is missing.
pub(crate) fn beds() -> Result<()> {
    beds_with(&[])
}

/// The same, and packages that only some bed needs: without them no other bed may be kept from running.
pub(crate) fn beds_with(packages: &[&str]) -> Result<()> {
    let output = program(root().join("beds/setup.sh"), packages).output().context("run beds/setup.sh")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}", said.trim().lines().last().unwrap_or("beds/setup.sh failed"));
    }
    Ok(())
}

/// The compiler's static target, and the C compiler that `ring` needs for it.
pub(crate) fn static_target() -> Result<()> {
    if has_program("rustup") && !target_is_installed(STATIC_TARGET) {
        succeed(&mut program("rustup", ["target", "add", STATIC_TARGET]))?;
    }
    if !has_program("musl-gcc") {
        apt(&["musl-tools"]).context("no musl-gcc")?;
    }
    Ok(())
}

/// The same for arm64, and QEMU's user mode, which runs what is built for it.
pub(crate) fn arm64() -> Result<()> {
    if has_program("rustup") && !target_is_installed(ARM64_TARGET) {
        succeed(&mut program("rustup", ["target", "add", ARM64_TARGET]))?;
    }
    if !has_program(ARM64_COMPILER) {
        apt(&["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"]).context("no compiler for arm64")?;
    }
    if !has_program(QEMU_ARM64) {
        apt(&["qemu-user-static"]).context("no QEMU for arm64")?;
    }
    Ok(())
}

/// The program that checks dependencies.
pub(crate) fn cargo_deny() -> Result<()> {
    if succeeds(&mut cargo(["deny", "--version"])) {
        return Ok(());
    }
    println!("installing cargo-deny, which takes some minutes once");
    succeed(&mut cargo(["install", "cargo-deny", "--locked", "--quiet"]))
}

/// Whether the compiler has the standard library of this target.
pub(crate) fn target_is_installed(target: &str) -> bool {
    let arguments = ["--print", "target-libdir", "--target", target];
    let Ok(output) = program("rustc", arguments).output() else { return false };
    std::path::Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
}

/// A C++ compiler, which libFuzzer is built with.
pub(crate) fn cpp_compiler() -> Result<()> {
    if std::env::var_os("CXX").is_none() && !has_program("c++") {
        apt(&["g++"]).context("install a C++ compiler")?;
    }
    Ok(())
}

fn apt(packages: &[&str]) -> Result<()> {
    let mut command = program("apt-get", ["install", "-y", "-q", "--no-install-recommends"]);
    command.args(packages);
    command.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null());
    succeed(&mut command)
}
