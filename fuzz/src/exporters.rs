//! Placeholders in names, and attributes that are JSON.

use exporters::awsemf::template::{Role, Template};
use model::Attributes;

use crate::{Seed, Target, on_text};

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "placeholders",
        run: placeholders,
        seeds: &[Seed::Text("/aws/containerinsights/{ClusterName}/performance"), Seed::Text("a}{NodeName}{TaskId}:*é")],
    },
    Target {
        name: "nested_json",
        run: nested_json,
        seeds: &[Seed::Text("{\n \"a\": [1, -2.5e3, \"\\ud83d\\ude00\", null]}"), Seed::Text("1e999")],
    },
];

/// A template keeps its text, and what it is resolved to is allowed.
fn placeholders(data: &[u8]) {
    on_text(data, |text| {
        let Ok(template) = Template::parse(text) else { return };
        assert_eq!(template.as_str(), text);
        let mut attributes = Attributes::new();
        attributes.insert("ClusterName", text);
        let mut group = String::new();
        template.resolve(Role::Group, &attributes, &Attributes::new(), &mut group);
        assert!(group.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.#".contains(c)), "{group}");
        assert!(group.len() <= 512);
        let mut stream = String::new();
        template.resolve(Role::Stream, &Attributes::new(), &attributes, &mut stream);
        assert!(!stream.contains([':', '*']), "{stream}");
    });
}

fn nested_json(data: &[u8]) {
    on_text(data, exporters::awsemf::fuzz_nested);
}
