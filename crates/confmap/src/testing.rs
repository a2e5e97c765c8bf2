//! What the tests share.

use crate::node::{Node, Value};

/// A tree on one line: `{a: 1, b: ["x", null]}`, text in quotes.
pub(crate) fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::String(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let entries: Vec<String> =
                map.entries().iter().map(|entry| format!("{}: {}", entry.key, show(&entry.value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// The environment the tests run in.
pub(crate) fn environment(name: &str) -> Option<String> {
    let value = match name {
        "NAME" => "worker-1",
        "NUMBER" => "5",
        "ZEROS" => "0123",
        "BOOL" => "true",
        "EMPTY" => "",
        "NULL" => "null",
        "LIST" => "[a, b]",
        "MAP" => "{a: 1, b: x}",
        "BLOCK" => "a::b: ${env:NUMBER}\nc:\n  - ${NAME}\n",
        "QUOTED" => "\"x\"",
        "COLON" => "pass: word",
        "COMMENT" => "abc #def",
        "CURLY" => "{NodeName}",
        "BROKEN" => "[a",
        "DOLLARS" => "a$$b",
        "NESTED" => "${env:NUMBER}",
        "NESTED_TEXT" => "x-${env:NAME}",
        "WHICH" => "NUMBER",
        "LOOP" => "${env:LOOP}",
        "GROW" => "${env:GROW}${env:GROW}",
        "BOMB" => "[\"${env:BOMB}\", \"${env:BOMB}\"]",
        "PASSWORD" => "pa${ss}word",
        _ => return None,
    };
    Some(value.to_owned())
}
