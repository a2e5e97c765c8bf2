//! Files, pipes and devices, read within bounds of size and time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// How long a pipe or a device may be silent before it is given up.
const SILENCE: Duration = Duration::from_secs(10);
/// How long it may take all in all.
const TOTAL: Duration = Duration::from_secs(60);

/// What a file holds, or so much of it that it is over the limit.
///
/// A pipe, such as a shell's `<(…)`, is read until its writer is done; a named one without a writer and a device
/// that is silent are errors after ten seconds.
pub(super) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Opening a named pipe would wait for its writer.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_block_device() {
        return Err(io::Error::other("it is a block device"));
    }
    read_open(file, limit, !kind.is_file())
}

/// What standard input holds, within the same bounds.
pub(super) fn read_stdin(limit: u64) -> io::Result<Vec<u8>> {
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let waits = !input.metadata()?.file_type().is_file();
    read_open(input, limit, waits)
}

#[expect(clippy::disallowed_methods, reason = "a deadline of the start, which comes before there is a clock")]
fn now() -> Instant {
    Instant::now()
}

/// Reads a file that is open; one that `waits` is only read where it has something.
fn read_open(mut file: File, limit: u64, waits: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if !waits {
        file.take(limit + 1).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let began = now();
    let mut part = [0; 4096];
    while bytes.len() as u64 <= limit {
        let left = TOTAL.saturating_sub(began.elapsed());
        if left.is_zero() || !wait(&file, left.min(SILENCE))? {
            return Err(given_up(left));
        }
        match file.read(&mut part) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&part[..length]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// Why nothing more is waited for: it was silent, or there is no time left to find that out.
fn given_up(left: Duration) -> io::Error {
    io::Error::other(match left >= SILENCE {
        true => format!("nothing comes within {} s", SILENCE.as_secs()),
        false => format!("it does not end within {} s", TOTAL.as_secs()),
    })
}

/// Waits until there is something to read, or an end; whether there is.
fn wait(file: &File, longest: Duration) -> io::Result<bool> {
    let mut files = [PollFd::new(file, PollFlags::IN)];
    let longest = Timespec::try_from(longest).map_err(io::Error::other)?;
    match poll(&mut files, Some(&longest)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trickles_until_the_time_is_up_was_not_silent() {
        assert_eq!(given_up(TOTAL).to_string(), "nothing comes within 10 s");
        assert_eq!(given_up(SILENCE).to_string(), "nothing comes within 10 s");
        assert_eq!(given_up(Duration::from_secs(1)).to_string(), "it does not end within 60 s");
        assert_eq!(given_up(Duration::ZERO).to_string(), "it does not end within 60 s");
    }
}
