//! The lines of a stream, out of the pieces it comes in: of each what its reader wants.

use crate::error::ParseError;
use crate::stream::{Filter, LARGEST_OBJECT, LabelRules, Shape};

/// A line without its end.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// Condensed JSON.
    Whole(&'a [u8]),
    /// More than [`LARGEST_OBJECT`] bytes of it would have to be kept.
    TooLarge,
    /// It is no JSON.
    Broken(ParseError),
}

/// The line whose end has not come yet.
#[derive(Debug)]
pub(super) struct Lines {
    filter: Filter,
    /// What is wrong with it.
    fault: Option<ParseError>,
}

impl Lines {
    /// Of each line what `shape` names.
    pub(super) fn new(shape: &'static Shape) -> Self {
        Self { filter: Filter::new(shape, LabelRules::default(), LARGEST_OBJECT), fault: None }
    }

    /// Takes a piece, and gives each line that it ends to `each`; after an error the rest of the piece is lost.
    pub(super) fn feed<E>(&mut self, piece: &[u8], mut each: impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            let text = part.strip_suffix(b"\n");
            if self.fault.is_none() {
                self.fault = self.filter.push(text.unwrap_or(part), &mut |_| {}).err();
            }
            if text.is_none() {
                continue;
            }
            let line = match self.fault.take() {
                Some(fault) => Line::Broken(fault),
                None if self.filter.is_blank() => continue,
                None => match self.filter.finish() {
                    Ok((json, false)) => Line::Whole(json),
                    Ok((_, true)) => Line::TooLarge,
                    Err(fault) => Line::Broken(fault),
                },
            };
            let done = each(line);
            self.filter.restart();
            done?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static SHAPE: Shape = Shape::Members(&[("a", Shape::Whole)]);

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::new(&SHAPE), Vec::new());
        for piece in pieces {
            let each = |line: Line| {
                found.push(match line {
                    Line::Whole(json) => String::from_utf8_lossy(json).into_owned(),
                    Line::TooLarge => "too large".to_owned(),
                    Line::Broken(_) => "broken".to_owned(),
                });
                Ok::<(), ()>(())
            };
            lines.feed(piece, each).expect("each is content");
        }
        found
    }

    #[test]
    fn a_line_ends_where_it_ends() {
        assert_eq!(lines(&[b"{\"a\":1}\n{\"a\":", b"", b"2,\"b\":[3]}\n\n{}"]), [r#"{"a":1}"#, r#"{"a":2}"#]);
        assert_eq!(lines(&[b"{}", b"\n"]), ["{}"]);
        assert_eq!(lines(&[b"{\"a\":\n1}\n{\"a\":2}\n"]), ["broken", "broken", r#"{"a":2}"#]);
    }

    #[test]
    fn of_a_line_only_what_is_wanted_has_to_fit() {
        let long = "x".repeat(LARGEST_OBJECT);
        let text = format!("{{\"b\":\"{long}\",\"a\":1}}\n{{\"a\":\"{long}\"}}\n{{\"a\":2}}\n");
        let expected = [r#"{"a":1}"#, "too large", r#"{"a":2}"#];
        assert_eq!(lines(&[text.as_bytes()]), expected);
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1000).collect();
        assert_eq!(lines(&pieces), expected);
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(text in "([{}]|\"a\":1|\n){0,40}", cuts in proptest::collection::vec(0..60_usize, 0..6)) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &text.as_bytes()[pair[0]..pair[1]]).collect();
            prop_assert_eq!(lines(&pieces), lines(&[text.as_bytes()]));
        }
    }
}
