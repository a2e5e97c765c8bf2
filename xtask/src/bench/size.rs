//! The shipped binary's bytes by crate, by the symbols of a build that keeps them.
//!
//! A function or static counts for the crate that its path begins with; of `<A as B>::c` that is A's. Constants such as texts
//! have no symbols, and what the linker merged stands once.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::dist;
use crate::project::{packages, program};

/// Crates of others that have a row of their own.
const MOST_ROWS: usize = 25;

/// Prints a row for each crate, the largest first; the shipped binary has `all` bytes.
pub(super) fn run(all: u64) -> Result<()> {
    let binary = dist::build_with_symbols()?;
    let sizes = sizes(&binary)?;
    let ours: Vec<String> = packages()?.into_iter().map(|package| library(&package.name)).collect();
    let sum = |wanted: &dyn Fn(&str) -> bool| -> u64 {
        sizes.iter().filter(|(name, _)| wanted(name)).map(|(_, bytes)| bytes).sum()
    };
    let is_ours = |name: &str| ours.iter().any(|known| known == name);
    let mut rows: Vec<_> = sizes.iter().collect();
    rows.sort_by_key(|(_, bytes)| std::cmp::Reverse(**bytes));
    println!("{:<32} {:>10}", "crate", "bytes");
    let (own, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(name, _)| is_ours(name));
    for (name, bytes) in own.iter().chain(others.iter().take(MOST_ROWS)) {
        println!("{name:<32} {bytes:>10}{}", if is_ours(name) { "  ours" } else { "" });
    }
    let (own, with_symbols) = (sum(&is_ours), sum(&|_| true));
    println!("ours: {own}, others: {}, without a symbol: {}", with_symbols - own, all.saturating_sub(with_symbols));
    println!("the shipped binary: {all}");
    Ok(())
}

/// What a package's library is called in symbols.
fn library(package: &str) -> String {
    match package {
        "container-insights" => "container_insights".to_owned(),
        package => package.strip_prefix("container-insights-").unwrap_or(package).replace('-', "_"),
    }
}

/// Bytes by the first part of each symbol's path.
fn sizes(binary: &Path) -> Result<BTreeMap<String, u64>> {
    let flags = ["--print-size", "--demangle", "--size-sort", "--radix=d"];
    let mut command = program("nm", flags);
    let output = command.arg(binary).output().context("run nm")?;
    if !output.status.success() {
        bail!("nm {}: {}", binary.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    let mut sizes = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // Address, size, kind, name.
        let mut words = line.splitn(4, ' ').skip(1);
        let (Some(bytes), Some(kind), Some(name)) = (words.next(), words.next(), words.next()) else { continue };
        // What is zero at the start has no bytes in the file.
        if let Ok(bytes) = bytes.parse::<u64>()
            && !kind.eq_ignore_ascii_case("b")
        {
            *sizes.entry(crate_of(name).to_owned()).or_default() += bytes;
        }
    }
    Ok(sizes)
}

/// The crate that a symbol's path begins with; what has no path is C or assembler.
fn crate_of(symbol: &str) -> &str {
    if !symbol.contains("::") {
        return "C and assembler";
    }
    let mut rest = symbol;
    loop {
        let before = rest;
        rest = rest.trim_start_matches(['<', '&', '*', '[', '(', ' ']);
        for word in ["mut ", "const ", "dyn ", "impl "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        if rest == before {
            break;
        }
    }
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let name = &rest[..end];
    // A trait on a type of the language itself: `<u8 as …>`, `<T as …>`.
    if rest[end..].starts_with("::") { name } else { "core" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_counts_for_the_crate_its_path_begins_with() {
        for (symbol, name) in [
            ("linux::cgroup::cpu::read", "linux"),
            ("<linux::tree::Tree as core::fmt::Debug>::fmt", "linux"),
            ("<&mut aws::logs::Client as core::fmt::Debug>::fmt::h0123", "aws"),
            ("core::ptr::drop_in_place<aws::logs::Client>", "core"),
            ("<u8 as core::fmt::Display>::fmt", "core"),
            ("<[catalog::Metric]>::iter", "catalog"),
            ("ring_core_0_17_14__aes_gcm", "C and assembler"),
        ] {
            assert_eq!(crate_of(symbol), name, "{symbol}");
        }
    }
}
