//! One turn of a reflector: a list if one is needed, and a watch until it ends.

use tokio::time::Instant;

use super::event::{Event, parse, version};
use super::lines::{Line, Lines};
use super::status::{How, Phase, Status};
use super::{Consumer, End, PAGE, Reflector, page};
use crate::error::{Error, ParseError};
use crate::streamed::Streamed;

/// A page that takes too long is asked for with half as many objects, down to one.
const SMALLEST_PAGE: usize = 1;

impl Reflector {
    /// Lists where there is no version to go on from, then watches. What is returned is why that ended.
    pub(super) async fn turn(&mut self, consumer: &mut impl Consumer, version: &mut Option<Box<str>>) -> End {
        let result = match version {
            None if self.streams => self.stream_list(consumer, version).await,
            None => self.page_list(consumer, version).await,
            Some(_) => self.watch(consumer, version).await,
        };
        result.unwrap_or_else(|end| end)
    }

    /// Reads a streamed list, and the changes that follow it on the same stream.
    async fn stream_list(&mut self, consumer: &mut impl Consumer, version: &mut Option<Box<str>>) -> Result<End, End> {
        self.status.enters(Phase::Listing);
        let opened = self.open("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan").await;
        let stream = match opened {
            // A server that doesn't know how, or may not.
            Err(Error::Status { status: 400 | 422, .. }) => return Err(End::Unstreamed),
            opened => opened?,
        };
        consumer.restart();
        let end = Follower { consumer, version, status: &self.status }.follow(stream).await;
        if version.is_none() && matches!(end, End::Closed | End::Idle) {
            // It may be one that doesn't mark the end of the objects.
            self.streams = false;
            return Err(End::Unfinished("the list's end did not come".to_owned()));
        }
        Ok(end)
    }

    /// Reads a list page by page.
    async fn page_list(&mut self, consumer: &mut impl Consumer, version: &mut Option<Box<str>>) -> Result<End, End> {
        self.status.enters(Phase::Listing);
        let mut next: Option<Box<str>> = None;
        let mut began = false;
        loop {
            let mut path = self.query(&format!("limit={}", self.page));
            if let Some(token) = &next {
                path.push_str("&continue=");
                encode(token, &mut path);
            }
            self.status.asks();
            let mut reader = page::Reader::new(consumer);
            let fetched = self
                .api
                .fetch_pieces(&path, &mut |piece| {
                    if !std::mem::replace(&mut began, true) {
                        reader.begin();
                    }
                    reader.push(piece)
                })
                .await;
            if matches!(fetched, Err(Error::Deadline { .. } | Error::TooLarge { .. })) {
                self.page = (self.page / 2).max(SMALLEST_PAGE);
            }
            self.status.hears(fetched?);
            let page = reader.finish().map_err(|source| Error::Parse { url: self.api.url(&path), source })?;
            self.status.takes(page.objects);
            if let Some(fault) = &page.fault {
                self.status.breaks(page.broken, page.cut, fault);
            }
            next = page.next;
            if next.is_none() {
                consumer.commit();
                // The cause of the slowness may be over by the next list.
                self.page = (self.page * 2).min(PAGE);
                self.status.synced(How::Paged);
                *version = Some(page.version);
                return Ok(End::Closed);
            }
        }
    }

    /// Reads changes.
    async fn watch(&mut self, consumer: &mut impl Consumer, version: &mut Option<Box<str>>) -> Result<End, End> {
        let mut since = "&resourceVersion=".to_owned();
        encode(version.as_deref().unwrap_or_default(), &mut since);
        let stream = self.open(&since).await?;
        self.status.enters(Phase::Watching);
        let began = Instant::now();
        let end = Follower { consumer, version, status: &self.status }.follow(stream).await;
        // Opened again at once, it would keep us and the server busy with nothing else.
        if matches!(end, End::Closed) && began.elapsed() < self.pace.shortest {
            return Err(End::Unfinished("the server closes each watch as soon as it is open".to_owned()));
        }
        Ok(end)
    }

    /// Opens a watch.
    async fn open(&mut self, what: &str) -> Result<Streamed, Error> {
        let seconds = self.pace.watch_seconds();
        let path = self.query(&format!("watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}{what}"));
        self.status.asks();
        self.api.stream(&path, self.pace.idle).await
    }

    fn query(&self, query: &str) -> String {
        let sign = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{sign}{query}", self.path)
    }
}

/// Reads one stream.
struct Follower<'a, C> {
    consumer: &'a mut C,
    /// `None` while the objects of a list come.
    version: &'a mut Option<Box<str>>,
    status: &'a Status,
}

