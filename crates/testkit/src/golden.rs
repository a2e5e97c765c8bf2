//! Golden files: what leaves the process, written down once and compared in every run.

use std::fs;
use std::path::Path;

/// Compares `actual` with the file at `path`, relative to the crate under test.
///
/// With `UPDATE_GOLDEN=1` in the environment the file is written instead, its folder too.
///
/// # Panics
///
/// Where the two differ, with the first line that does; and where the file is missing.
#[track_caller]
pub fn check(path: impl AsRef<Path>, actual: impl AsRef<[u8]>) {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    if let Err(message) = compare(path.as_ref(), actual.as_ref(), update) {
        panic!("{message}");
    }
}

fn compare(path: &Path, actual: &[u8], update: bool) -> Result<(), String> {
    if update {
        let folder = path.parent().unwrap_or(Path::new("."));
        return fs::create_dir_all(folder)
            .and_then(|()| fs::write(path, actual))
            .map_err(|error| format!("write golden file {}: {error}", path.display()));
    }
    let expected = fs::read(path).map_err(|error| {
        format!("read golden file {}: {error}; UPDATE_GOLDEN=1 writes it from this run", path.display())
    })?;
    if expected == actual {
        return Ok(());
    }
    Err(format!("{} differs{}\nUPDATE_GOLDEN=1 rewrites it", path.display(), first_difference(&expected, actual)))
}

fn first_difference(expected: &[u8], actual: &[u8]) -> String {
    let mut expected_lines = expected.split_inclusive(|&byte| byte == b'\n');
    let mut actual_lines = actual.split_inclusive(|&byte| byte == b'\n');
    for number in 1.. {
        let (expected, actual) = (expected_lines.next(), actual_lines.next());
        if expected != actual {
            return format!(" in line {number}\n  expected {}\n  actual   {}", show(expected), show(actual));
        }
        if expected.is_none() {
            break;
        }
    }
    String::new()
}

fn show(line: Option<&[u8]>) -> String {
    line.map_or_else(
        || "nothing, the end of the file".to_owned(),
        |line| format!("{:?}", String::from_utf8_lossy(line)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_file_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er.golden");
        compare(&path, b"one\ntwo\n", true).unwrap();
        assert_eq!(compare(&path, b"one\ntwo\n", false), Ok(()));
    }

    #[test]
    fn a_difference_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.golden");
        compare(&path, b"one\ntwo\n", true).unwrap();
        let message = compare(&path, b"one\nthree\n", false).unwrap_err();
        assert!(message.contains("in line 2"), "{message}");
        assert!(message.contains(r#"expected "two\n""#), "{message}");
        assert!(message.contains(r#"actual   "three\n""#), "{message}");
    }

    #[test]
    fn a_line_too_few_and_a_missing_last_newline_are_differences() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("end.golden");
        compare(&path, b"one\ntwo\n", true).unwrap();
        assert!(compare(&path, b"one\n", false).unwrap_err().contains("actual   nothing, the end of the file"));
        assert!(compare(&path, b"one\ntwo", false).unwrap_err().contains("in line 2"));
    }

    #[test]
    fn a_missing_file_says_how_to_write_it() {
        let message = compare(Path::new("no/such.golden"), b"", false).unwrap_err();
        assert!(message.contains("UPDATE_GOLDEN=1"), "{message}");
    }
}
