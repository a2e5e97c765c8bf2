//! Standard output and standard error: written whole even where a pipe is full and does not block, and watched for a reader
//! that goes away.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, OFlags};
use telemetry::printable;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The exit code of a process whose output's reader is gone: that of one that SIGPIPE ended, as shells tell it.
pub const BROKEN_PIPE: u8 = 141;
/// The most that a pipe with any room takes without blocking, on Linux: a page.
const PAGE: usize = 4096;

/// An open stream. Where it has no room, a write waits for some, as a blocking pipe makes it wait.
///
/// Bytes are not kept back: after [`Write::write_all`] they are with the system.
#[derive(Debug)]
pub struct Output {
    file: File,
    /// How long a write waits for room, also where the stream itself would wait; without limit where that is `None`.
    patience: Option<Duration>,
    /// Whether the last wait was in vain: the next one is not begun.
    stuck: bool,
    /// Whether a write broke off within a line.
    torn: bool,
    last: u8,
}

impl Output {
    /// Standard output; a write waits for as long as the reader takes.
    pub fn stdout() -> io::Result<Self> {
        io::stdout().as_fd().try_clone_to_owned().map(|fd| Self::new(fd, None))
    }

    /// Standard error, with a limit on the wait for a reader that takes nothing.
    pub fn stderr(patience: Option<Duration>) -> io::Result<Self> {
        io::stderr().as_fd().try_clone_to_owned().map(|fd| Self::new(fd, patience))
    }

    /// Any other open stream.
    pub fn new(fd: impl Into<OwnedFd>, patience: Option<Duration>) -> Self {
        Self { file: File::from(fd.into()), patience, stuck: false, torn: false, last: b'\n' }
    }

    /// Waits for room, or for a fault that the next write names.
    fn wait(&mut self) -> io::Result<()> {
        let patience = self.patience.map(|patience| if self.stuck { Duration::ZERO } else { patience });
        let patience = patience.map(|patience| Timespec::try_from(patience).map_err(io::Error::other)).transpose()?;
        loop {
            match poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], patience.as_ref()) {
                Ok(ready) => {
                    self.stuck = ready == 0;
                    return if self.stuck { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) };
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<usize> {
        if self.patience.is_some() {
            self.wait()?;
            bytes = &bytes[..bytes.len().min(PAGE)];
        }
        loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait()?,
                Ok(written) => {
                    self.last = written.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(self.last);
                    return Ok(written);
                }
                other => return other,
            }
        }
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        if self.torn {
            // What follows a line that broke off is a line of its own.
            self.write(b"\n")?;
            self.torn = false;
        }
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.torn = self.last != b'\n';
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The process's output streams, as exporters are given them.
pub struct Streams;

impl component::Outputs for Streams {
    fn stdout(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(Output::stdout()?))
    }

    fn stderr(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(Output::stderr(None)?))
    }
}

/// Prints a text and gives the exit code of a program that did: `done`, or [`BROKEN_PIPE`] where the reader is gone.
pub fn print(text: &str, done: ExitCode) -> anyhow::Result<ExitCode> {
    match Output::stdout().and_then(|mut stdout| stdout.write_all(text.as_bytes())) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::from(BROKEN_PIPE)),
        printed => printed.context("write to standard output").map(|()| done),
    }
}

/// Writes a line for people to standard error; nothing of it moves their terminal. A failure to write is ignored: there is no other place to report it.
pub fn complain(text: &str) {
    let line = format!("{}\n", printable(text));
    let _ = match Output::stderr(None) {
        Ok(mut stderr) => stderr.write_all(line.as_bytes()),
        // Without a descriptor to spare.
        Err(_) => io::stderr().write_all(line.as_bytes()),
    };
}

/// Whether standard output was closed when the process began: the runtime opens `/dev/null` in its place, for reading and
/// writing. Who redirects to `/dev/null` opens it for writing only.
pub fn is_stdout_closed() -> bool {
    let stdout = io::stdout();
    let is_null = rustix::fs::fstat(&stdout).is_ok_and(|stat| {
        FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
            && (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)) == (1, 3)
    });
    is_null && rustix::fs::fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(OFlags::RDWR))
}

/// Returns once the reader of standard output is gone; never where there is none to go, as behind a file.
pub async fn stdout_closes() {
    let watched = io::stdout().as_fd().try_clone_to_owned().and_then(watch);
    if let Ok(watched) = watched {
        closes(&watched).await;
    } else {
        std::future::pending::<()>().await;
    }
}