impl<C: Consumer> Follower<'_, C> {
    async fn follow(mut self, mut stream: Streamed) -> End {
        let mut lines = Lines::new(&self.consumer.shapes().event);
        while let Some(piece) = stream.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(Error::Deadline { .. }) => return End::Idle,
                Err(error) => return End::Failed(error),
            };
            self.status.hears(piece.len());
            if let Err(end) = lines.feed(&piece, |line| self.take(line)) {
                return end;
            }
        }
        End::Closed
    }

    fn take(&mut self, line: Line) -> Result<(), End> {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLarge => {
                self.status.breaks(1, 1, &ParseError::too_large().to_string());
                return Ok(());
            }
            Line::Broken(fault) => return Err(End::Broken(format!("a line is no event: {fault}"))),
        };
        let no_event = |error| End::Broken(format!("a line is no event: {error}"));
        let (object, done) = match parse(line).map_err(no_event)? {
            Event::Applied(object) => (object, self.consumer.apply(object)),
            Event::Deleted(object) => (object, self.consumer.delete(object)),
            Event::Bookmark { version, ends_list } => return self.mark(version, ends_list),
            Event::Refused(refusal) => return Err(End::ServerStatus(refusal)),
            Event::Other => return Ok(()),
        };
        self.status.takes(1);
        if let Err(error) = done {
            self.status.breaks(1, u64::from(error.is_limit()), &error.to_string());
        }
        // A list has no version before its end.
        if self.version.is_some()
            && let Some(version) = version(object)
        {
            *self.version = Some(version);
        }
        Ok(())
    }

    fn mark(&mut self, version: Option<Box<str>>, ends_list: bool) -> Result<(), End> {
        let Some(version) = version else { return Ok(()) };
        if self.version.is_none() {
            if !ends_list {
                return Ok(());
            }
            self.consumer.commit();
            self.status.synced(How::Streamed);
        }
        *self.version = Some(version);
        Ok(())
    }
}

/// Appends a token, with everything but letters, digits, `-`, `.`, `_` and `~` encoded.
fn encode(token: &str, path: &mut String) {
    for byte in token.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// The lines of a watch come to the same in pieces of any size; what is counted, and whether the end was reached.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8], piece: usize) {
    use crate::cluster::{DoubleBuffered, Pods};
    let read = |piece: usize| {
        let (mut pods, mut version, status) = (DoubleBuffered::new(Pods::default()), None, Status::default());
        pods.restart();
        let mut lines = Lines::new(&pods.shapes().event);
        let mut follower = Follower { consumer: &mut pods, version: &mut version, status: &status };
        let end = bytes.chunks(piece.max(1)).try_for_each(|piece| lines.feed(piece, |line| follower.take(line)));
        let counts = pods.current().map(|pods| (pods.count(), pods.running()));
        (end.is_ok(), counts, version, status.counts())
    };
    assert_eq!(read(piece), read(bytes.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{DoubleBuffered, Nodes};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// What a line is, and the node it is about.
    type Made = (usize, u8, String);

    fn line((kind, node, text): &Made) -> String {
        let object = format!(r#"{{"metadata":{{"uid":"{node}","resourceVersion":"{node}"}}}}"#);
        let end = r#"{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}"#;
        match kind {
            0 | 1 => format!(r#"{{"type":"ADDED","object":{object}}}"#),
            2 => format!(r#"{{"type":"DELETED","object":{object}}}"#),
            3 => format!(r#"{{"type":"BOOKMARK","object":{object}}}"#),
            4 => format!(r#"{{"type":"BOOKMARK","object":{end}}}"#),
            5 => r#"{"type":"ADDED","object":{"metadata":{}}}"#.to_owned(),
            _ => text.clone(),
        }
    }

    proptest! {
        #[test]
        fn any_lines_are_survived_and_the_good_ones_count(
            lines in proptest::collection::vec((0..7_usize, 0..4_u8, ".{0,6}"), 0..40),
        ) {
            let (mut nodes, mut version, status) = (DoubleBuffered::new(Nodes::default()), None, Status::default());
            nodes.restart();
            let (mut known, mut listing) = (BTreeSet::new(), true);
            let mut follower = Follower { consumer: &mut nodes, version: &mut version, status: &status };
            for made in &lines {
                let done = follower.take(Line::Whole(line(made).as_bytes()));
                match made.0 {
                    0 | 1 => drop(known.insert(made.1.to_string())),
                    2 => drop(known.remove(&made.1.to_string())),
                    4 => listing = false,
                    _ => {}
                }
                if done.is_err() {
                    prop_assert_eq!(made.0, 6);
                }
            }
            prop_assert_eq!(version.is_none(), listing);
            let count = nodes.current().map(Nodes::count);
            prop_assert_eq!(count.is_none(), listing);
            prop_assert!(count.is_none_or(|count| count == known.len()));
            prop_assert_eq!(status.counts().broken, lines.iter().filter(|made| made.0 == 5).count() as u64);
        }
    }
}
