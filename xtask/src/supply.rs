//! Dependencies: licences, sources, bans and known weaknesses, by `cargo deny` and `deny.toml`.
//!
//! The database of weaknesses is fetched. Where it can't be, a copy is taken: the folder `ADVISORY_DB`, or an
//! `advisory-db.tar.gz` beside the checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::outcome::Outcome;
use crate::project::{cargo, program, root, succeed, succeeds};

/// Where `cargo deny` looks for the database; it takes nothing but a git repository with a domain's name.
const DATABASE: &str = "https://github.com/RustSec/advisory-db";
const PACKED: &str = "advisory-db.tar.gz";

/// What is shipped, and what the fuzz targets are built with.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "fuzz/Cargo.toml"];

/// Checks licences, sources and bans.
pub(crate) fn run() -> Result<Outcome> {
    for manifest in MANIFESTS {
        let check = ["check", "--hide-inclusion-graph", "licenses", "sources", "bans"];
        succeed(deny(manifest, Path::new("deny.toml")).args(check))?;
    }
    Ok(Outcome::Passed)
}

/// `cargo deny` with a workspace and a configuration.
fn deny(manifest: &str, config: &Path) -> Command {
    let mut command = cargo(["deny", "--all-features", "--manifest-path", manifest, "--config"]);
    command.arg(root().join(config));
    command
}

/// Checks for known weaknesses.
pub(crate) fn advisories() -> Result<Outcome> {
    let check = ["check", "--hide-inclusion-graph", "advisories"];
    let given = std::env::var_os("ADVISORY_DB").map(PathBuf::from);
    if given.is_none() && succeeds(&mut cargo(["deny", "fetch", "db"])) {
        MANIFESTS.iter().try_for_each(|manifest| succeed(deny(manifest, Path::new("deny.toml")).args(check)))?;
        return Ok(Outcome::Passed);
    }
    let Some(copy) = given.or_else(|| packed_beside(&root())) else {
        let reason =
            format!("{DATABASE} can't be reached and there is no copy (ADVISORY_DB, or {PACKED} beside the checkout)");
        return Ok(Outcome::NotRun(reason));
    };
    println!("advisories from {}", copy.display());
    let work = root().join("target/advisories");
    let repository = repository(&copy, &work).context("make a repository of the copy")?;
    let config = config(&work)?;
    for manifest in MANIFESTS {
        let mut command = deny(manifest, &config);
        command.args(check);
        redirect(&mut command, &repository);
        succeed(&mut command)?;
    }
    Ok(Outcome::Passed)
}

/// A packed database in the folder around the checkout, in the one around that, or in a folder of either.
fn packed_beside(checkout: &Path) -> Option<PathBuf> {
    for around in checkout.ancestors().skip(1).take(2) {
        let direct = around.join(PACKED);
        if direct.is_file() {
            return Some(direct);
        }
        let mut folders: Vec<PathBuf> = fs::read_dir(around).ok()?.flatten().map(|entry| entry.path()).collect();
        folders.sort();
        if let Some(found) = folders.into_iter().map(|folder| folder.join(PACKED)).find(|packed| packed.is_file()) {
            return Some(found);
        }
    }
    None
}

/// A git repository with the copy's content and one commit of today, below `work`.
fn repository(copy: &Path, work: &Path) -> Result<PathBuf> {
    let repository = work.join("repository");
    if work.exists() {
        fs::remove_dir_all(work)?;
    }
    fs::create_dir_all(&repository)?;
    if copy.is_dir() {
        // The content alone: a repository's own past is not needed.
        succeed(program("cp", ["-r"]).arg(copy.join(".")).arg(&repository))?;
        let past = repository.join(".git");
        if past.exists() {
            fs::remove_dir_all(past)?;
        }
    } else {
        succeed(program("tar", ["-xzf"]).arg(copy).arg("-C").arg(&repository))?;
    }
    let git = |arguments: &[&str]| succeed(program("git", arguments).current_dir(&repository));
    git(&["init", "--quiet", "--initial-branch", "main"])?;
    git(&["add", "--all", "--force"])?;
    let identity =
        ["-c", "user.name=advisories", "-c", "user.email=advisories@localhost", "-c", "commit.gpgsign=false"];
    git(&[&identity[..], &["commit", "--quiet", "--no-verify", "--message", "copy"]].concat())?;
    Ok(repository)
}

/// `deny.toml` with a database folder of its own, so that the copy does not stay where the fetched one belongs.
fn config(work: &Path) -> Result<PathBuf> {
    let text = fs::read_to_string(root().join("deny.toml")).context("read deny.toml")?;
    let place = format!("[advisories]\ndb-path = {:?}\n", work.join("databases").display().to_string());
    let path = work.join("deny.toml");
    fs::write(&path, text.replace("[advisories]\n", &place))?;
    Ok(path)
}

/// Has git take the repository where it is asked for the database.
fn redirect(command: &mut Command, repository: &Path) {
    command
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", repository.display()))
        .env("GIT_CONFIG_VALUE_0", DATABASE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_database_is_found_one_and_two_levels_up() {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("around/project");
        fs::create_dir_all(&checkout).unwrap();
        assert_eq!(packed_beside(&checkout), None);
        for place in ["sibling", "around/sibling", "around"] {
            let packed = folder.path().join(place).join(PACKED);
            fs::create_dir_all(packed.parent().unwrap()).unwrap();
            fs::write(&packed, "").unwrap();
            assert_eq!(packed_beside(&checkout), Some(packed), "the nearest wins");
        }
    }
}
