//! `cargo xtask arrows`: the layers of `docs/architecture.md`, and what only some crates may do.
//!
//! An arrow may skip layers, never climb or go sideways. No files of a crate import one another in a circle. Only `linux`
//! opens kernel files; `insights` does no I/O.

mod circles;
pub(crate) mod source;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project::{Package, packages, root};
use circles::House;
use source::Source;

/// The layers, lowest first. A crate that stands in none is a fault: whoever adds one says where it belongs.
const LAYERS: &[&[&str]] = &[
    &["catalog", "linux", "confmap", "spool", "telemetry", "net"],
    &["model", "kubernetes", "aws"],
    &["formats", "platform", "scrape"],
    &["component"],
    &["receivers", "processors", "exporters", "extensions", "compare"],
    &["views"],
    &["container-insights"],
];

/// What tests are written with: known by tests alone, and itself no higher than what all tests may know.
const TEST_SUPPORT: &str = "testkit";
const TEST_SUPPORT_LAYER: usize = 4;

/// This program, which may look at every crate.
const COMMANDS: &str = "xtask";

/// Who may open what the kernel shows under these names.
/// The catalogue names them as sources and has nothing that opens a file.
const KERNEL_READERS: &[&str] = &["linux", "catalog", TEST_SUPPORT, COMMANDS];
const KERNEL_PLACES: &[&str] = &["proc", "sys"];

/// Words of the standard library and of other crates that mean I/O, a clock or a process's surroundings.
const IMPURE_PARTS: &[&str] = &["fs", "net", "process", "env", "thread", "os"];
const IMPURE_CRATES: &[&str] = &["tokio", "rustix", "hyper"];
const IMPURE_NAMES: &[&str] = &["Instant", "SystemTime", "Clock"];

/// Checks everything and prints what is wrong.
pub(crate) fn run() -> Result<()> {
    let packages = packages()?;
    let mut faults = Vec::new();
    for package in &packages {
        faults.extend(check_arrows(package));
        faults.extend(check_circles(&folder(package).join("src"))?);
        if !KERNEL_READERS.contains(&crate_name(&package.name)) {
            faults.extend(check_sources(&folder(package).join("src"), kernel_places)?);
        }
    }
    faults.extend(check_sources(&root().join("crates/receivers/src/awscontainerinsight/insights"), impurities)?);
    for fault in &faults {
        eprintln!("{fault}");
    }
    match faults.len() {
        0 => {
            println!("arrows: {} crates in {} layers, none climbs, no circle of files", packages.len(), LAYERS.len());
            Ok(())
        }
        faults => bail!("arrows: {faults} against the architecture"),
    }
}

fn folder(package: &Package) -> PathBuf {
    package.manifest_path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A crate by its folder's name; its package has the project's name before it.
fn crate_name(package: &str) -> &str {
    package.strip_prefix("container-insights-").unwrap_or(package)
}

fn layer(name: &str) -> Option<usize> {
    match name {
        TEST_SUPPORT => Some(TEST_SUPPORT_LAYER),
        name => LAYERS.iter().position(|layer| layer.contains(&name)),
    }
}

/// What is wrong with a package's own dependencies.
fn check_arrows(package: &Package) -> Vec<String> {
    let name = crate_name(&package.name);
    if name == COMMANDS {
        return Vec::new();
    }
    let Some(from) = layer(name) else {
        return vec![format!("{name}: stands in no layer; add it to xtask/src/arrows.rs and docs/architecture.md")];
    };
    let fault = |dependency: &str, kind: Option<&str>| {
        if dependency == TEST_SUPPORT {
            return (kind != Some("dev")).then(|| format!("{name} -> {dependency}: for tests only"));
        }
        match layer(dependency) {
            None => Some(format!("{name} -> {dependency}: the latter stands in no layer")),
            Some(to) if to < from => None,
            Some(to) if to == from => Some(format!("{name} -> {dependency}: goes sideways in layer {to}")),
            Some(to) => Some(format!("{name} -> {dependency}: climbs from layer {from} to {to}")),
        }
    };
    let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
    ours.filter_map(|dependency| fault(crate_name(&dependency.name), dependency.kind.as_deref())).collect()
}

/// What is wrong with how the files below a folder import one another.
fn check_circles(folder: &Path) -> Result<Vec<String>> {
    let mut house = House::default();
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        house.add(file.strip_prefix(folder).unwrap_or(&file), &Source::parse(&text));
    }
    let shown = folder.strip_prefix(root()).unwrap_or(folder).display().to_string();
    let describe = |circle: Vec<&Path>| {
        let names: Vec<_> = circle.iter().map(|file| file.display().to_string()).collect();
        format!(
            "{shown}: {} import one another in a circle: move what both need into a file of its own",
            names.join(", ")
        )
    };
    Ok(house.circles().into_iter().map(describe).collect())
}

/// Applies a check to every source below a folder that isn't a test's.
fn check_sources(folder: &Path, check: fn(&Source) -> Vec<(usize, String)>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let shown = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        faults.extend(check(&Source::parse(&text)).into_iter().map(|(line, words)| format!("{shown}:{line}: {words}")));
    }
    Ok(faults)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "test_support");
        if path.is_dir() && !is_test {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            files.push(path);
        }
    }
    Ok(())
}

/// Text that names a kernel file: `/proc/meminfo`, `sys/fs/cgroup`, or the bare first part of one.
fn kernel_places(source: &Source) -> Vec<(usize, String)> {
    let names_one = |text: &str| {
        let text = text.trim_start_matches('/');
        let first = text.split('/').next().unwrap_or_default();
        KERNEL_PLACES.contains(&first) || KERNEL_PLACES.iter().any(|place| text.contains(&format!("/{place}/")))
    };
    let found = source.literals.iter().filter(|(_, text)| names_one(text));
    found.map(|(line, text)| (*line, format!("{text:?}: only linux opens kernel files"))).collect()
}

/// Code that could do I/O or ask for the time.
fn impurities(source: &Source) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    for (line, path) in source.paths() {
        let parts: Vec<&str> = path.split("::").collect();
        let impure = match parts.as_slice() {
            ["std", part, ..] if IMPURE_PARTS.contains(part) => true,
            [first, ..] if IMPURE_CRATES.contains(first) => true,
            parts => parts.iter().any(|part| IMPURE_NAMES.contains(part)),
        };
        if impure {
            faults.push((line, format!("{path}: insights are plain functions, without I/O or a clock")));
        }
    }
    faults
}

#[cfg(test)]
mod tests;
