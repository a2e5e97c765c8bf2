//! Where log lines go. A file that was rotated away is left, and made anew under its name.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use rustix::fs::OFlags;

use crate::output::Output;

/// How long a line waits for a reader that takes nothing; the lines behind it are lost without a wait, until it takes some again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the files were to be opened anew.
static REOPENED: AtomicU64 = AtomicU64::new(0);
/// Lines that no output took since the last that one did.
static LOST: AtomicU64 = AtomicU64::new(0);

/// How many lines were lost just before this one.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Lets every log file be opened anew before its next line.
pub fn reopen() {
    REOPENED.fetch_add(1, Ordering::Relaxed);
}

/// Standard error, files, or several of them.
#[derive(Debug)]
pub struct Outputs(Vec<Target>);

#[derive(Debug)]
enum Target {
    Stderr(Output),
    File(LogFile),
}

impl Outputs {
    /// Opens what is named; standard error where nothing is.
    pub fn open(paths: &[String]) -> anyhow::Result<Self> {
        let stderr = || Output::stderr(Some(PATIENCE)).map(Target::Stderr).context("open standard error");
        let open = |path: &String| match path.as_str() {
            // Standard output is the events': a log there would be read as one of them.
            "stderr" | "stdout" => stderr(),
            path => {
                let file = LogFile::open(path);
                file.map(Target::File).with_context(|| format!("service::telemetry::logs::output_paths: open {path}"))
            }
        };
        let mut outputs = paths.iter().map(open).collect::<anyhow::Result<Vec<_>>>()?;
        if outputs.is_empty() {
            outputs.push(stderr()?);
        }
        Ok(Self(outputs))
    }
}

impl Write for Outputs {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // An output that takes no more costs its own lines.
        let mut is_taken = false;
        for output in &mut self.0 {
            let written = match output {
                Target::Stderr(output) => output.write_all(line),
                Target::File(file) => file.write_all(line),
            };
            is_taken |= written.is_ok();
        }
        if is_taken {
            LOST.store(0, Ordering::Relaxed);
        } else {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that lines are appended to, under its name.
#[derive(Debug)]
struct LogFile {
    path: String,
    output: Output,
    /// Device and inode of what is open; `None` for what is no plain file, which nothing rotates.
    identity: Option<(u64, u64)>,
    reopened: u64,
}

impl LogFile {
    fn open(path: &str) -> io::Result<Self> {
        let file = append_to(path)?;
        let identity = identity(&file.metadata()?);
        let reopened = REOPENED.load(Ordering::Relaxed);
        Ok(Self { path: path.to_owned(), output: Output::new(file, Some(PATIENCE)), identity, reopened })
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        let is_asked = REOPENED.load(Ordering::Relaxed) != self.reopened;
        let is_rotated = || fs::metadata(&self.path).ok().and_then(|found| identity(&found)) != self.identity;
        // The old file takes the line where no new one can be made.
        if (is_asked || self.identity.is_some() && is_rotated())
            && let Ok(anew) = Self::open(&self.path)
        {
            *self = anew;
        }
        self.output.write_all(line)
    }
}

/// A named pipe without a reader is an error rather than a wait without end.
fn append_to(path: &str) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(path: &std::path::Path) -> Outputs {
        Outputs::open(&[path.display().to_string()]).unwrap()
    }

    #[test]
    fn a_file_that_was_moved_or_removed_is_made_anew_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("log"), folder.path().join("log.1"));
        let mut outputs = outputs(&path);
        outputs.write_all(b"one\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        outputs.write_all(b"two\n").unwrap();
        fs::remove_file(&path).unwrap();
        outputs.write_all(b"three\n").unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "one\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
        // Cut to nothing in its place, as `copytruncate` does, it is the same file.
        File::create(&path).unwrap();
        outputs.write_all(b"four\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "four\n");
    }

    #[test]
    fn the_old_file_is_used_while_no_new_one_can_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let path = inner.join("log");
        let mut outputs = outputs(&path);
        let moved = folder.path().join("moved");
        fs::rename(&inner, &moved).unwrap();
        reopen();
        outputs.write_all(b"kept\n").unwrap();
        assert_eq!(fs::read_to_string(moved.join("log")).unwrap(), "kept\n");
    }

    #[test]
    fn a_named_pipe_that_nobody_reads_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(Outputs::open(&[path.display().to_string()]).is_err());
    }
}
