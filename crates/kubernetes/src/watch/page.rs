//! One page of a list: its objects are handed on one by one.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Consumer;
use crate::error::ParseError;
use crate::json::Text;

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

/// Reads a page and hands its objects to `consumer`, also those before a fault.
pub(super) fn parse(bytes: &[u8], consumer: &mut impl Consumer) -> Result<Page, ParseError> {
    let mut page = Page::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = List { consumer, page: &mut page }.deserialize(&mut reader).and_then(|()| reader.end());
    match read {
        Ok(()) => Ok(page),
        Err(error) if error.is_eof() => Err(ParseError::Truncated { bytes: bytes.len() }),
        Err(error) => Err(error.into()),
    }
}

struct List<'c, C> {
    consumer: &'c mut C,
    page: &'c mut Page,
}

struct Items<'c, C>(List<'c, C>);

impl<'de, C: Consumer> DeserializeSeed<'de> for List<'_, C> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, C: Consumer> Visitor<'de> for List<'_, C> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let List { consumer, page } = self;
        let mut has_items = false;
        while let Some(key) = map.next_key::<Text>()? {
            match &*key.0 {
                "metadata" => {
                    let metadata: Metadata = map.next_value()?;
                    let text = |text: Option<Text>| text.filter(|text| !text.0.is_empty()).map(Text::boxed);
                    page.version = text(metadata.resource_version).unwrap_or_default();
                    page.next = text(metadata.next);
                }
                "items" => {
                    map.next_value_seed(Items(List { consumer, page }))?;
                    has_items = true;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if !has_items {
            return Err(A::Error::missing_field("items"));
        }
        if page.version.is_empty() {
            return Err(A::Error::missing_field("resourceVersion"));
        }
        Ok(())
    }
}

impl<'de, C: Consumer> DeserializeSeed<'de> for Items<'_, C> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, C: Consumer> Visitor<'de> for Items<'_, C> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }

    /// Go's empty list.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Items(List { consumer, page }) = self;
        while let Some(object) = list.next_element::<&'de RawValue>()? {
            page.objects += 1;
            if let Err(error) = consumer.apply(object.get()) {
                page.broken += 1;
                page.fault = Some(error.to_string());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Nodes, Swap};
    use proptest::prelude::*;

    fn read(text: &str) -> (Result<Page, ParseError>, usize) {
        let mut nodes = Swap::new(Nodes::default());
        nodes.restart();
        let page = parse(text.as_bytes(), &mut nodes);
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
