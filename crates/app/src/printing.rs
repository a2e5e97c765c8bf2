//! A configuration tree as YAML text, as `print-config` shows it: without secrets.
//!
//! What is a secret is decided by the type that an option has, at any depth. Of keys that no option has the values are
//! hidden, since their types are unknown, and of every text the parts of URLs that may be secrets.

use confmap::{Entry, Faults, Node, OptionDoc, Value, hide_urls, join};

use crate::components::Section;
use crate::registry::TYPES;
use crate::service::Service;

const HIDDEN: &str = "\"[REDACTED]\"";

/// The tree as YAML; `faults` are those of its components.
///
/// Where a fault or a warning is about what a variable or a file holds, that may be something else than was meant, such as a
/// token: the reference is shown, as it was written.
pub fn yaml(root: &Node, faults: &Faults) -> String {
    let told = faults.iter().chain(faults.warnings().0).map(|fault| fault.path.as_str());
    let mut printer = Printer {
        doubtful: told.collect(),
        all_doubtful: faults.further() + faults.warnings().1 > 0,
        text: String::new(),
    };
    for entry in root.entries() {
        let service = Service::options();
        let section = Section::ALL.into_iter().find(|section| section.key() == entry.key);
        match section {
            None if entry.key == "service" => printer.entry(entry, "", 0, &Shown::Block(&service)),
            Some(section) if !entry.value.entries().is_empty() => {
                printer.text.push_str(&format!("{}:\n", entry.key));
                for component in entry.value.entries() {
                    let kind = component.key.split('/').next().unwrap_or_default().trim();
                    let options = TYPES.find(section, kind).map(|kind| (kind.options)());
                    let shown = options.as_deref().map_or(Shown::Hidden, Shown::Block);
                    printer.entry(component, section.key(), 1, &shown);
                }
            }
            _ => printer.entry(entry, "", 0, &Shown::Hidden),
        }
    }
    printer.text
}

/// What is known of a value.
enum Shown<'o> {
    /// It is a secret, and so is what it consists of.
    Secret,
    /// Nothing: its scalars are hidden.
    Hidden,
    /// It is no secret.
    Plain,
    /// A block with these options.
    Block(&'o [OptionDoc]),
    /// A map whose keys are free, or a list: each of its values is this.
    Each(Box<Shown<'o>>),
}

impl<'o> Shown<'o> {
    /// By an option's type, as `list of map of block` says it.
    fn of(type_name: &str, nested: &'o [OptionDoc]) -> Self {
        if let Some(inner) = type_name.strip_prefix("list of ").or_else(|| type_name.strip_prefix("map of ")) {
            return Self::Each(Box::new(Self::of(inner, nested)));
        }
        match type_name {
            "secret" => Self::Secret,
            "any" => Self::Hidden,
            _ if !nested.is_empty() => Self::Block(nested),
            _ => Self::Plain,
        }
    }

    /// What is known of the value of a key below.
    fn below(&self, key: &str) -> Shown<'_> {
        match self {
            Self::Secret => Shown::Secret,
            Self::Hidden => Shown::Hidden,
            Self::Plain => Shown::Plain,
            Self::Each(each) => each.again(),
            Self::Block(options) => match options.iter().find(|option| option.key == key) {
                Some(option) => Shown::of(&option.type_name, &option.nested),
                None => Shown::Hidden,
            },
        }
    }

    fn again(&self) -> Shown<'_> {
        match self {
            Self::Secret => Shown::Secret,
            Self::Hidden => Shown::Hidden,
            Self::Plain => Shown::Plain,
            Self::Block(options) => Shown::Block(options),
            Self::Each(each) => Shown::Each(Box::new(each.again())),
        }
    }
}

struct Printer<'f> {
    /// The paths that faults and warnings are about.
    doubtful: Vec<&'f str>,
    /// There are more of them than are known.
    all_doubtful: bool,
    text: String,
}

