//! Reading the API's JSON leniently: borrowed text, numbers that may be absurd, members that may be broken.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

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
pub(crate) trait FromRaw<'de>: Sized {
    /// The item as the API spells it.
    type Raw: Deserialize<'de>;
    /// What is kept of it; `None` where it can't be told apart from others.
    fn slim(raw: Self::Raw) -> Option<Self>;
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
