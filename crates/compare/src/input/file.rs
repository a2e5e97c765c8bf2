//! A file, or a pipe, opened so that nothing is waited for that never comes.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::OFlags;

/// How long a pipe may be without a writer.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(50);

/// Opens a file or a pipe (`<(…)` is one, too) for reading. A device is refused, since it may have no end; so is a pipe
/// without a writer for five seconds.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    // Opening a pipe would else wait for a writer.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_fifo() {
        let first = first_byte(&file)?;
        blocking(&file)?;
        return Ok(Box::new(first.chain(file)));
    }
    // What a terminal gives is typed.
    if kind.is_file() || file.is_terminal() {
        blocking(&file)?;
        return Ok(Box::new(file));
    }
    let what = if kind.is_dir() { "a directory" } else { "a device or a socket" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("is {what}, neither a file nor a pipe")))
}

fn blocking(file: &File) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(file)?;
    Ok(rustix::fs::fcntl_setfl(file, flags - OFlags::NONBLOCK)?)
}

/// Waits until the pipe has a writer; the byte that was there by then.
fn first_byte(mut pipe: &File) -> io::Result<io::Cursor<Vec<u8>>> {
    let mut byte = [0];
    let mut waited = Duration::ZERO;
    loop {
        match pipe.read(&mut byte) {
            // It has no writer: not yet, or not any more.
            Ok(0) if waited < PATIENCE => {
                sleep(LOOK);
                waited += LOOK;
            }
            Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "is a pipe without a writer")),
            Ok(_) => return Ok(io::Cursor::new(byte.to_vec())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(io::Cursor::default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Instant;

    use super::*;

    fn pipe(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, 0o600.into()).unwrap();
        path
    }

    fn refused(path: &Path) -> String {
        open(path).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn devices_and_directories_are_refused() {
        for device in ["/dev/zero", "/dev/urandom", "/dev/null"] {
            assert!(refused(Path::new(device)).contains("device"), "{device}");
        }
        assert!(refused(Path::new("/")).contains("directory"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]
    fn a_pipe_without_a_writer_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        assert!(refused(&pipe(folder.path())).contains("without a writer"));
        assert!(began.elapsed() < 2 * PATIENCE);
    }

    #[test]
    fn a_pipe_is_read_to_its_end_however_slowly_it_comes() {
        for wait in [Duration::ZERO, Duration::from_millis(300)] {
            let folder = tempfile::tempdir().unwrap();
            let path = pipe(folder.path());
            let writer = path.clone();
            let writing = std::thread::spawn(move || {
                sleep(wait);
                let mut pipe = File::options().write(true).open(writer).unwrap();
                for part in ["one\n", "two\n"] {
                    sleep(wait);
                    pipe.write_all(part.as_bytes()).unwrap();
                }
            });
            let mut text = String::new();
            open(&path).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "one\ntwo\n");
            writing.join().unwrap();
        }
    }
}
