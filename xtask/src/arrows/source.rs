//! A Rust source without its comments, strings and tests: just enough reading for the checks of `arrows`.

/// A source file, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Line and text of every string outside attributes, escapes left as they stand.
    pub(crate) literals: Vec<(usize, String)>,
    /// The code, with blanks in place of comments, strings and what is under `#[cfg(test)]`.
    code: Vec<char>,
}

impl Source {
    /// Takes a text apart; of text that is no Rust it makes something without meaning, never a panic.
    pub(crate) fn parse(text: &str) -> Self {
        let characters: Vec<char> = text.chars().collect();
        let (code, strings) = blank(&characters);
        let mut source = Self { literals: Vec::new(), code };
        let attributes = source.attributes();
        let tests: Vec<(usize, usize)> = attributes
            .iter()
            .filter(|range| source.is_cfg_test(**range))
            .map(|range| (range.0, source.item_end(range.1)))
            .collect();
        let inside = |ranges: &[(usize, usize)], at: usize| ranges.iter().any(|range| range.0 <= at && at < range.1);
        for (at, string) in strings {
            if !inside(&attributes, at) && !inside(&tests, at) {
                let line = 1 + characters[..at].iter().filter(|character| **character == '\n').count();
                source.literals.push((line, string));
            }
        }
        for (start, end) in tests {
            source.code[start..end]
                .iter_mut()
                .filter(|character| **character != '\n')
                .for_each(|character| *character = ' ');
        }
        source
    }

    /// Every path of the code, `use` groups spread out: `use std::{fs, io}` gives `std::fs` and `std::io`.
    pub(crate) fn paths(&self) -> Vec<(usize, String)> {
        let mut paths = Vec::new();
        let mut line = 1;
        // The path that a group's members begin with, one for each open brace.
        let mut groups: Vec<String> = Vec::new();
        let mut path = String::new();
        let mut at = 0;
        while at < self.code.len() {
            let character = self.code[at];
            if character.is_alphanumeric() || character == '_' {
                let end = self.word_end(at);
                let word: String = self.code[at..end].iter().collect();
                if path.is_empty() {
                    path = groups.last().cloned().unwrap_or_default();
                }
                path.push_str(&word);
                at = end;
                continue;
            }
            let is_separator = character == ':' && self.code.get(at + 1) == Some(&':');
            if is_separator && !path.is_empty() {
                path.push_str("::");
                at += 2;
                continue;
            }
            if !character.is_whitespace() || !path.ends_with("::") {
                if !path.is_empty() && !path.ends_with("::") {
                    paths.push((line, path.clone()));
                }
                match character {
                    '{' => groups.push(if path.ends_with("::") { path.clone() } else { String::new() }),
                    '}' => drop(groups.pop()),
                    _ => {}
                }
                path.clear();
            }
            line += usize::from(character == '\n');
            at += 1;
        }
        paths
    }

    fn word_end(&self, from: usize) -> usize {
        let rest = &self.code[from..];
        from + rest.iter().position(|character| !character.is_alphanumeric() && *character != '_').unwrap_or(rest.len())
    }

    /// Where the attributes stand, from their `#` to behind their `]`.
    fn attributes(&self) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.code.len() {
            if self.code[at] == '#' && matches!(self.code.get(at + 1), Some('[' | '!')) {
                let end = self.matching(at, '[', ']');
                found.push((at, end));
                at = end.max(at + 1);
            } else {
                at += 1;
            }
        }
        found
    }

    fn is_cfg_test(&self, (start, end): (usize, usize)) -> bool {
        let text: String = self.code[start..end].iter().filter(|character| !character.is_whitespace()).collect();
        text == "#[cfg(test)]"
    }

    /// Behind the item that begins here: behind its `;`, or its closing brace.
    fn item_end(&self, from: usize) -> usize {
        let rest = &self.code[from..];
        match rest.iter().position(|character| matches!(character, ';' | '{')) {
            Some(offset) if rest[offset] == ';' => from + offset + 1,
            Some(offset) => self.matching(from + offset, '{', '}'),
            None => self.code.len(),
        }
    }

    /// Behind the bracket that closes the first one from here on; the end where none does.
    fn matching(&self, from: usize, open: char, close: char) -> usize {
        let mut depth = 0usize;
        for (offset, character) in self.code[from..].iter().enumerate() {
            if *character == open {
                depth += 1;
            } else if *character == close {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return from + offset + 1;
                }
            }
        }
        self.code.len()
    }
}

/// The text with blanks for comments, strings and characters, and each string with where it began.
fn blank(text: &[char]) -> (Vec<char>, Vec<(usize, String)>) {
    let mut code = text.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = match rest {
            ['/', '/', ..] => at + rest.iter().position(|character| *character == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => at + comment_length(rest),
            ['"', ..] => {
                let length = string_length(rest);
                strings.push((at, rest[1..length.max(2) - 1].iter().collect()));
                at + length
            }
            ['r', '"' | '#', ..] if !continues_word(text, at) => match raw_string(rest) {
                Some((hashes, length)) => {
                    strings.push((at, rest[2 + hashes..length - 1 - hashes].iter().collect()));
                    at + length
                }
                None => at,
            },
            ['\'', ..] => at + character_length(rest),
            _ => at,
        };
        code[at..end].iter_mut().filter(|character| **character != '\n').for_each(|character| *character = ' ');
        at = end.max(at + 1);
    }
    (code, strings)
}

/// Whether the letter here belongs to a word that began before it, other than the `b` or `c` of a byte string.
fn continues_word(text: &[char], at: usize) -> bool {
    let is_word = |at: usize| text.get(at).is_some_and(|character| character.is_alphanumeric() || *character == '_');
    match at.checked_sub(1) {
        None => false,
        Some(before) if matches!(text[before], 'b' | 'c') => before > 0 && is_word(before - 1),
        Some(before) => is_word(before),
    }
}

/// Length of a block comment, comments inside it counted.
fn comment_length(text: &[char]) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        match &text[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length of a string with its quotes.
fn string_length(text: &[char]) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Hashes on one side and length of a raw string, from its `r`; `None` where it is none, such as `r#type`.
fn raw_string(text: &[char]) -> Option<(usize, usize)> {
    let hashes = text[1..].iter().take_while(|character| **character == '#').count();
    if text.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let body = &text[2 + hashes..];
    let closes = |at: &usize| {
        body[*at] == '"' && body[at + 1..].iter().take(hashes).filter(|character| **character == '#').count() == hashes
    };
    let end = (0..body.len()).find(closes)?;
    Some((hashes, 2 + hashes + end + 1 + hashes))
}

/// Length of a character with its quotes; 1 for the quote of a lifetime.
fn character_length(text: &[char]) -> usize {
    match text {
        // The backslash, what it escapes, and all up to the quote: '\'', '\u{b5}'.
        [_, '\\', ..] => {
            3 + text.get(3..).map_or(0, |rest| rest.iter().position(|c| *c == '\'').map_or(0, |end| end + 1))
        }
        [_, _, '\'', ..] => 3,
        _ => 1,
    }
    .min(text.len())
}