/// Registers a stream for its end. Only a terminal has anything to read here; errors are reported without being asked for.
#[expect(
    deprecated,
    reason = "the function in its place is unsafe, for handles that do not own what they name; ours does"
)]
fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::ERROR | Interest::READABLE)
}

async fn closes(watched: &AsyncFd<OwnedFd>) {
    while let Ok(mut ready) = watched.ready(Interest::ERROR | Interest::READABLE).await {
        let mut state = [PollFd::new(watched, PollFlags::empty())];
        let polled = poll(&mut state, Some(&Timespec::default()));
        if polled.is_ok() && state[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
            return;
        }
        if ready.ready().is_read_closed() {
            // A socket whose other end only writes no more; that never changes again.
            break;
        }
        ready.clear_ready();
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;

    fn pipe(flags: PipeFlags) -> (File, OwnedFd) {
        let (reader, writer) = pipe_with(flags).unwrap();
        (reader.into(), writer)
    }

    #[test]
    fn a_full_pipe_that_does_not_block_is_waited_for_and_loses_nothing() {
        let (mut reader, writer) = pipe(PipeFlags::NONBLOCK);
        rustix::fs::fcntl_setfl(&reader, OFlags::empty()).unwrap();
        let sent: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
        let expected = sent.clone();
        let writing = std::thread::spawn(move || Output::new(writer, None).write_all(&sent).unwrap());
        std::thread::sleep(Duration::from_millis(200));
        let mut received = Vec::new();
        reader.read_to_end(&mut received).unwrap();
        writing.join().unwrap();
        assert!(received == expected, "{} of {} bytes", received.len(), expected.len());
    }

    #[test]
    fn a_reader_that_takes_nothing_costs_the_line_where_the_wait_is_limited() {
        let (_reader, writer) = pipe(PipeFlags::NONBLOCK);
        let mut output = Output::new(writer, Some(Duration::from_millis(20)));
        let written = output.write_all(&vec![b'x'; 1 << 20]);
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_reader_that_hangs_holds_up_one_line_where_the_wait_is_limited_and_is_asked_again() {
        let (mut reader, writer) = pipe(PipeFlags::empty());
        let mut output = Output::new(writer, Some(Duration::from_millis(20)));
        let fill = output.write_all(&vec![b'x'; 1 << 20]);
        assert_eq!(fill.unwrap_err().kind(), io::ErrorKind::TimedOut, "a blocking pipe would wait for ever");
        assert!(output.stuck && output.write_all(b"lost\n").is_err(), "the next line waits no more");
        // A page for the end of the line that broke off, and one for the next.
        reader.read_exact(&mut vec![0; 2 * PAGE]).unwrap();
        output.write_all(b"taken\n").unwrap();
        assert!(!output.stuck);
    }

    #[test]
    fn a_line_that_broke_off_ends_before_the_next_one() {
        let (mut reader, writer) = pipe(PipeFlags::NONBLOCK);
        let mut output = Output::new(writer, Some(Duration::from_millis(20)));
        output.write_all(&vec![b'x'; 1 << 20]).unwrap_err();
        let mut taken = vec![0; 1 << 20];
        while reader.read(&mut taken).is_ok_and(|read| read > 0) {}
        output.write_all(b"whole\n").unwrap();
        output.write_all(b"again\n").unwrap();
        let read = reader.read(&mut taken).unwrap();
        assert_eq!(&taken[..read], b"\nwhole\nagain\n");
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_is_noticed_without_a_write() {
        let watch = |fd: OwnedFd| watch(fd).unwrap();
        let after = Duration::from_millis(50);

        let (reader, writer) = pipe(PipeFlags::empty());
        let watched = watch(writer);
        assert!(tokio::time::timeout(after, closes(&watched)).await.is_err(), "the reader is there");
        drop(reader);
        tokio::time::timeout(Duration::from_secs(5), closes(&watched)).await.unwrap();

        let (ours, theirs) = UnixStream::pair().unwrap();
        let watched = watch(ours.into());
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(tokio::time::timeout(after, closes(&watched)).await.is_err(), "it reads still");
        let (ours, theirs) = UnixStream::pair().unwrap();
        let watched = watch(ours.into());
        drop(theirs);
        tokio::time::timeout(Duration::from_secs(5), closes(&watched)).await.unwrap();
    }
}
