//! One page of a list: its objects are handed on one by one.

use serde::Deserialize;
use serde::de::Error as _;

use super::Consumer;
use crate::error::ParseError;
use crate::json::{Text, present};
use crate::stream::{Filter, LONGEST_HEAD, LabelRules};

/// What a page says of its list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// The list's resource version, never empty.
    pub(super) version: Box<str>,
    /// The token of the next page; `None` with the last.
    pub(super) next: Option<Box<str>>,
    /// How many objects it had.
    pub(super) objects: u64,
    /// Those of them that the consumer couldn't read, and why not the last of these.
    pub(super) broken: u64,
    /// Those of them that are over a limit.
    pub(super) cut: u64,
    pub(super) fault: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    resource_version: Option<Text<'a>>,
    #[serde(borrow, rename = "continue")]
    next: Option<Text<'a>>,
}

/// A page whose items have been taken out.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: Option<Metadata<'a>>,
    /// Null where Go's list is empty.
    #[serde(default, deserialize_with = "present")]
    items: Option<Option<[(); 0]>>,
}

/// Reads a page while it arrives, and hands its objects to a consumer, also those before a fault.
pub(super) struct Reader<'c, C> {
    filter: Filter,
    consumer: &'c mut C,
    page: Page,
}

impl<'c, C: Consumer> Reader<'c, C> {
    pub(super) fn new(consumer: &'c mut C) -> Self {
        let filter = Filter::new(&consumer.shapes().page, LabelRules::default(), LONGEST_HEAD);
        Self { filter, consumer, page: Page::default() }
    }

    /// The answer is the first of a list.
    pub(super) fn begin(&mut self) {
        self.consumer.restart();
    }

    /// Takes the next bytes of the answer.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), ParseError> {
        let Self { filter, consumer, page } = self;
        filter.push(chunk, &mut |item| {
            page.objects += 1;
            if item.is_too_large {
                return page.breaks(&ParseError::too_large());
            }
            let applied = match str::from_utf8(item.json) {
                Ok(object) => consumer.apply(object),
                Err(error) => Err(serde_json::Error::custom(error).into()),
            };
            if let Err(error) = applied {
                page.breaks(&error);
            }
        })
    }

    /// The answer is complete.
    pub(super) fn finish(mut self) -> Result<Page, ParseError> {
        let (head, is_too_large) = self.filter.finish()?;
        if is_too_large {
            return Err(serde_json::Error::custom("what stands beside the items is too large").into());
        }
        let Head { metadata, items } = serde_json::from_slice(head)?;
        let Some(metadata) = metadata.filter(|_| items.is_some()) else {
            let missing = if items.is_some() { "metadata" } else { "items" };
            return Err(serde_json::Error::missing_field(missing).into());
        };
        let text = |text: Option<Text>| text.filter(|text| !text.0.is_empty()).map(Text::boxed);
        let version = text(metadata.resource_version);
        self.page.version = version.ok_or_else(|| serde_json::Error::missing_field("resourceVersion"))?;
        self.page.next = text(metadata.next);
        Ok(self.page)
    }
}

impl Page {
    fn breaks(&mut self, error: &ParseError) {
        self.broken += 1;
        self.cut += u64::from(error.is_limit());
        self.fault = Some(error.to_string());
    }
}

/// A page comes to the same in pieces of any size.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8], piece: usize) {
    use crate::cluster::{DoubleBuffered, Pods};
    let read = |piece: usize| {
        let mut pods = DoubleBuffered::new(Pods::default());
        let mut reader = Reader::new(&mut pods);
        reader.begin();
        let pushed = bytes.chunks(piece.max(1)).try_for_each(|piece| reader.push(piece));
        let page = pushed.and_then(|()| reader.finish()).ok();
        pods.commit();
        (page, pods.current().map(|pods| (pods.count(), pods.running())))
    };
    assert_eq!(read(piece), read(bytes.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{DoubleBuffered, Nodes};
    use proptest::prelude::*;

    fn read(text: &str) -> (Result<Page, ParseError>, usize) {
        let mut nodes = DoubleBuffered::new(Nodes::default());
        nodes.restart();
        let mut reader = Reader::new(&mut nodes);
        let page = reader.push(text.as_bytes()).and_then(|()| reader.finish());
        nodes.commit();
        (page, nodes.current().map_or(0, Nodes::count))
    }

    const NODE: &str = r#"{"metadata":{"uid":"a","name":"one"}}"#;

    #[test]
    fn a_page_names_the_next_one() {
        let text = format!(
            r#"{{"kind":"NodeList","apiVersion":"v1","metadata":{{"resourceVersion":"42","continue":"eyJ2",
            "remainingItemCount":7}},"items":[{NODE},{{"metadata":7}},{NODE}]}}"#
        );
        let (page, count) = read(&text);
        let page = page.expect("a page");
        assert_eq!((&*page.version, page.next.as_deref(), page.objects, page.broken), ("42", Some("eyJ2"), 3, 1));
        assert!(page.fault.is_some());
        assert_eq!(count, 1);
    }

    #[test]
    fn the_last_page_has_no_next() {
        for text in [
            r#"{"metadata":{"resourceVersion":"42"},"items":[]}"#,
            r#"{"items":null,"metadata":{"resourceVersion":"42","continue":""}}"#,
        ] {
            let expected = Page { version: "42".into(), ..Page::default() };
            assert_eq!(read(text).0.expect("a page"), expected);
        }
    }

    #[test]
    fn what_is_no_page_is_told() {
        for text in [
            "{}",
            r#"{"items":[]}"#,
            r#"{"metadata":{"resourceVersion":"4"}}"#,
            "[]",
            "x",
            r#"{"metadata":{"resourceVersion":"4"},"items":{}}"#,
            r#"{"metadata":{"resourceVersion":"4"},"items":[]} x"#,
        ] {
            assert!(matches!(read(text).0, Err(ParseError::Json(_))), "{text}");
        }
        let cut = format!(r#"{{"metadata":{{"resourceVersion":"4"}},"items":[{NODE}"#);
        assert!(matches!(read(&cut).0, Err(ParseError::Truncated { .. })));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,80}", cut in 0..120_usize) {
            let _ = read(&text);
            let page = format!(r#"{{"metadata":{{"resourceVersion":"4"}},"items":[{NODE},{text}]}}"#);
            let _ = (read(&page), read(page.get(..cut).unwrap_or("")));
        }
    }
}
