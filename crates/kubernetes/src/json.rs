//! Reading the API's JSON leniently: borrowed text, numbers that may be absurd, lists with a broken item.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::error::ParseError;

/// A string, borrowed from the answer unless it holds an escape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'_> {
    /// The text, copied to exactly its own length.
    pub(crate) fn boxed(self) -> Box<str> {
        self.0.into()
    }
}

/// An optional text; an empty one counts as not said, as it does in Go's encoding.
pub(crate) fn said(text: Option<Text<'_>>) -> Option<Box<str>> {
    text.filter(|text| !text.0.is_empty()).map(Text::boxed)
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A count that ought to be a whole number; `None` where it is null, negative, broken or no number.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Number(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(Some(number)))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(u64::try_from(number).ok()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                // 2^53: beyond it a float no longer tells neighbouring integers apart.
                let whole = (0.0..=9_007_199_254_740_992.0).contains(&number) && number.fract() == 0.0;
                Ok(Number(whole.then_some(number as u64)))
            }
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// The members of an object whose values are strings, in the answer's order; a null value is left out.
#[derive(Debug, Default)]
pub(crate) struct Pairs<'a>(pub(crate) Vec<(Text<'a>, Text<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of strings")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<Text, Option<Text>>()? {
                    pairs.extend(value.map(|value| (key, value)));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

/// One member of an object, looked up while it streams by; the others are never held.
pub(crate) fn pick<'de, A: MapAccess<'de>>(mut map: A, wanted: &str) -> Result<Option<Text<'de>>, A::Error> {
    let mut found = None;
    while let Some(key) = map.next_key::<Text>()? {
        if key.0 == wanted {
            found = map.next_value()?;
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(found)
}

/// A type made from one item of a list.
pub(crate) trait Slim<'de>: Sized {
    /// The item as the API spells it.
    type Raw: Deserialize<'de>;
    /// What is kept of it; `None` where it can't be told apart from others.
    fn slim(raw: Self::Raw) -> Option<Self>;
}

/// The good items of a list, each slimmed before the next is read.
pub(crate) trait Items<'de, T>: Deserialize<'de> {
    /// The items, and how many were left out.
    fn into_parts(self) -> (Vec<T>, usize);
}

/// No node has so many pods. What a short answer could be made to stand for takes many times its own memory.
pub(crate) const MOST_ITEMS: usize = 20_000;

fn too_many<E: serde::de::Error>() -> E {
    E::custom(format_args!("a list of more than {MOST_ITEMS} items"))
}

/// Items of one pass: the first broken one fails the whole list.
pub(crate) struct Quick<T>(Vec<T>, usize);

/// Items each read for itself: slower, and a broken one is only counted.
pub(crate) struct Careful<T>(Vec<T>, usize);

impl<'de, T: Slim<'de>> Items<'de, T> for Quick<T> {
    fn into_parts(self) -> (Vec<T>, usize) {
        (self.0, self.1)
    }
}

impl<'de, T: Slim<'de>> Items<'de, T> for Careful<T> {
    fn into_parts(self) -> (Vec<T>, usize) {
        (self.0, self.1)
    }
}

struct QuickVisitor<T>(PhantomData<T>);
struct CarefulVisitor<T>(PhantomData<T>);

impl<'de, T: Slim<'de>> Visitor<'de> for QuickVisitor<T> {
    type Value = Quick<T>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Quick<T>, A::Error> {
        let mut items = Quick(Vec::new(), 0);
        while let Some(raw) = list.next_element::<T::Raw>()? {
            match T::slim(raw) {
                Some(_) if items.0.len() == MOST_ITEMS => return Err(too_many()),
                Some(item) => items.0.push(item),
                None => items.1 += 1,
            }
        }
        Ok(items)
    }
}

impl<'de, T: Slim<'de>> Visitor<'de> for CarefulVisitor<T> {
    type Value = Careful<T>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Careful<T>, A::Error> {
        let mut items = Careful(Vec::new(), 0);
        while let Some(raw) = list.next_element::<&'de RawValue>()? {
            match serde_json::from_str::<T::Raw>(raw.get()).ok().and_then(T::slim) {
                Some(_) if items.0.len() == MOST_ITEMS => return Err(too_many()),
                Some(item) => items.0.push(item),
                None => items.1 += 1,
            }
        }
        Ok(items)
    }
}

impl<'de, T: Slim<'de>> Deserialize<'de> for Quick<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(QuickVisitor(PhantomData))
    }
}

impl<'de, T: Slim<'de>> Deserialize<'de> for Careful<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(CarefulVisitor(PhantomData))
    }
}

/// A member that is there, null or not; without it the field's default says that it is missing.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Any value, of which only the shape we know is kept: another shape becomes `None` instead of an error.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// Reads `bytes` in one pass as `Q`; where an item has a wrong shape, once more as `C`.
pub(crate) fn read<'de, Q, C>(bytes: &'de [u8]) -> Result<Answer<Q, C>, ParseError>
where
    Q: Deserialize<'de>,
    C: Deserialize<'de>,
{
    let error = match serde_json::from_slice(bytes) {
        Ok(quick) => return Ok(Answer::Quick(quick)),
        Err(error) => error,
    };
    match error.classify() {
        Category::Eof => Err(ParseError::Truncated { bytes: bytes.len() }),
        Category::Data => match serde_json::from_slice(bytes) {
            Ok(careful) => Ok(Answer::Careful(careful)),
            // A cut answer may show its broken item first.
            Err(error) if error.is_eof() => Err(ParseError::Truncated { bytes: bytes.len() }),
            Err(error) => Err(error.into()),
        },
        _ => Err(error.into()),
    }
}

/// One answer, by the pass that could read it.
pub(crate) enum Answer<Q, C> {
    /// Everything had its shape.
    Quick(Q),
    /// Some items had not.
    Careful(C),
}
