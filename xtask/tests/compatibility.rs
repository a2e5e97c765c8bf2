//! `docs/compatibility.md`: every test that it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Names of functions below a folder.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source is text");
            let functions =
                text.lines().filter_map(|line| line.trim_start().trim_start_matches("async ").strip_prefix("fn "));
            names.extend(functions.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let page = fs::read_to_string(root().join("docs/compatibility.md")).expect("the page is there");
    let mut known = BTreeSet::new();
    collect(&root().join("crates"), &mut known);
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| difference"));
    let cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let named = cells.flat_map(|cell| cell.split(',')).map(|name| name.trim().trim_matches('`'));
    let named = named.filter(|name| !name.is_empty());
    let missing: Vec<&str> = named.filter(|name| !known.contains(*name)).collect();
    assert!(missing.is_empty(), "no such test: {missing:?}");
}
