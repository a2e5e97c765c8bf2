//! Faults of indentation in plain words: what is written on which level, beside its neighbours.

/// The words for a text that can't be read any further at a line; `None` where indentation doesn't explain it.
///
/// The parser notices a wrong indentation at the line itself or, where that continues a value, a line or more below.
pub(super) fn words(text: &str, line: usize) -> Option<String> {
    let lines: Vec<Line<'_>> =
        text.lines().enumerate().take(line).filter_map(|(number, text)| Line::of(number + 1, text)).collect();
    let (last, before) = lines.split_last()?;
    if let Some(tab) = lines.iter().rev().take(2).find(|line| line.has_tab) {
        return Some(format!("line {} is indented with a tab; only spaces indent in YAML", tab.number));
    }
    let previous = before.last()?;
    // The levels that are open before the line, the innermost last.
    let mut open: Vec<usize> = Vec::new();
    for line in before {
        open.retain(|level| *level < line.indent);
        open.push(line.indent);
        if line.is_item {
            open.push(line.content);
        }
    }
    let Line { number, indent, .. } = *last;
    if indent > previous.inner() && !previous.opens && !previous.is_block_text() {
        return Some(format!(
            "line {number} is indented by {indent}, the line before it by {}; that line has a value already, so nothing \
             can lie below it",
            previous.indent
        ));
    }
    if indent < previous.indent && !open.contains(&indent) {
        let outer = open.iter().rev().find(|level| **level < indent);
        let inner = open.iter().find(|level| **level > indent);
        let neighbours: Vec<String> = inner.into_iter().chain(outer).map(usize::to_string).collect();
        return Some(format!("line {number} is indented by {indent}, its neighbours by {}", neighbours.join(" and ")));
    }
    None
}

/// A line that says something.
struct Line<'t> {
    number: usize,
    text: &'t str,
    indent: usize,
    /// Where the text of a list's item begins; the indentation elsewhere.
    content: usize,
    is_item: bool,
    /// It ends with a colon or a dash: what it names stands below it.
    opens: bool,
    has_tab: bool,
}

impl<'t> Line<'t> {
    fn of(number: usize, text: &'t str) -> Option<Self> {
        let written = text.trim_start_matches([' ', '\t']);
        if written.is_empty() || written.starts_with('#') {
            return None;
        }
        let blank = &text[..text.len() - written.len()];
        let indent = blank.len();
        let mut rest = written;
        while let Some(item) = rest.strip_prefix("- ") {
            rest = item.trim_start_matches(' ');
        }
        let is_item = rest.len() != written.len() || written == "-";
        let end = written.split(" #").next().unwrap_or_default().trim_end();
        let opens = end.ends_with(':') || end == "-";
        let content = indent + written.len() - rest.len();
        Some(Self { number, text: end, indent, content, is_item, opens, has_tab: blank.contains('\t') })
    }

    /// The level of what the line itself says.
    fn inner(&self) -> usize {
        if self.is_item { self.content } else { self.indent }
    }

    /// Whether a block of text follows.
    fn is_block_text(&self) -> bool {
        let end = self.text.trim_end_matches(|c: char| matches!(c, '-' | '+') || c.is_ascii_digit());
        end.ends_with('|') || end.ends_with('>')
    }
}
