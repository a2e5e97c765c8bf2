use std::sync::Arc;

use proptest::prelude::*;

use super::{Found, find};
use crate::fault::Faults;
use crate::load::read;
use crate::node::Node;

const MANIFEST: &str = "apiVersion: v1
kind: Namespace
metadata: {name: n}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: conf
data:
  other: x
  agent.yaml: |
    receivers:
      awscontainerinsightreceiver:

    exporters: {awsemf: {namespac: x}}
    service: {pipelines: {}}
---
kind: DaemonSet
apiVersion: apps/v1
";

/// What is read of a file: the tree or nothing, the faults and the warnings, one a line.
fn load(text: &str) -> (Node, String, String) {
    let folder = tempfile::tempdir().expect("a scratch directory");
    let path = folder.path().join("f.yaml");
    std::fs::write(&path, text).expect("written");
    let path = path.display().to_string();
    let reading = read(std::slice::from_ref(&path), &[], &|_| None);
    let warnings: Vec<String> = reading.faults.warnings().0.iter().map(ToString::to_string).collect();
    let (faults, warnings) = (reading.faults.to_string(), warnings.join("\n"));
    (reading.root, faults.replace(&path, "f.yaml"), warnings.replace(&path, "f.yaml"))
}

fn line(root: &Node, path: &str) -> u32 {
    root.at(path).unwrap_or_else(|| panic!("{path} is there")).location.line
}

#[test]
fn a_manifests_configuration_is_read_with_the_manifests_own_lines() {
    let (root, faults, warnings) = load(MANIFEST);
    assert_eq!(faults, "");
    let words = "f.yaml is a Kubernetes manifest: its configuration is ConfigMap conf, key agent.yaml (f.yaml:11)";
    assert_eq!(warnings, words);
    assert_eq!(line(&root, "exporters::awsemf::namespac"), 15);
    assert_eq!(root.at("exporters::awsemf::namespac").map(|node| node.location.column), Some(36));
}

#[test]
fn a_configuration_may_be_a_map_or_a_text_of_any_form() {
    let collector = "apiVersion: opentelemetry.io/v1beta1\nkind: OpenTelemetryCollector\nmetadata: {name: c}\nspec:\n  config:\n    receivers: {a: }\n    service:\n      pipelines: {}\n";
    let (root, faults, warnings) = load(collector);
    assert_eq!((faults.as_str(), line(&root, "receivers::a")), ("", 6));
    assert!(warnings.contains("OpenTelemetryCollector c, key spec.config"), "{warnings}");
    let values = "mode: daemonset\nconfig:\n  receivers: {a: }\n  service: {pipelines: {}}\n";
    assert!(load(values).2.contains("f.yaml: its configuration is its key config"));
    let task = r#"{"family": "x", "containerDefinitions": [{"name": "c", "environment": [{"name": "AOT_CONFIG_CONTENT", "value": "receivers:\n  a:\nservice:\n  pipelines: {}\n"}]}]}"#;
    let (root, faults, warnings) = load(task);
    assert_eq!((faults.as_str(), line(&root, "receivers::a")), ("", 2));
    assert!(warnings.contains("is a task definition of Amazon ECS"), "{warnings}");
}

#[test]
fn a_file_of_another_kind_says_what_it_is() {
    let (_, faults, _) = load("apiVersion: v1\nkind: Service\n");
    assert_eq!(faults, "f.yaml is a Kubernetes manifest without a configuration of a collector (f.yaml:1)");
    let agent = r#"{"agent": {"region": "r"}, "logs": {"metrics_collected": {"kubernetes": {"cluster_name": "c"}}}}"#;
    let (_, faults, _) = load(agent);
    assert!(
        faults.starts_with(
            "f.yaml is a configuration of the CloudWatch agent, which is not translated in this agent yet"
        ),
        "{faults}"
    );
    let twice = format!("{MANIFEST}---\n{MANIFEST}");
    let (_, faults, _) = load(&twice);
    assert!(faults.contains("holds 2 configurations: ConfigMap conf, key agent.yaml (line 11), "), "{faults}");
}

#[test]
fn a_configuration_with_one_section_at_its_root_is_a_plain_one() {
    for text in [
        "receivers: {}\nkind: x\napiVersion: y\n",
        "{service: {pipelines: {}}, receivers: {}}",
        "recievers: {a: }\n",
        "a: 1\n",
    ] {
        let mut faults = Faults::new();
        assert!(matches!(find(text, &Arc::from("f"), &mut faults), Found::Nothing), "{text}");
        assert_eq!((faults.len(), faults.warnings().0.len()), (0, 0));
    }
}

proptest! {
    #[test]
    fn any_text_is_survived(text in ".{0,200}", indent in 0usize..6, body in "[ a-z:|\\-\n\t#'\"äß{}]{0,120}") {
        let lines: String = body.lines().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect();
        let manifest = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  k: |\n{lines}    service:\n    receivers:\n{text}\n");
        for text in [text, manifest] {
            let mut faults = Faults::new();
            if let Found::Text(inner) = find(&text, &Arc::from("f"), &mut faults) {
                prop_assert!(inner.lines().count() <= text.lines().count());
            }
        }
    }
}
