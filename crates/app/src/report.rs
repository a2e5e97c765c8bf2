//! Faults and warnings for people: each with its line of the file and a caret below what is meant, and a count at the end.

use std::collections::HashMap;
use std::sync::Arc;

use confmap::{Fault, Faults, Location, Source, hide_urls};
use telemetry::is_unprintable;
use unicode_width::UnicodeWidthStr;

/// How much of a line is shown before and of the value itself, in characters.
const BEFORE: usize = 80;
const VALUE: usize = 60;
/// How much of a source's name the count shows.
const NAME: usize = 200;

/// Every fault and every warning, in the order of the lines, and how many there are.
pub(crate) fn text(faults: &Faults, sources: &[Source]) -> String {
    let quotes = Quotes::of(sources);
    let (warnings, further_warnings) = faults.warnings();
    let mut all: Vec<_> = faults.iter().map(|fault| (fault, "Error")).collect();
    all.extend(warnings.iter().map(|warning| (warning, "Warning")));
    all.sort_by_key(|(fault, _)| quotes.rank(fault));
    let mut text = String::new();
    for (fault, severity) in all {
        text.push_str(&format!("{severity}: {fault}\n"));
        if let Some(excerpt) = fault.location.as_ref().and_then(|location| quotes.excerpt(location)) {
            text.push_str(&excerpt);
        }
    }
    if faults.further() + further_warnings > 0 {
        text.push_str(&format!("{} more are not shown\n", faults.further() + further_warnings));
    }
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let counted = match (faults.len(), warnings.len() + further_warnings) {
        (0, 0) => return text,
        (0, warnings) => count(warnings, "warning"),
        (faults, 0) => count(faults, "fault"),
        (faults, warnings) => format!("{} and {}", count(faults, "fault"), count(warnings, "warning")),
    };
    // What could not be read has no name here, and its fault names it.
    let is_unread = |fault: &Fault| fault.path.is_empty() && fault.location.is_none();
    let place = match sources.is_empty() || faults.iter().any(is_unread) {
        true => String::new(),
        false => format!(" in {}", names(sources)),
    };
    text + &counted + &place
}

/// What the sources are called, in a few words.
pub(crate) fn names(sources: &[Source]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for source in sources {
        // A part of a file is called by the file's name and its own.
        let is_part =
            |name: &&str| source.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(", "));
        if !names.iter().any(is_part) {
            names.push(&source.name);
        }
    }
    let all = if names.is_empty() { "the command line".to_owned() } else { names.join(", ") };
    match all.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", &all[..end]),
        None => all,
    }
}

/// The lines of the sources.
struct Quotes<'s> {
    sources: Vec<&'s Arc<str>>,
    lines: HashMap<*const u8, Vec<&'s str>>,
}

impl<'s> Quotes<'s> {
    fn of(sources: &'s [Source]) -> Self {
        let lines = sources.iter().map(|source| (source.name.as_ptr(), source.text.lines().collect())).collect();
        Self { sources: sources.iter().map(|source| &source.name).collect(), lines }
    }

    fn rank(&self, fault: &Fault) -> Option<(usize, u32, u32)> {
        let place = fault.location.as_ref()?;
        let source = self.sources.iter().position(|source| Arc::ptr_eq(source, &place.source));
        Some((source.unwrap_or(self.sources.len()), place.line, place.column))
    }

    /// The line, as far as it is about the key and its value, and carets below.
    fn excerpt(&self, location: &Location) -> Option<String> {
        let line =
            self.lines.get(&location.source.as_ptr())?.get(usize::try_from(location.line).ok()?.checked_sub(1)?)?;
        let (shown, at, carets) =
            cut(line, usize::try_from(location.column).ok()?, usize::try_from(location.length).ok()?)?;
        let number = location.line.to_string();
        let blank = " ".repeat(number.len());
        Some(format!("  {number} | {shown}\n  {blank} | {}{}\n", " ".repeat(at), "^".repeat(carets)))
    }
}

/// What is shown of a line, at which column the carets begin, and how many there are.
///
/// Of other keys on the same line nothing is shown: they may be secrets.
fn cut(line: &str, column: usize, length: usize) -> Option<(String, usize, usize)> {
    let start = column.checked_sub(1)?;
    // As an escape such a character would take more columns than the carets know of.
    let plain = |c: char| if is_unprintable(c) { ' ' } else { c };
    let before: String = line.chars().skip(start.saturating_sub(BEFORE)).take(start.min(BEFORE)).map(plain).collect();
    let before = match before.rfind(['{', '[', ',']) {
        Some(at) => format!("… {}", before[at + 1..].trim_start()),
        None if start > BEFORE => format!("… {}", before.trim_start()),
        None => before,
    };
    let mut value = line.chars().skip(start).map(plain);
    let shown = hidden(value.by_ref().take(length.min(VALUE)).collect());
    let carets = shown.width().max(1);
    let dots = match value.find(|c| !c.is_whitespace()) {
        _ if length > VALUE => "…",
        None | Some('#') => "",
        Some(_) if length == 0 => "…",
        Some(':') => ": …",
        Some(_) => " …",
    };
    let at = before.width();
    Some((format!("{before}{shown}{dots}").trim_end().to_owned(), at, carets))
}

/// A value without what may be a secret: parts of URLs, and what stands before an `@`, as an address without a scheme has it.
fn hidden(value: String) -> String {
    match value.rfind('@') {
        Some(at) if !value.contains("://") => format!("[REDACTED]{}", &value[at..]),
        _ => hide_urls(&value).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn carets_stand_below_the_value() {
        let check = |line: &str, column, length, shown: &str, carets: &str| {
            let (text, at, count) = cut(line, column, length).expect("there is a column");
            assert_eq!((text.as_str(), " ".repeat(at) + &"^".repeat(count)), (shown, carets.to_owned()));
        };
        check("    timeout: 5x", 14, 2, "    timeout: 5x", "             ^^");
        check("    timeout: 5x # soon", 14, 2, "    timeout: 5x", "             ^^");
        check("    timeuot: 5s", 5, 7, "    timeuot: …", "    ^^^^^^^");
        check("  a: {password: x, größe: 5x, b: y}", 27, 2, "… größe: 5x …", "         ^^");
        check("  名: ab", 6, 2, "  名: ab", "      ^^");
        check("  key: {a: b}", 8, 0, "  key: …", "       ^");
        check("  a\u{2028}\u{85}b: x\u{2029}y", 9, 3, "  a  b: x y", "        ^^^");
        check("  e\u{301}\u{200b}: ab", 8, 2, "  e\u{301}\u{200b}: ab", "     ^^");
        let long = format!("  key: {}", "x".repeat(1000));
        check(&long, 8, 1000, &format!("  key: {}…", "x".repeat(60)), &format!("       {}", "^".repeat(60)));
        check("  url: https://u:p@h/", 8, 14, "  url: https://[REDACTED]@h/", "       ^^^^^^^^^^^^^^^^^^^^^");
    }

    proptest! {
        #[test]
        fn any_line_and_place_is_survived(line in ".{0,200}", column in 0usize..300, length in 0usize..300) {
            if let Some((shown, at, carets)) = cut(&line, column, length) {
                prop_assert!(!shown.chars().any(is_unprintable));
                prop_assert!(carets >= 1 && at <= 2 * BEFORE + 2);
            }
        }
    }
}
