//! Attributes whose text is JSON: validated once for each text, then copied as it stands.

use std::collections::HashMap;
use std::fmt;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use super::layout::WordHasher;
use model::Text;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// What a text is as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Not JSON: it stays a text.
    Invalid,
    /// JSON on one line: it can be copied.
    OneLine,
    /// JSON with line ends between its tokens.
    Lines,
}

/// Which texts are JSON, remembered by where a shared text lies.
#[derive(Debug, Default)]
pub(crate) struct JsonCache {
    // A text is kept beside its address, so that no other text can get that address meanwhile.
    known: HashMap<usize, Known, BuildHasherDefault<WordHasher>>,
    round: u32,
    used: usize,
}

#[derive(Debug)]
struct Known {
    _text: Text,
    form: Form,
    used: u32,
}

impl JsonCache {
    /// The text's form.
    pub(crate) fn of(&mut self, text: &Text) -> Form {
        let address = Arc::as_ptr(text).cast::<u8>().addr();
        let round = self.round;
        let known = self.known.entry(address).or_insert_with(|| Known {
            _text: text.clone(),
            form: form(text),
            used: round.wrapping_sub(1),
        });
        if known.used != round {
            known.used = round;
            self.used += 1;
        }
        known.form
    }

    /// Forgets the texts that this round didn't use.
    pub(crate) fn end_round(&mut self) {
        let round = self.round;
        if self.used < self.known.len() {
            self.known.retain(|_, known| known.used == round);
        }
        self.used = 0;
        self.round = round.wrapping_add(1);
    }
}

fn form(text: &str) -> Form {
    if serde_json::from_str::<Checked>(text).is_err() {
        Form::Invalid
    } else if text.bytes().any(|byte| byte == b'\n' || byte == b'\r') {
        Form::Lines
    } else {
        Form::OneLine
    }
}

/// Appends valid JSON without its line ends, which can only stand between tokens.
pub(crate) fn write_without_lines(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().filter(|byte| *byte != b'\n' && *byte != b'\r'));
}

/// A JSON value that is read and not kept: depth, escapes and numbers are checked, no tree is built.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

/// What passes is what a parser takes, and stays so without its line ends.
#[cfg(fuzzing)]
pub fn fuzz(text: &str) {
    let valid = serde_json::from_str::<serde_json::Value>(text).is_ok();
    assert_eq!(form(text) != Form::Invalid, valid);
    let mut line = Vec::new();
    write_without_lines(&mut line, text);
    assert!(!valid || serde_json::from_slice::<serde_json::Value>(&line).is_ok());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn valid_json_of_any_type_is_json_and_the_rest_stays_a_text() {
        for text in ["{}", "[1,2.5e3,-0]", r#""text""#, "null", " true ", r#"{"a":{"b":[{"c":"\ud83d\ude00"}]}}"#] {
            assert_eq!(form(text), Form::OneLine, "{text}");
        }
        for text in ["", "{", "[1,]", "text", "{'a':1}", "1 2", r#""\ud800""#, "\"\u{1}\"", "1e999", &"[".repeat(9999)]
        {
            assert_eq!(form(text), Form::Invalid, "{text}");
        }
        assert_eq!(form(&format!("{}{}", "[".repeat(500), "]".repeat(500))), Form::Invalid);
    }

    #[test]
    fn line_ends_between_tokens_go() {
        let text = "{\n  \"a\": \"b\\n\",\r\n  \"c\": 1\n}";
        assert_eq!(form(text), Form::Lines);
        let mut out = Vec::new();
        write_without_lines(&mut out, text);
        assert_eq!(out, br#"{  "a": "b\n",  "c": 1}"#);
    }

    #[test]
    fn a_shared_text_is_validated_once_and_forgotten_after_a_round_without_it() {
        let mut cache = JsonCache::default();
        let text: Text = "{}".into();
        assert_eq!(cache.of(&text), Form::OneLine);
        assert_eq!(cache.of(&text.clone()), Form::OneLine);
        assert_eq!(cache.known.len(), 1);
        cache.end_round();
        assert_eq!(cache.known.len(), 1);
        cache.end_round();
        assert_eq!(cache.known.len(), 0);
        assert_eq!(cache.of(&"".into()), Form::Invalid);
    }

    proptest! {
        #[test]
        fn what_passes_is_what_a_parser_takes(text in r#"[\[\]{}:,"a1e.\\u\n -]{0,24}|\PC*"#) {
            let valid = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            prop_assert_eq!(form(&text) != Form::Invalid, valid);
        }
    }
}
