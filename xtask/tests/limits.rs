//! The tables "Limits" of `docs/architecture.md` and "Parsers" of `docs/testing.md`: what their rows name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What is read of the sources: names of functions, and the constants of each crate.
#[derive(Default)]
struct Known {
    functions: BTreeSet<String>,
    constants: BTreeMap<String, BTreeSet<String>>,
}

/// A row of the table.
struct Row {
    limit: String,
    test: String,
    cells: usize,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

impl Known {
    fn collect(&mut self, of: &str, folder: &Path) {
        for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                self.collect(of, &path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                self.read(of, &fs::read_to_string(&path).expect("a source is text"));
            }
        }
    }

    fn read(&mut self, of: &str, text: &str) {
        let constants = self.constants.entry(of.to_owned()).or_default();
        for line in text.lines() {
            let words = line.trim_start();
            let words =
                words.strip_prefix("pub").map_or(words, |rest| rest.split_once(' ').map_or("", |(_, rest)| rest));
            if let Some((name, _)) = words.strip_prefix("const ").and_then(|rest| rest.split_once(':')) {
                constants.insert(name.to_owned());
            }
            if let Some((name, _)) =
                words.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split_once('('))
            {
                self.functions.insert(name.to_owned());
            }
        }
    }
}

fn known() -> Known {
    let mut known = Known::default();
    for entry in fs::read_dir(root().join("crates")).expect("there are crates").flatten() {
        known.collect(&entry.file_name().to_string_lossy(), &entry.path());
    }
    known
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page is there");
    let (_, section) = page.split_once("\n## Limits\n").expect("the page has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let lines = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            Row {
                limit: cells[0].to_owned(),
                test: cells.last().map_or_else(String::new, |cell| cell.trim_matches('`').to_owned()),
                cells: cells.len(),
            }
        })
        .collect()
}

/// The constants that a row names, as `crate::NAME`.
fn named(limit: &str) -> impl Iterator<Item = (&str, &str)> {
    limit.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::"))
}

#[test]
fn every_row_names_a_test_that_is_there() {
    let known = known();
    let rows = rows();
    assert!(rows.len() >= 10, "the table was not understood");
    for row in rows {
        assert_eq!(row.cells, 5, "{}: limit, value, what is cut, where it is told, test", row.limit);
        assert!(known.functions.contains(&row.test), "{}: no such test: {}", row.limit, row.test);
    }
}

#[test]
fn every_constant_that_a_row_names_is_there() {
    let known = known();
    for row in rows() {
        for (of, name) in named(&row.limit) {
            let is_there = known.constants.get(of).is_some_and(|constants| constants.contains(name));
            assert!(is_there, "{}: no such constant", row.limit);
        }
    }
}

/// The table "Parsers of outside text": of each row the tests and the fuzz targets that it names.
fn parsers() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/testing.md")).expect("the page is there");
    let (_, section) = page.split_once("\n## Parsers").expect("the page has the section");
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let &[_, _, _, tests, targets] = &cells[..] else {
            panic!("text, parser, what is held, tests, targets: {row}")
        };
        (tests.to_owned(), targets.to_owned())
    })
    .collect()
}

fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_of_a_parser_that_is_named_is_there() {
    let known = known();
    let parsers = parsers();
    let named: Vec<&str> = parsers.iter().flat_map(|(tests, _)| quoted(tests)).collect();
    let missing: Vec<&&str> = named.iter().filter(|name| !known.functions.contains(**name)).collect();
    assert!(named.len() > 30 && missing.is_empty(), "no such test: {missing:?}");
}

