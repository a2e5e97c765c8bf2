//! The measured figures of memory stand in `deploy/memory.json`: every place that names one says the same, and limits keep their
//! distance.

mod support;

use std::fs;

use serde_json::Value;
use support::project;

fn text(name: &str) -> String {
    let path = project().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A measured figure, in MiB.
fn figure(key: &str) -> u64 {
    let figures: Value = serde_json::from_str(&text("deploy/memory.json")).expect("it is JSON");
    figures[key].as_u64().unwrap_or_else(|| panic!("{key} is a number"))
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).expect("it is YAML")
}

/// A quantity such as `128Mi`, in MiB.
fn mebibytes(quantity: &Value) -> u64 {
    let number = quantity.as_str().and_then(|text| text.strip_suffix("Mi"));
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{quantity} is in Mi"))
}

#[test]
fn limits_keep_their_distance_from_the_measured_worst() {
    let resources = &yaml("deploy/helm/container-insights/values.yaml")["resources"];
    assert!(mebibytes(&resources["limits"]["memory"]) >= 2 * figure("kubernetes_worst_mib"), "{resources}");
    assert!(mebibytes(&resources["requests"]["memory"]) >= 2 * figure("node_mib"), "{resources}");
    let task: Value = serde_json::from_str(&text("deploy/ecs/task-definition.json")).expect("it is JSON");
    let memory = task["containerDefinitions"][0]["memory"].as_u64().expect("it is a number");
    assert!(2 * memory >= 3 * figure("ecs_worst_mib"), "{memory}");
}

#[test]
fn every_place_says_the_same_figures() {
    // Lines end anywhere.
    let words = |name: &str| text(name).replace("\n# ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let resources = &yaml("deploy/helm/container-insights/values.yaml")["resources"];
    let limit = mebibytes(&resources["limits"]["memory"]);
    let (node, worst, ecs) = (figure("node_mib"), figure("kubernetes_worst_mib"), figure("ecs_worst_mib"));
    for (name, sentence) in [
        ("README.md", format!("one pod in ten replaced at every tick | {node} MiB |")),
        ("README.md", format!("110 pods of 1.5 MB each, CloudWatch down, the agent leads | {worst} MiB |")),
        ("deploy/README.md", format!("{node} MiB were measured on a node with 110 pods")),
        ("deploy/README.md", format!("At its worst it took {worst} MiB: 110 pods of 1.5 MB each")),
        ("deploy/README.md", format!("The limit is {limit} MiB")),
        ("deploy/helm/container-insights/values.yaml", format!("{node} MiB on a node with 110 pods")),
        (
            "deploy/helm/container-insights/values.yaml",
            format!("{worst} MiB at the worst, with 110 pods of 1.5 MB each"),
        ),
        ("deploy/ecs/README.md", format!("{ecs} MiB were measured at the worst")),
    ] {
        assert!(words(name).contains(&sentence), "{name} does not say {sentence:?}");
    }
}