impl Printer<'_> {
    fn entry(&mut self, entry: &Entry, path: &str, depth: usize, shown: &Shown<'_>) {
        self.text.push_str(&format!("{}{}:", "  ".repeat(depth), scalar_text(&entry.key)));
        let (path, value) = (join(path, &entry.key), &entry.value);
        let is_block =
            !value.entries().is_empty() && !matches!(shown, Shown::Secret) && !self.is_doubtful(value, &path);
        if is_block {
            self.text.push('\n');
            value.entries().iter().for_each(|entry| self.entry(entry, &path, depth + 1, &shown.below(&entry.key)));
        } else {
            let value = self.flow(value, &path, shown);
            self.text.push_str(&format!(" {value}\n"));
        }
    }

    /// Whether the value came out of a reference, and something is the matter with it, with a part of it or around it.
    fn is_doubtful(&self, node: &Node, path: &str) -> bool {
        let is_below = |below: &str, above: &str| {
            below.strip_prefix(above).is_some_and(|rest| above.is_empty() || rest.is_empty() || rest.starts_with("::"))
        };
        let about = |told: &&str| !told.is_empty() && (is_below(told, path) || is_below(path, told));
        node.written.is_some() && (self.all_doubtful || self.doubtful.iter().any(about))
    }

    /// A value on one line.
    fn flow(&self, node: &Node, path: &str, shown: &Shown<'_>) -> String {
        if let Some(written) = node.written.as_ref().filter(|_| self.is_doubtful(node, path)) {
            return scalar_text(&hide_urls(written));
        }
        match &node.value {
            Value::Null => "null".to_owned(),
            _ if matches!(shown, Shown::Secret) => HIDDEN.to_owned(),
            Value::List(list) => {
                let item = |(number, item): (usize, &Node)| {
                    self.flow(item, &join(path, &number.to_string()), &shown.below(""))
                };
                format!("[{}]", list.iter().enumerate().map(item).collect::<Vec<_>>().join(", "))
            }
            Value::Map(map) => {
                let member = |entry: &Entry| {
                    let value = self.flow(&entry.value, &join(path, &entry.key), &shown.below(&entry.key));
                    format!("{}: {value}", scalar_text(&entry.key))
                };
                format!("{{{}}}", map.entries().iter().map(member).collect::<Vec<_>>().join(", "))
            }
            _ if matches!(shown, Shown::Hidden) => HIDDEN.to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::String(value) => scalar_text(&hide_urls(value)),
        }
    }
}

/// Text as YAML takes it: bare where that can't be misread, else in quotes with JSON's escapes.
fn scalar_text(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_/.-".contains(letter);
    let begins = text.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    let word = matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false");
    if begins && !word && text.chars().all(plain) { text.to_owned() } else { quoted(text) }
}

/// JSON's escapes are YAML's, which Rust's are not.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if telemetry::is_unprintable(letter) => match u32::from(letter) {
                code @ 0..=0xffff => quoted.push_str(&format!("\\u{code:04x}")),
                code => quoted.push_str(&format!("\\U{code:08x}")),
            },
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(source: String) -> Node {
        confmap::load(&[source], &[], &|_| None).expect("the text is a configuration").root
    }

    #[test]
    fn what_is_printed_reads_as_the_same_configuration_without_secrets() {
        let source = "yaml:exporters:\n  awsemf:\n    proxy_address: http://u:p@h\n    tags: {a: 'true', b: \"x: y\", c: \"\\e[1m\\u202e\\U0001F600\"}\n    metric_declarations: [{dimensions: [[a, '1']], metric_name_selectors: ['a$']}]\n";
        let first = load(source.to_owned());
        let printed = yaml(&first, &Faults::new());
        assert!(!printed.contains("u:p") && !printed.contains('\u{1b}') && !printed.contains('\u{202e}'), "{printed}");
        let second = load(format!("yaml:{printed}"));
        assert_eq!(yaml(&second, &Faults::new()), printed);
        assert_eq!(second.at("exporters::awsemf::tags::a").and_then(Node::text), Some("true"));
        for path in
            ["exporters::awsemf::tags::c", "exporters::awsemf::metric_declarations::0::metric_name_selectors::0"]
        {
            assert_eq!(second.at(path).and_then(Node::text), first.at(path).and_then(Node::text), "{path}");
        }
    }

    #[test]
    fn values_are_hidden_by_their_type_at_any_depth() {
        let printed = yaml(&load(
            "yaml:\nreceivers:\n  awscontainerinsightreceiver: {external_id: S3CR3T, kubelet: {endpoint: 'https://u:S3CR3T@h/?t=S3CR3T', unknown: S3CR3T}}\n  otlp: {headers: {a: S3CR3T}, list: [S3CR3T, 1]}\nexporters:\n  awsemf: {endpoint: 'https://h?token=S3CR3T', pasword: S3CR3T, region: shown}\nextensions:\n  health_check: {response_headers: {a: S3CR3T}}\n  sigv4auth: {assume_role: {external_id: S3CR3T}}\nservice:\n  telemetry: {metrics: {readers: [{periodic: {exporter: {otlp: {headers: {a: S3CR3T}}}}}]}, traces: {a: S3CR3T}, logs: {level: debug}}\n  pipelines: {metrics: {receivers: [shown]}}\nnowhere: {a: S3CR3T}\nplain: S3CR3T\n".to_owned(),
        ), &Faults::new());
        assert!(!printed.contains("S3CR3T"), "{printed}");
        for shown in
            ["region: shown", "receivers: [shown]", "level: debug", "endpoint: \"https://[REDACTED]@h/?[REDACTED]\""]
        {
            assert!(printed.contains(shown), "{shown}: {printed}");
        }
    }
}
