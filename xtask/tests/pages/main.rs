//! The generated pages: stale ones fail; `cargo xtask docs` writes them anew.

mod configuration;
mod metrics;

use std::path::Path;

/// Compares a page with what it should be, or writes it where `UPDATE_DOCS` is set.
fn check(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, expected).expect("docs can be written");
        return;
    }
    let actual = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(actual == expected, "docs/{name} is stale; run: cargo xtask docs");
}

#[test]
fn the_page_of_metrics_says_what_the_catalogue_says() {
    check("metrics.md", &metrics::page());
}

#[test]
fn the_page_of_options_says_what_the_components_take() {
    check("configuration.md", &configuration::page());
}
