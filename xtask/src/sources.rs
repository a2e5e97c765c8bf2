//! The project's sources without its tests.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project::root;

/// What a file's own tests begin with; they come last.
const TESTS: &str = "#[cfg(test)]\nmod ";

/// A source of a crate, up to its tests.
pub(crate) struct File {
    /// The folder of the crate below `crates/`.
    pub(crate) of: String,
    /// Below the project's folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// All sources below `crates/*/src`, sorted by path; files and folders of tests are left out.
pub(crate) fn files() -> Result<Vec<File>> {
    let mut files = Vec::new();
    for folder in sorted(&root().join("crates"))? {
        let of = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        collect(&of, &folder.join("src"), &mut files)?;
    }
    let of_tests: Vec<PathBuf> = files.iter().flat_map(test_modules).collect();
    files.retain(|file| !of_tests.iter().any(|module| file.path.with_extension("").starts_with(module)));
    Ok(files)
}

/// The modules that a file has for tests only, as paths without their ending.
fn test_modules(file: &File) -> Vec<PathBuf> {
    let is_root = file.path.file_stem().is_some_and(|stem| stem == "lib" || stem == "main" || stem == "mod");
    let folder = if is_root { file.path.with_file_name("") } else { file.path.with_extension("") };
    let declared = file.text.split(TESTS).skip(1).filter_map(|rest| rest.lines().next()?.strip_suffix(';'));
    declared.map(|name| folder.join(name)).collect()
}

fn collect(of: &str, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    for path in sorted(folder)? {
        let stem = path.file_stem().unwrap_or_default();
        if stem == "tests" || stem == "test_support" {
            continue;
        }
        if path.is_dir() {
            collect(of, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            let shown = path.strip_prefix(root()).unwrap_or(&path).to_path_buf();
            files.push(File { of: of.to_owned(), path: shown, text: without_tests(&text).to_owned() });
        }
    }
    Ok(())
}

/// A file's text up to its tests; a module of tests that is a file of its own is no tail.
fn without_tests(text: &str) -> &str {
    let mut from = 0;
    while let Some(at) = text[from..].find(TESTS).map(|at| from + at) {
        let line = text[at + TESTS.len()..].lines().next().unwrap_or_default();
        if line.ends_with('{') {
            return &text[..at];
        }
        from = at + TESTS.len();
    }
    text
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_for_tests_only_is_found_beside_or_below_its_file() {
        let of = |path: &str| {
            let text = "#[cfg(test)]\nmod simulation;\n".to_owned();
            test_modules(&File { of: "a".to_owned(), path: path.into(), text })
        };
        assert_eq!(of("src/election.rs"), [PathBuf::from("src/election/simulation")]);
        assert_eq!(of("src/lib.rs"), [PathBuf::from("src/simulation")]);
    }

    #[test]
    fn a_tail_of_tests_is_cut_and_a_file_of_tests_is_none() {
        assert_eq!(without_tests("a\n\n#[cfg(test)]\nmod tests {\n}\n"), "a\n\n");
        let own_file = "#[cfg(test)]\nmod tests;\n\nfn b() {}\n";
        assert_eq!(without_tests(own_file), own_file);
    }
}
