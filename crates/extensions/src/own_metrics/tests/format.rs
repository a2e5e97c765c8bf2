//! A reader of the text format 0.0.4 that takes nothing but what its grammar allows; written from the grammar, and knows
//! nothing of the writer.

use std::collections::BTreeMap;

/// A page's families by name.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) families: BTreeMap<String, Family>,
}

/// One name.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) help: String,
    pub(super) kind: String,
    pub(super) series: BTreeMap<BTreeMap<String, String>, f64>,
}

/// Reads a page, or says which line is wrong and why.
pub(super) fn read(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    let mut current = String::new();
    let body = text.strip_suffix('\n').ok_or("the last line has no end")?;
    for line in body.split('\n') {
        let told = |words: &str| format!("{words}: {line:?}");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').ok_or_else(|| told("help without words"))?;
            let family = Family { help: unescape(help, false).ok_or_else(|| told("escape"))?, ..Family::default() };
            if !is_name(name, true) || page.families.insert(name.to_owned(), family).is_some() {
                return Err(told("name, or two helps of one"));
            }
            name.clone_into(&mut current);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| told("type without a word"))?;
            let family = page.families.get_mut(name).ok_or_else(|| told("type without a help before it"))?;
            let known = ["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind);
            if name != current || !known || !family.kind.is_empty() || !family.series.is_empty() {
                return Err(told("type"));
            }
            kind.clone_into(&mut family.kind);
        } else {
            let (name, labels, value) = sample(line).ok_or_else(|| told("sample"))?;
            let family = page.families.get_mut(&name).ok_or_else(|| told("sample of no family"))?;
            if name != current || family.kind.is_empty() {
                return Err(told("sample outside its family"));
            }
            if family.series.insert(labels, value).is_some() {
                return Err(told("series twice"));
            }
        }
    }
    Ok(page)
}

fn sample(line: &str) -> Option<(String, BTreeMap<String, String>, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(mut inside) = rest.strip_prefix('{') {
        loop {
            let (label, after) = inside.split_once("=\"")?;
            let close = closing_quote(after)?;
            let fresh = labels.insert(label.to_owned(), unescape(&after[..close], true)?).is_none();
            if !is_name(label, false) || !fresh {
                return None;
            }
            inside = &after[close + 1..];
            match inside.strip_prefix(',') {
                Some(next) => inside = next,
                None => break,
            }
        }
        rest = inside.strip_prefix('}')?;
    }
    let number = rest.strip_prefix(' ')?;
    let value = match number {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        digits if digits.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    is_name(name, true).then(|| (name.to_owned(), labels, value))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return Some(at),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn unescape(text: &str, quotes: bool) -> Option<String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                '\\' => '\\',
                '"' if quotes => '"',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

fn is_name(name: &str, colons: bool) -> bool {
    let legal = |c: char| c == '_' || c.is_ascii_alphanumeric() || colons && c == ':';
    name.chars().all(legal) && name.starts_with(|c: char| !c.is_ascii_digit())
}

#[test]
fn what_the_grammar_forbids_is_refused() {
    let head = "# HELP a b\n# TYPE a gauge\n";
    assert!(read(&format!("{head}a{{b=\"\\\\\\\"\\n,}}\"}} 1\n")).is_ok());
    for bad in [
        "a",
        "a 1",
        "1a 1\n",
        "a{b=\"\n\"} 1\n",
        "a{b=\"\\x\"} 1\n",
        "a{b=\"\"\"} 1\n",
        "a{1=\"\"} 1\n",
        "a{b.c=\"\"} 1\n",
        "a{b=\"\",b=\"\"} 1\n",
        "a 1\na 2\n",
        "b 1\n",
        "a  1\n",
        "a inf\n",
        "a one\n",
        "\n",
    ] {
        assert!(read(&format!("{head}{bad}")).is_err(), "{bad:?}");
    }
}
