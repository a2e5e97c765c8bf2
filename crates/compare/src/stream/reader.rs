//! One stream, an event at a time.

use std::io;

use super::Error;
use crate::event::{Event, NoEvent, Texts};
use crate::input::{Feed, Next};
use crate::report::SideCount;

/// Bytes without an event after which the input is no list of events.
const MOST_WITHOUT: u64 = 1 << 30;

/// One side, with its next event.
pub(super) struct Reader<'a> {
    pub(super) feed: &'a mut dyn Feed,
    pub(super) name: &'a str,
    pub(super) text: Vec<u8>,
    pub(super) event: Event,
    /// Whether there is a next event.
    pub(super) waiting: bool,
    /// The latest time that was read.
    pub(super) mark: i64,
    pub(super) count: SideCount,
}

impl<'a> Reader<'a> {
    pub(super) fn new(feed: &'a mut dyn Feed, name: &'a str) -> Reader<'a> {
        let (text, event, count) = (Vec::new(), Event::default(), SideCount::default());
        Reader { feed, name, text, event, waiting: false, mark: i64::MIN, count }
    }

    /// Reads the next event; lines that are none are counted.
    pub(super) fn advance(&mut self, texts: &mut Texts, examples: usize) -> Result<(), Error> {
        let from = self.feed.bytes();
        loop {
            let next = match self.feed.bytes().saturating_sub(from) {
                0..=MOST_WITHOUT => self.feed.next(&mut self.text),
                _ => Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a gigabyte without an event: is this the right file?",
                )),
            };
            let next = next.map_err(|source| Error::Read { name: self.name.to_owned(), source })?;
            let line = match next {
                Next::End => {
                    self.waiting = false;
                    return Ok(());
                }
                Next::Line(line) | Next::TooLong(line) => line,
                Next::Message(_) => 0,
            };
            match texts.read(&self.text, next, &mut self.event) {
                Ok(()) => break,
                Err(why) => self.bad(line, &why, examples),
            }
        }
        self.waiting = true;
        self.count.events += 1;
        let time = self.event.time_ms;
        let (first, last) = self.count.time_ms.unwrap_or((time, time));
        self.count.time_ms = Some((first.min(time), last.max(time)));
        Ok(())
    }

    pub(super) fn bad(&mut self, line: u64, why: &NoEvent, examples: usize) {
        self.count.bad += 1;
        if self.count.bad_lines.len() < examples {
            self.count.bad_lines.push((line, why.to_string()));
        }
    }
}