/// Constants named like a bound that have no row: each is part of another row's bound, or bounds nothing from outside.
const WITHOUT_A_ROW: [(&str, &[&str]); 5] = [
    (
        "no bound on outside data: what we keep or wait by ourselves",
        &["aws::LONGEST_PAUSE", "kubernetes::MAX_SLEEP", "receivers::MAX_SLEEP", "spool::MOST_RATIO"],
    ),
    (
        "what can be true of a value: docs/kernel-files.md lists these",
        &[
            "receivers::MOST_BYTES_PER_SECOND",
            "platform::MOST_MEMORY",
            "receivers::MOST_MILLICORES",
            "receivers::MOST_PER_SECOND",
            "receivers::MOST_RESERVED_PERCENT",
            "receivers::MOST_THINGS",
        ],
    ),
    (
        "words of a message only: what they are about is bounded elsewhere",
        &["aws::MOST_WORDS", "exporters::MOST_FAILING", "spool::MOST_WORDS"],
    ),
    (
        "below the bound of the answer that holds it (`aws::MAX_ANSWER_BYTES`, `kubernetes::LARGEST_OBJECT`)",
        &["aws::MAX_PAGES", "aws::MAX_PAGE_BYTES", "aws::MAX_TOKEN_BYTES", "kubernetes::LONGEST_KEY"],
    ),
    ("part of another row: `aws::TIMEOUT`, `compare::MOST_QUIET`", &["net::ADDRESS_LIMIT", "compare::MOST_WITHOUT"]),
];

/// Whether a constant is named like a bound.
fn is_bound(name: &str) -> bool {
    let begins = ["MOST_", "MAX_", "LONGEST", "LARGEST", "DEEPEST"];
    begins.iter().any(|begin| name.starts_with(begin)) || name.ends_with("_LIMIT")
}

/// The bounds of a crate's code, without those of tests.
fn bounds(of: &str, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "tests" || name == "tests.rs" {
            continue;
        }
        if path.is_dir() {
            bounds(of, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let mut known = Known::default();
            known.read(of, code);
            let constants = known.constants.into_values().flatten();
            found.extend(constants.filter(|name| is_bound(name)).map(|name| format!("{of}::{name}")));
        }
    }
}

#[test]
fn every_bound_has_a_row_or_a_reason() {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root().join("crates")).expect("there are crates").flatten() {
        let of = entry.file_name().to_string_lossy().into_owned();
        // The fakes of tests run in no agent.
        if of != "testkit" {
            bounds(&of, &entry.path().join("src"), &mut found);
        }
    }
    assert!(found.len() > 50, "the sources were not understood");
    let rows = rows();
    let named: BTreeSet<String> =
        rows.iter().flat_map(|row| named(&row.limit)).map(|(of, name)| format!("{of}::{name}")).collect();
    let excused: BTreeSet<String> =
        WITHOUT_A_ROW.iter().flat_map(|(_, names)| *names).map(|name| (*name).to_owned()).collect();
    let missing: Vec<_> = found.iter().filter(|name| !named.contains(*name) && !excused.contains(*name)).collect();
    assert!(missing.is_empty(), "no row in docs/architecture.md, Limits: {missing:?}");
    let stale: Vec<_> = excused.iter().filter(|name| named.contains(*name) || !found.contains(*name)).collect();
    assert!(stale.is_empty(), "they have a row, or are gone: {stale:?}");
}

#[test]
fn every_parser_has_a_fuzz_target_and_every_target_a_parser() {
    let parsers = parsers();
    assert!(parsers.iter().all(|(_, targets)| quoted(targets).next().is_some()), "a row without a target");
    let named: BTreeSet<&str> = parsers.iter().flat_map(|(_, targets)| quoted(targets)).collect();
    let mut there = BTreeSet::new();
    for file in fs::read_dir(root().join("fuzz/src")).expect("there are targets").flatten() {
        let text = fs::read_to_string(file.path()).expect("a source is text");
        let names = text.split("name: \"").skip(1).filter_map(|rest| rest.split_once('"'));
        there.extend(names.map(|(name, _)| name.to_owned()));
    }
    assert_eq!(named, there.iter().map(String::as_str).collect());
}
