//! A configuration tree as YAML text, as `print-config` shows it.

use confmap::{Node, Value};

/// The tree as YAML; `is_secret` says of a section, a component and a key whether its value is hidden.
pub fn yaml(root: &Node, is_secret: &dyn Fn(&str, &str, &str) -> bool) -> String {
    let mut text = String::new();
    write(root, 0, &mut Vec::new(), is_secret, &mut text);
    text
}

fn write(
    node: &Node,
    depth: usize,
    path: &mut Vec<String>,
    is_secret: &dyn Fn(&str, &str, &str) -> bool,
    text: &mut String,
) {
    let indent = "  ".repeat(depth);
    for entry in node.entries() {
        text.push_str(&format!("{indent}{}:", scalar_text(&entry.key)));
        path.push(entry.key.clone());
        let hidden = matches!(path.as_slice(), [section, id, key] if is_secret(section, id, key));
        match &entry.value.value {
            _ if hidden && !entry.value.is_null() => text.push_str(" \"[REDACTED]\"\n"),
            Value::Map(map) if !map.entries().is_empty() => {
                text.push('\n');
                write(&entry.value, depth + 1, path, is_secret, text);
            }
            _ => text.push_str(&format!(" {}\n", flow(&entry.value))),
        }
        path.pop();
    }
}

/// A value on one line.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(value) => scalar_text(value),
        Value::List(list) => format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let member = |entry: &confmap::Entry| format!("{}: {}", scalar_text(&entry.key), flow(&entry.value));
            format!("{{{}}}", map.entries().iter().map(member).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Text as YAML takes it: bare where that can't be misread, else in quotes with JSON's escapes.
fn scalar_text(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_/.-".contains(letter);
    let begins = text.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    let word = matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false");
    if begins && !word && text.chars().all(plain) { text.to_owned() } else { format!("{text:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_as_the_same_configuration_without_secrets() {
        let source = "yaml:exporters:\n  awsemf:\n    proxy_address: http://u:p@h\n    tags: {a: 'true', b: \"x: y\"}\n    list: [1, [2.5, null]]\n";
        let load = |source: String| confmap::load(&[source], &[], &|_| None).expect("the text is a configuration").root;
        let first = load(source.to_owned());
        let printed = yaml(&first, &|_, _, key| key == "proxy_address");
        assert!(!printed.contains("u:p"), "{printed}");
        let second = load(format!("yaml:{printed}"));
        assert_eq!(yaml(&second, &|_, _, _| false), printed);
        assert_eq!(second.at("exporters::awsemf::tags::a").and_then(Node::text), Some("true"));
    }
}
