//! `cargo xtask lines`: how much there is to read, tests left out.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::sources;

/// What the agent is made without.
const NOT_SHIPPED: [&str; 2] = ["testkit", "compare"];

/// Prints the lines of each crate, and their sums.
pub(crate) fn run() -> Result<()> {
    let mut crates: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for file in sources::files()? {
        let (files, lines) = crates.entry(file.of).or_default();
        *files += 1;
        *lines += file.text.lines().count();
    }
    let sum = |wanted: fn(&str) -> bool| -> usize {
        crates.iter().filter(|(name, _)| wanted(name)).map(|(_, (_, lines))| lines).sum()
    };
    let mut sorted: Vec<_> = crates.iter().collect();
    sorted.sort_by_key(|(_, (_, lines))| std::cmp::Reverse(*lines));
    println!("{:<12} {:>6} {:>7}", "crate", "files", "lines");
    for (name, (files, lines)) in sorted {
        println!("{name:<12} {files:>6} {lines:>7}");
    }
    println!("all: {}", sum(|_| true));
    println!("without {}: {}", NOT_SHIPPED.join(" and "), sum(|name| !NOT_SHIPPED.contains(&name)));
    Ok(())
}
