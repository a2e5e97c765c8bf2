//! Files that hold a configuration somewhere inside: Kubernetes manifests, charts' values, task definitions.
//!
//! A text whose root has none of the collector's sections is looked through for one part that has them: a text, such as a
//! ConfigMap's, or a map, such as an OpenTelemetryCollector's. Its lines stay the file's wherever that can be done.

use std::sync::Arc;

use crate::fault::{Fault, Faults};
use crate::node::{Location, Node, Value};
use crate::yaml;

/// The collector's sections that a configuration begins with.
const SECTIONS: [&str; 6] = ["receivers", "processors", "exporters", "extensions", "connectors", "service"];
/// The sections of the CloudWatch agent's own configuration.
const AGENT_SECTIONS: [&str; 5] = ["agent", "metrics", "logs", "traces", "csm"];

/// What a source is.
pub(crate) enum Found {
    /// No file of another kind.
    Nothing,
    /// The configuration, each of its lines on the file's own line.
    Text(String),
    /// The configuration, whose lines are its own, and a name for it.
    Inner(Arc<str>, Arc<str>),
    /// The configuration as a part of the file.
    Tree(Node),
    /// A file of another kind without a configuration to take; the fault has been added.
    Fault,
}

/// Finds the configuration in a file of another kind; what was taken is told as a warning.
pub(crate) fn find(text: &str, name: &Arc<str>, faults: &mut Faults) -> Found {
    if text.lines().any(begins_section) {
        return Found::Nothing;
    }
    let documents = yaml::documents(text, name);
    let is_plain = |node: &Node| SECTIONS.iter().any(|section| node.get(section).is_some());
    if documents.first().is_none_or(is_plain) {
        return Found::Nothing;
    }
    let mut parts = Vec::new();
    for document in &documents {
        let of = Document::of(document);
        collect(document, &mut Vec::new(), &mut |path, node| parts.push((of.describe(path), node.clone())));
    }
    let kind = kind(&documents);
    let fault = |message: String, faults: &mut Faults| {
        let location = documents.first().map(|document| document.location.hidden());
        faults.push(Fault { path: String::new(), location, message });
        Found::Fault
    };
    match (parts.len(), kind) {
        (1, kind) => {
            let (place, node) = parts.remove(0);
            let kind = kind.map_or_else(String::new, |kind| format!(" is {kind}"));
            let message = format!("{name}{kind}: its configuration is {place}");
            faults.push_warning(Fault { path: String::new(), location: Some(node.location.clone()), message });
            take(node, text, name, &place)
        }
        (0, None) => Found::Nothing,
        (0, Some(AGENT)) => fault(
            format!(
                "{name} is {AGENT}, which is not translated in this agent yet; the agent's own translation runs, \
                 unless it needs more than Container Insights: /opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.yaml"
            ),
            faults,
        ),
        (0, Some(VALUES)) => fault(
            format!(
                "{name} is {VALUES} without a configuration in them; `helm template` writes the one that the chart makes"
            ),
            faults,
        ),
        (0, Some(kind)) => fault(format!("{name} is {kind} without a configuration of a collector"), faults),
        (count, _) => {
            let shown = parts.iter().take(10).map(|(place, node)| format!("{place} (line {})", node.location.line));
            let places: Vec<String> = shown.collect();
            let message = format!(
                "{name} holds {count} configurations: {}; write the one to run to a file of its own",
                places.join(", ")
            );
            fault(message, faults)
        }
    }
}

const AGENT: &str = "a configuration of the CloudWatch agent";
const VALUES: &str = "the values of a Helm chart";
/// Keys that charts' values have by convention; two of them tell.
const OF_VALUES: [&str; 10] = [
    "image",
    "imagePullSecrets",
    "nameOverride",
    "fullnameOverride",
    "serviceAccount",
    "podAnnotations",
    "resources",
    "nodeSelector",
    "tolerations",
    "affinity",
];

