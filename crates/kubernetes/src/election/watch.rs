//! A watch of one object: the lines of its stream, and what each says.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::Value;

use super::api::Pieces;
use super::lock::{Lock, Object};
use crate::error::{Error, ParseError};

/// A line beyond it is none of a lock's: 4 MiB.
const LONGEST: usize = 4 << 20;

/// What a watch says.
#[derive(Debug)]
pub(super) enum Seen {
    /// The object is there, or has changed.
    Object(Box<Object>),
    /// It was deleted; the version is that of the deletion.
    Deleted(Option<Box<str>>),
    /// Nothing has changed up to this version.
    Bookmark(Box<str>),
}

/// How a watch ends.
#[derive(Debug)]
pub(super) enum End {
    /// As it was asked to, after its time: it can go on from the last version.
    Done,
    /// The server doesn't know the version any more, or says something else that isn't for us.
    Expired,
    /// The connection broke.
    Broken(Error),
}

/// A running watch.
pub(super) struct Watch<S> {
    lock: Lock,
    stream: S,
    buffer: Vec<u8>,
    ready: VecDeque<Result<Seen, End>>,
}

impl<S: Pieces> Watch<S> {
    pub(super) fn new(lock: Lock, stream: S) -> Self {
        Self { lock, stream, buffer: Vec::new(), ready: VecDeque::new() }
    }

    /// What is seen next. A future that is dropped loses nothing.
    pub(super) async fn next(&mut self) -> Result<Seen, End> {
        loop {
            if let Some(seen) = self.ready.pop_front() {
                return seen;
            }
            match self.stream.next().await {
                None => return Err(End::Done),
                Some(Err(error)) => return Err(End::Broken(error)),
                Some(Ok(piece)) => self.take(&piece),
            }
        }
    }

    /// Reads a piece; an end comes after what was said before it.
    fn take(&mut self, piece: &[u8]) {
        let mut lines = piece.split(|byte| *byte == b'\n');
        self.buffer.extend_from_slice(lines.next().unwrap_or_default());
        for rest in lines {
            let line = std::mem::replace(&mut self.buffer, rest.to_vec());
            if !line.trim_ascii().is_empty() {
                self.ready.push_back(parse(self.lock, &line).ok().flatten().ok_or(End::Expired));
            }
        }
        if self.buffer.len() > LONGEST {
            self.ready.push_back(Err(End::Expired));
        }
    }
}

/// Reads an event; `None` is one that ends the watch, such as `410 Gone`.
fn parse(lock: Lock, line: &[u8]) -> Result<Option<Seen>, ParseError> {
    #[derive(Deserialize)]
    struct Event {
        #[serde(rename = "type")]
        kind: String,
        object: Value,
    }
    let event: Event = serde_json::from_slice(line)?;
    let version =
        |object: &Value| -> Option<Box<str>> { object["metadata"]["resourceVersion"].as_str().map(Into::into) };
    Ok(match event.kind.as_str() {
        "ADDED" | "MODIFIED" => Some(Seen::Object(Box::new(Object::of(lock, event.object)?))),
        "DELETED" => Some(Seen::Deleted(version(&event.object))),
        "BOOKMARK" => version(&event.object).map(Seen::Bookmark),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Bytes;
    use proptest::prelude::*;

    struct Given(VecDeque<Vec<u8>>);

    impl Pieces for Given {
        async fn next(&mut self) -> Option<Result<Bytes, Error>> {
            self.0.pop_front().map(|piece| Ok(piece.into()))
        }
    }

    const LINES: &str = concat!(
        r#"{"type":"ADDED","object":{"kind":"Lease","metadata":{"resourceVersion":"7"}}}"#,
        "\n",
        r#"{"type":"BOOKMARK","object":{"kind":"Lease","metadata":{"resourceVersion":"8"},"spec":{}}}"#,
        "\n",
        r#"{"type":"DELETED","object":{"kind":"Lease","metadata":{"resourceVersion":"9"}}}"#,
        "\n",
        r#"{"type":"ERROR","object":{"kind":"Status","code":410}}"#,
        "\n",
    );

    #[tokio::test]
    async fn events_are_read_however_they_are_cut() {
        for size in [1, 7, 60, 1000] {
            let pieces = LINES.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
            let mut watch = Watch::new(Lock::Lease, Given(pieces));
            assert!(matches!(watch.next().await, Ok(Seen::Object(object)) if &*object.version == "7"));
            assert!(matches!(watch.next().await, Ok(Seen::Bookmark(version)) if &*version == "8"));
            assert!(matches!(watch.next().await, Ok(Seen::Deleted(Some(version))) if &*version == "9"));
            assert!(matches!(watch.next().await, Err(End::Expired)));
        }
        assert!(matches!(Watch::new(Lock::Lease, Given([].into())).next().await, Err(End::Done)));
    }

    proptest! {
        #[test]
        fn any_line_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100), kind in "(ADDED|BOOKMARK|DELETED|X)", object in "[\\{\\}\\[\\]\",:a-z0-9]{0,40}") {
            let _ = parse(Lock::Lease, &bytes).is_ok();
            let _ = parse(Lock::Lease, format!(r#"{{"type":"{kind}","object":{object}}}"#).as_bytes()).is_ok();
        }
    }
}
