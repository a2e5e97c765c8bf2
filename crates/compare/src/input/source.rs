//! Bytes of the input by lines or one by one, of which some can be given back.

use std::io::{self, BufRead, Cursor, Read};

/// Bytes without the end of a line or of an event after which the input is no list of events: `/dev/zero` has no end.
const MOST_QUIET: u64 = if cfg!(test) { 1 << 24 } else { 1 << 30 };

/// The input, and how far it is.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: R,
    /// What was given back.
    ahead: Cursor<Vec<u8>>,
    /// Bytes that were used.
    pub(super) bytes: u64,
    /// Lines that have ended.
    pub(super) lines: u64,
    /// Bytes that were used when something was last found.
    found_at: u64,
    /// The line of the last byte that was taken by itself and was no space.
    pub(super) touched: u64,
}

impl<R: BufRead> Source<R> {
    pub(super) fn new(reader: R) -> Source<R> {
        Source { reader, ahead: Cursor::default(), bytes: 0, lines: 0, found_at: 0, touched: 0 }
    }

    /// Puts what is left of the line behind `text`, with its end, as far as there is room. Says how much that was.
    pub(super) fn line(&mut self, text: &mut Vec<u8>, room: u64) -> io::Result<u64> {
        let read = self.take(room).read_until(b'\n', text)? as u64;
        self.lines += u64::from(read > 0 && text.ends_with(b"\n"));
        Ok(read)
    }

    /// A line or an event was found here.
    pub(super) fn found(&mut self) {
        self.found_at = self.bytes;
    }

    /// Gives back the line that was read last.
    pub(super) fn give_back(&mut self, line: Vec<u8>) {
        self.bytes -= line.len() as u64;
        self.lines -= u64::from(line.ends_with(b"\n"));
        self.ahead = Cursor::new(line);
    }

    /// Passes over what is left of the line.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.consume(used);
            if end.is_some() {
                self.lines += 1;
                return Ok(());
            }
        }
    }

    /// The next byte, which stays; `None` at the end.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.fill_buf()?.first().copied())
    }

    /// Takes the byte that was looked at.
    pub(super) fn take_byte(&mut self, byte: u8) {
        self.consume(1);
        match byte {
            b'\n' => self.lines += 1,
            b' ' | b'\t' | b'\r' => {}
            _ => self.touched = self.lines + 1,
        }
    }

    /// The next byte that is no space of JSON; it stays.
    pub(super) fn peek_after_spaces(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(space @ (b' ' | b'\t' | b'\r' | b'\n')) => self.take_byte(space),
                byte => return Ok(byte),
            }
        }
    }

    fn has_ahead(&self) -> bool {
        self.ahead.position() < self.ahead.get_ref().len() as u64
    }
}

impl<R: BufRead> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.bytes.saturating_sub(self.found_at) > MOST_QUIET {
            let words = format!("line {} has no end: this is no list of events", self.lines + 1);
            return Err(io::Error::new(io::ErrorKind::InvalidData, words));
        }
        if self.has_ahead() { self.ahead.fill_buf() } else { self.reader.fill_buf() }
    }

    fn consume(&mut self, amount: usize) {
        self.bytes += amount as u64;
        if self.has_ahead() { self.ahead.consume(amount) } else { self.reader.consume(amount) }
    }
}

impl<R: BufRead> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
