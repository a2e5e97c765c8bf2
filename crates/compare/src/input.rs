//! Where events come from: lines of a file, or pairs of time and message fetched before.
//!
//! A line is a bare event; or an event in a wrapper with its time, as CloudWatch Logs gives them back
//! (`{"timestamp": …, "message": "…"}`). Where a line begins like a whole answer of `FilterLogEvents` (`{"events": […]}`,
//! on one line or many), that is taken apart.

mod answer;
mod file;
mod source;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead};

use answer::{Answer, Found};
pub use file::open;
use source::Source;

/// The longest line that is looked at, and the longest event of an answer: an event is at most 1 MiB, its wrapper
/// escapes at most every character.
const MAX_LINE: u64 = 8 << 20;

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
    source: Source<R>,
    /// The answer that is being taken apart.
    answer: Option<Answer>,
}

impl<R: BufRead> Lines<R> {
    /// Reads lines from here on.
    pub fn new(reader: R) -> Lines<R> {
        Lines { source: Source::new(reader), answer: None }
    }

    /// The next line with something on it, without its end; `None` where an answer may begin with it.
    fn line(&mut self, text: &mut Vec<u8>) -> io::Result<Option<Next>> {
        loop {
            text.clear();
            let number = self.source.lines + 1;
            let read = self.source.line(text, MAX_LINE)?;
            if read == 0 {
                return Ok(Some(Next::End));
            }
            if answer::begins(text) {
                self.source.give_back(std::mem::take(text));
                return Ok(None);
            }
            if read == MAX_LINE && !text.ends_with(b"\n") {
                self.source.skip_line()?;
                text.clear();
                return Ok(Some(Next::TooLong(number)));
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Next::Line(number)));
            }
        }
    }
}

impl<R: BufRead> Feed for Lines<R> {
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Next> {
        let next = self.find(text)?;
        self.source.found();
        Ok(next)
    }

    fn bytes(&self) -> u64 {
        self.source.bytes
    }
}

impl<R: BufRead> Lines<R> {
    fn find(&mut self, text: &mut Vec<u8>) -> io::Result<Next> {
        loop {
            let Some(answer) = &mut self.answer else {
                match self.line(text)? {
                    Some(next) => return Ok(next),
                    None => self.answer = Some(Answer::new()),
                }
                continue;
            };
            match answer.next(&mut self.source, text)? {
                Found::Event(next) => return Ok(next),
                Found::Broken(next) => {
                    self.answer = None;
                    return Ok(next);
                }
                Found::End => self.answer = None,
            }
        }
    }
}
