//! Where events come from: lines of a file, or pairs of time and message that somebody fetched.
//!
//! A line is a bare event; or an event in a wrapper with its time, as CloudWatch Logs gives them back
//! (`{"timestamp": …, "message": "…"}`). A whole answer of `FilterLogEvents` (`{"events": […]}`, on one line or many) is
//! taken apart.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use crate::json::Json;

/// The longest line that is looked at: an event is at most 1 MiB, its wrapper escapes at most every character.
const MAX_LINE: u64 = 8 << 20;
/// The longest answer that is taken apart; it is in memory at once.
const MAX_DOCUMENT: u64 = 512 << 20;

/// What came next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A line as it stood in a file; whose number it has.
    Line(u64),
    /// An event's message and its time, in milliseconds since 1970.
    Message(i64),
    /// A line too long to be an event; whose number it has. The text is none.
    TooLong(u64),
    /// There is no more.
    End,
}

/// A stream of events.
pub trait Feed {
    /// Puts the next one's text in `text`, which is emptied before.
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Next>;

    /// Bytes read so far, for people who wait.
    fn bytes(&self) -> u64;
}

/// Lines of a file.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    number: u64,
    bytes: u64,
    unpacked: VecDeque<(i64, String)>,
}

impl<R: BufRead> Lines<R> {
    /// Reads lines from here on.
    pub fn new(reader: R) -> Lines<R> {
        Lines { reader, number: 0, bytes: 0, unpacked: VecDeque::new() }
    }

    /// The next line with something on it, without its end.
    fn line(&mut self, text: &mut Vec<u8>) -> io::Result<Next> {
        loop {
            text.clear();
            let read = (&mut self.reader).take(MAX_LINE).read_until(b'\n', text)?;
            if read == 0 {
                return Ok(Next::End);
            }
            self.number += 1;
            self.bytes += read as u64;
            if read as u64 == MAX_LINE && !text.ends_with(b"\n") {
                self.skip_line()?;
                text.clear();
                return Ok(Next::TooLong(self.number));
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Next::Line(self.number));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(buffer.len(), |at| at + 1);
            self.reader.consume(used);
            self.bytes += used as u64;
            if end.is_some() {
                return Ok(());
            }
        }
    }

    /// Takes a whole answer apart, if the input is one; otherwise the line stays what it is.
    fn unpack(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        let start = text.trim_ascii();
        let whole = serde_json::from_slice::<Json>(start).is_ok();
        let may_be = start == b"{" || start.starts_with(b"{\"events\"") || start.starts_with(b"{ \"events\"");
        if !may_be {
            return Ok(false);
        }
        if !whole {
            let read = (&mut self.reader).take(MAX_DOCUMENT).read_to_end(text)?;
            self.bytes += read as u64;
        }
        let Some(document) = std::str::from_utf8(text).ok().and_then(|text| Json::parse(text).ok()) else {
            return Ok(false);
        };
        let Some(events) = document.get("events") else { return Ok(false) };
        let pair = |event: &Json| {
            let time = event.get("timestamp").and_then(Json::whole)?;
            Some((time, event.get("message")?.text()?.to_owned()))
        };
        self.unpacked.extend(events.items().iter().filter_map(pair));
        Ok(true)
    }
}

impl<R: BufRead> Feed for Lines<R> {
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Next> {
        loop {
            if let Some((time_ms, message)) = self.unpacked.pop_front() {
                text.clear();
                text.extend_from_slice(message.as_bytes());
                return Ok(Next::Message(time_ms));
            }
            let first = self.bytes == 0;
            let next = self.line(text)?;
            let unpacked = matches!(next, Next::Line(_)) && (first || text.starts_with(b"{\"events\""));
            if !(unpacked && self.unpack(text)?) {
                return Ok(next);
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(Next, String)> {
        let mut lines = Lines::new(text.as_bytes());
        let mut buffer = Vec::new();
        let mut found = Vec::new();
        loop {
            match lines.next(&mut buffer).unwrap() {
                Next::End => return found,
                next => found.push((next, String::from_utf8_lossy(&buffer).trim_end().to_owned())),
            }
        }
    }

    #[test]
    fn empty_lines_count_and_are_passed_over() {
        assert_eq!(all("a\n\n b\r\n"), [(Next::Line(1), "a".into()), (Next::Line(3), " b".into())]);
    }

    #[test]
    fn an_answer_of_the_service_is_taken_apart() {
        let pretty = "{\n  \"events\": [\n {\"timestamp\": 5, \"message\": \"m\"}, {\"message\": \"no time\"}]\n}\n";
        assert_eq!(all(pretty), [(Next::Message(5), "m".into())]);
        let twice =
            "{\"events\":[{\"timestamp\":5,\"message\":\"m\"}]}\n{\"events\":[{\"timestamp\":6,\"message\":\"n\"}]}\n";
        assert_eq!(all(twice), [(Next::Message(5), "m".into()), (Next::Message(6), "n".into())]);
    }

    #[test]
    fn a_line_without_an_end_costs_itself() {
        let long = format!("{}\nb\n", "x".repeat(MAX_LINE as usize + 10));
        assert_eq!(all(&long), [(Next::TooLong(1), String::new()), (Next::Line(2), "b".into())]);
    }
}
