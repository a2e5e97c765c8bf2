//! `file_storage`: a directory in which queues wait, one spool for each exporter.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use component::{BuildError, BuildExtension, Context, Extension, Process, Storage, Task};
use confmap::{Decode, Faults, Ignored, Node, decode_text};
use spool::{Error, Options, Recovered, Spool};

confmap::config! {
    /// Keeps what waits for delivery on disk, so that it outlives the process.
    ///
    /// An exporter uses it by `sending_queue::storage`. What waits is compressed; each exporter has a folder of its own.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// Where to keep it. Two agents never share one.
        pub directory: PathBuf = PathBuf::from("/var/lib/otelcol/file_storage"),
        /// How long to wait for another agent that is still using the directory.
        pub timeout: Duration = Duration::from_secs(1),
        /// Confirms every write by the disk before a round counts as taken; else the last second can be lost with the power.
        pub fsync: bool = false,
        /// Makes the directory where it is missing.
        pub create_directory: bool = true,
        /// Permissions of a directory that is made, in octal.
        pub directory_permissions: Permissions = Permissions::default(),
        /// Largest size of a file.
        #[accepted("sending_queue::queue_size is the limit")]
        pub max_size: u64 = 0,
        /// Replaces a damaged database.
        #[accepted("what is damaged costs itself only")]
        pub recreate: bool = false,
        /// Makes files smaller.
        #[accepted("a file is removed once all in it is delivered")]
        pub compaction: Ignored = Ignored,
    }
}

/// Permission bits of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions(u32);

impl Default for Permissions {
    /// The owner's alone.
    fn default() -> Self {
        Self(0o700)
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

/// A text that is no such permissions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermissionsError {
    /// Not an octal number of three digits.
    #[error("expected permissions in octal such as \"0700\", found {0:?}")]
    NotOctal(String),
    /// The agent could not use a directory with these.
    #[error("permissions {0:?} keep the agent itself out")]
    TooStrict(String),
}

impl FromStr for Permissions {
    type Err = PermissionsError;

    fn from_str(text: &str) -> Result<Self, PermissionsError> {
        let digits = text.strip_prefix("0o").unwrap_or(text);
        match u32::from_str_radix(digits, 8) {
            Ok(bits) if bits > 0o777 => Err(PermissionsError::NotOctal(text.to_owned())),
            Ok(bits) if bits & 0o700 != 0o700 => Err(PermissionsError::TooStrict(text.to_owned())),
            Ok(bits) => Ok(Self(bits)),
            Err(_) => Err(PermissionsError::NotOctal(text.to_owned())),
        }
    }
}

impl Decode for Permissions {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_text(node, path, faults, "permissions")
    }

    fn type_name() -> String {
        "octal permissions".to_owned()
    }

    fn show_default(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Config {
    /// The folder of one exporter, whose id's characters that a file name shouldn't have become `_`.
    #[must_use]
    pub fn folder(&self, exporter: &str) -> PathBuf {
        let safe =
            |character: char| if character.is_alphanumeric() || "-_.".contains(character) { character } else { '_' };
        self.directory.join(format!("exporter_{}", exporter.chars().map(safe).collect::<String>()))
    }

    /// Opens the spool of one exporter, which may take so many bytes on disk. Waits for another agent to leave it.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where another agent has it still; others where the disk doesn't take it.
    pub fn open(&self, exporter: &str, budget_bytes: u64) -> Result<(Spool, Recovered), Error> {
        if !self.create_directory && !self.directory.is_dir() {
            return Err(missing(&self.directory));
        }
        let mut options = Options::new(self.folder(exporter));
        options.permissions = self.directory_permissions.0;
        options.budget_bytes = budget_bytes;
        let mut waited = Duration::ZERO;
        loop {
            match Spool::open(options.clone()) {
                Err(Error::Locked { .. }) if waited < self.timeout => {
                    std::thread::sleep(STEP);
                    waited += STEP;
                }
                opened => return opened,
            }
        }
    }
}

impl BuildExtension for Config {
    fn storage(&self) -> Option<&dyn Storage> {
        Some(self)
    }

    /// Each spool is opened by the exporter that uses it.
    fn start(
        &self,
        _context: Context,
        _process: &Process<'_>,
    ) -> Task<'static, Result<Option<Box<dyn Extension>>, BuildError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

impl Storage for Config {
    fn open(&self, exporter: &str, budget_bytes: u64) -> Result<(Spool, Recovered), Error> {
        Self::open(self, exporter, budget_bytes)
    }

    fn confirms_writes(&self) -> bool {
        self.fsync
    }
}

/// Between two looks at a lock.
const STEP: Duration = Duration::from_millis(50);

fn missing(directory: &Path) -> Error {
    let source = std::io::Error::new(std::io::ErrorKind::NotFound, "it is missing; create_directory: true makes it");
    Error::Io { action: "open", path: directory.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config(directory: &Path) -> Config {
        Config { directory: directory.join("made/here"), timeout: Duration::from_millis(100), ..Config::default() }
    }

    #[test]
    fn each_exporter_has_a_folder_that_others_cannot_read() {
        let scratch = tempfile::tempdir().unwrap();
        let config = config(scratch.path());
        let _spool = config.open("awsemf/../x", 1 << 20).unwrap();
        let folder = config.directory.join("exporter_awsemf_.._x");
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(config.directory.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_second_agent_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let config = config(scratch.path());
        let spool = config.open("awsemf", 1 << 20).unwrap();
        assert!(matches!(config.open("awsemf", 1 << 20), Err(Error::Locked { .. })));
        drop(spool);
        config.open("awsemf", 1 << 20).unwrap();
    }

    #[test]
    fn a_missing_directory_is_told_where_it_is_not_to_be_made() {
        let scratch = tempfile::tempdir().unwrap();
        let config = Config { create_directory: false, ..config(scratch.path()) };
        let error = config.open("awsemf", 1 << 20).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("create_directory: true"), "{source}");
    }

    #[test]
    fn permissions_are_octal_and_let_the_owner_in() {
        for (text, shown) in [("0750", "0750"), ("750", "0750"), ("0o700", "0700")] {
            assert_eq!(text.parse::<Permissions>().unwrap().to_string(), shown);
        }
        for wrong in ["0999", "0o7", "077", "1777", "x", ""] {
            assert!(wrong.parse::<Permissions>().is_err(), "{wrong}");
        }
    }
}