/// What kind of file it is, with its article, where that is known.
fn kind(documents: &[Node]) -> Option<&'static str> {
    let any = |keys: &[&str]| documents.iter().any(|document| keys.iter().all(|key| document.get(key).is_some()));
    let of_agent = |node: &Node| {
        let entries = node.entries();
        let known = |key: &str| AGENT_SECTIONS.contains(&key);
        !entries.is_empty()
            && entries.iter().all(|entry| known(&entry.key))
            && entries.iter().any(|e| e.value.as_map().is_some())
    };
    if any(&["apiVersion", "kind"]) {
        Some("a Kubernetes manifest")
    } else if any(&["containerDefinitions"]) || any(&["taskDefinition"]) {
        Some("a task definition of Amazon ECS")
    } else if any(&["Resources"]) {
        Some("a CloudFormation template")
    } else if documents.iter().any(of_agent) {
        Some(AGENT)
    } else if documents.iter().any(|node| OF_VALUES.iter().filter(|key| node.get(key).is_some()).count() > 1) {
        Some(VALUES)
    } else {
        None
    }
}

/// What is said of a document: its kind and its name.
struct Document {
    kind: String,
    name: String,
}

impl Document {
    fn of(node: &Node) -> Self {
        let text = |path: &str| node.at(path).and_then(Node::text).unwrap_or_default().to_owned();
        Self { kind: text("kind"), name: text("metadata::name") }
    }

    fn describe(&self, path: &[String]) -> String {
        match (self.kind.as_str(), path) {
            ("ConfigMap" | "Secret", [_, key]) => format!("{} {}, key {key}", self.kind, self.name),
            ("", path) => format!("its key {}", path.join(".")),
            (kind, path) => format!("{kind} {}, key {}", self.name, path.join(".")),
        }
    }
}

/// Calls `found` for each part below a node that is a configuration.
fn collect(node: &Node, path: &mut Vec<String>, found: &mut dyn FnMut(&[String], &Node)) {
    match &node.value {
        Value::String(text) if is_configuration(text) => found(path, node),
        Value::Map(map) if has_pipelines(node) && !path.is_empty() => {
            let _ = map;
            found(path, node);
        }
        Value::Map(map) => {
            for entry in map.entries() {
                path.push(entry.key.clone());
                collect(&entry.value, path, found);
                path.pop();
            }
        }
        Value::List(items) => {
            for (number, item) in items.iter().enumerate() {
                path.push(number.to_string());
                collect(item, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn has_pipelines(node: &Node) -> bool {
    node.at("service::pipelines").is_some() && (node.get("receivers").is_some() || node.get("exporters").is_some())
}

/// Whether a text is a configuration; its YAML may have faults.
fn is_configuration(text: &str) -> bool {
    let begins = |section: &str| text.lines().any(|line| begins(line, section));
    begins("service") && (begins("receivers") || begins("exporters"))
}

fn begins_section(line: &str) -> bool {
    SECTIONS.iter().any(|section| begins(line, section))
}

fn begins(line: &str, section: &str) -> bool {
    line.strip_prefix(section).is_some_and(|rest| rest.starts_with(':'))
}

fn take(node: Node, text: &str, name: &Arc<str>, place: &str) -> Found {
    let Value::String(inner) = &node.value else { return Found::Tree(node) };
    match on_its_lines(inner, text, &node.location) {
        Some(text) => Found::Text(text),
        None => Found::Inner(Arc::from(format!("{name}, {place}")), Arc::from(inner.as_str())),
    }
}

/// A block of text that stands below its key, with empty lines for all that is before it in the file.
fn on_its_lines(inner: &str, text: &str, key: &Location) -> Option<String> {
    let before = usize::try_from(key.line).ok()?;
    let raw: Vec<&str> = text.lines().skip(before).take(inner.lines().count()).collect();
    let indent = raw.iter().find(|line| !line.trim().is_empty()).map(|line| line.len() - line.trim_start().len())?;
    let same = raw.len() == inner.lines().count()
        && raw.iter().zip(inner.lines()).all(|(raw, line)| {
            raw.get(indent..).map_or_else(|| line.trim().is_empty(), |raw| raw.trim_end() == line.trim_end())
        });
    let apart = inner.lines().any(|line| line.starts_with("---") || line.starts_with("..."));
    (same && indent > 0 && !apart).then(|| format!("{}{}\n", "\n".repeat(before), raw.join("\n")))
}

#[cfg(test)]
mod tests;
