//! What of a message may be a secret: what stood in a variable or a file.

use crate::node::Node;

/// Shorter texts are words that a message may hold by itself.
const TELLING: usize = 4;

/// The message without what an expanded node holds: the text as it was written stands in its place.
pub(crate) fn hide_expanded(message: String, node: &Node) -> String {
    let (Some(written), Some(text)) = (&node.written, node.text()) else { return message };
    if message.len() < TELLING || text.len() < TELLING {
        return message;
    }
    let mut message = message;
    let escaped = format!("{text:?}");
    for form in [escaped.as_str(), &escaped[1..escaped.len() - 1], text] {
        if message.contains(form) {
            message = message.replace(form, written);
        }
    }
    if message.len() > LONG {
        return format!("the value of {} can't be used", crate::node::quote(written));
    }
    // A message may repeat a part only: a placeholder, the first letters, the end of a list.
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() >= TELLING);
    for part in parts.take(PARTS) {
        if !written.contains(part) && message.contains(part) {
            message = message.replace(part, "…");
        }
    }
    message
}

/// How many parts of a text are looked for, and in how long a message.
const PARTS: usize = 1000;
const LONG: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::node::{Location, Value};

    proptest! {
        #[test]
        fn a_planted_secret_of_a_reference_never_shows(
            before in ".{0,20}", secret in "S3[a-z0-9]{8}X", after in "[ /\"a-z]{0,9}",
        ) {
            let text = format!("{before}{{{secret}}}{after}");
            let mut node = Node::new(Value::String(text.clone()), Location::of_source("f"));
            node.written = Some(Arc::from("${file:f}"));
            for message in [format!("{text:?} is none"), format!("unknown {{{secret}}}"), text] {
                prop_assert!(!hide_expanded(message, &node).contains(&secret));
            }
        }
    }
}
