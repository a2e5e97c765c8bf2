//! A whole answer of `FilterLogEvents`, or what `aws logs filter-log-events` makes of many, taken apart as it is read:
//! `{"events": [{"timestamp": …, "message": "…"}, …], …}`.
//!
//! One event is in memory at a time. What can't be part of an answer ends it, and is a line again.

use std::io::{self, BufRead, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::source::Source;
use super::{MAX_LINE, Next};
use crate::json::Json;

/// Whether an answer may begin with this line: only then is it tried.
pub(super) fn begins(line: &[u8]) -> bool {
    // The spaces are those that an answer's reader passes over: a form feed is none, and the line would be tried forever.
    let behind_spaces = |text: &[u8]| text.iter().position(|byte| !b" \t\r\n".contains(byte)).unwrap_or(text.len());
    let line = &line[behind_spaces(line)..];
    let inside = line.strip_prefix(b"{").map(|inside| &inside[behind_spaces(inside)..]);
    inside.is_some_and(|inside| inside.is_empty() || inside.starts_with(br#""events""#))
}

/// Where in an answer its reader is.
#[derive(Debug)]
pub(super) struct Answer {
    place: Place,
    /// Whether something stands before, so that a comma has to follow.
    is_after: bool,
    has_events: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Members,
    Events,
}

/// What was found next.
pub(super) enum Found {
    /// An event; one without time or message is a line.
    Event(Next),
    /// It isn't an answer, or no longer; it stands for one line that is no event.
    Broken(Next),
    /// The answer's end.
    End,
}

/// Why a value can't be read.
enum Fault {
    Io(io::Error),
    NoJson,
    TooLong,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Io(error)
    }
}

impl Answer {
    /// An answer whose first byte comes next.
    pub(super) fn new() -> Answer {
        Answer { place: Place::Start, is_after: false, has_events: false }
    }

    /// The next event, with its message in `text`. Anything else is the last that comes.
    pub(super) fn next<R: BufRead>(&mut self, source: &mut Source<R>, text: &mut Vec<u8>) -> io::Result<Found> {
        let fault = match self.step(source, text) {
            Ok(found) => return Ok(found),
            Err(Fault::Io(error)) => return Err(error),
            Err(fault) => fault,
        };
        let line = source.touched;
        // The line it breaks off in has been begun, unless that is the next one.
        if line > source.lines {
            source.skip_line()?;
        }
        text.clear();
        if matches!(fault, Fault::TooLong) {
            return Ok(Found::Broken(Next::TooLong(line)));
        }
        text.push(b'{');
        Ok(Found::Broken(Next::Line(line)))
    }

    fn step<R: BufRead>(&mut self, source: &mut Source<R>, text: &mut Vec<u8>) -> Result<Found, Fault> {
        loop {
            let byte = source.peek_after_spaces()?.ok_or(Fault::NoJson)?;
            match (self.place, byte, self.is_after) {
                (Place::Start, b'{', _) => self.enter(source, byte, Place::Members),
                (Place::Members, b'}', _) => {
                    source.take_byte(byte);
                    return if self.has_events { Ok(Found::End) } else { Err(Fault::NoJson) };
                }
                (Place::Events, b']', _) => {
                    self.enter(source, byte, Place::Members);
                    self.is_after = true;
                }
                (Place::Members | Place::Events, b',', true) => self.enter(source, byte, self.place),
                (Place::Members, b'"', false) => self.member(source)?,
                (Place::Events, b'{', false) => {
                    let line = source.lines + 1;
                    let event: Json = value(source, byte)?;
                    self.is_after = true;
                    return Ok(Found::Event(next(&event, line, text)));
                }
                _ => return Err(Fault::NoJson),
            }
        }
    }

    fn enter<R: BufRead>(&mut self, source: &mut Source<R>, byte: u8, place: Place) {
        source.take_byte(byte);
        (self.place, self.is_after) = (place, false);
    }

    fn member<R: BufRead>(&mut self, source: &mut Source<R>) -> Result<(), Fault> {
        let name: String = value(source, b'"')?;
        if source.peek_after_spaces()? != Some(b':') {
            return Err(Fault::NoJson);
        }
        source.take_byte(b':');
        let first = source.peek_after_spaces()?.ok_or(Fault::NoJson)?;
        if name == "events" && first == b'[' {
            self.has_events = true;
            self.enter(source, first, Place::Events);
        } else {
            let _: IgnoredAny = value(source, first)?;
            self.is_after = true;
        }
        Ok(())
    }
}

fn next(event: &Json, line: u64, text: &mut Vec<u8>) -> Next {
    text.clear();
    let time = event.get("timestamp").and_then(Json::whole);
    match (time, event.get("message").and_then(Json::text)) {
        (Some(time), Some(message)) => {
            text.extend_from_slice(message.as_bytes());
            Next::Message(time)
        }
        _ => {
            text.extend_from_slice(event.to_string().as_bytes());
            Next::Line(line)
        }
    }
}

/// Reads the value that begins with this byte, and nothing behind it.
fn value<R: BufRead, T: Deserialize<'static>>(source: &mut Source<R>, first: u8) -> Result<T, Fault> {
    let mut bytes = Bytes { source, held: None, room: MAX_LINE };
    match T::deserialize(&mut serde_json::Deserializer::from_reader(&mut bytes)) {
        Ok(value) => {
            // A number ends where something else begins; all other values have an end of their own.
            if !matches!(first, b'-' | b'0'..=b'9') {
                bytes.release();
            }
            Ok(value)
        }
        Err(error) if error.is_io() => Err(Fault::Io(error.into())),
        Err(_) if bytes.room == 0 => Err(Fault::TooLong),
        Err(_) => Err(Fault::NoJson),
    }
}

/// Bytes of a value. The last that was read stays in the source: it may have been looked at only.
struct Bytes<'a, R> {
    source: &'a mut Source<R>,
    held: Option<u8>,
    room: u64,
}

impl<R: BufRead> Bytes<'_, R> {
    fn release(&mut self) {
        if let Some(byte) = self.held.take() {
            self.source.take_byte(byte);
        }
    }
}

impl<R: BufRead> Read for Bytes<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.release();
        let Some(slot) = buffer.first_mut().filter(|_| self.room > 0) else { return Ok(0) };
        self.held = self.source.peek()?;
        let Some(byte) = self.held else { return Ok(0) };
        *slot = byte;
        self.room -= 1;
        Ok(1)
    }
}
