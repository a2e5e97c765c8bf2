//! Every example configuration is one that the agent takes.

use std::fs;
use std::path::{Path, PathBuf};

use container_insights::configuration;

const MANIFEST: &str = "eks-daemonset.yaml";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).expect("the example is there")
}

/// The text of the manifest's ConfigMap: a block scalar, four blanks deep, up to the next document.
fn text_of_the_config_map(manifest: &str) -> String {
    let (_, behind) = manifest.split_once("otel-agent-config: |\n").expect("the manifest has the ConfigMap");
    let (block, _) = behind.split_once("\n---\n").expect("the DaemonSet follows");
    let text: String = block.lines().map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
    format!("{}\n", text.trim_end())
}

#[test]
fn every_example_is_valid() {
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder()).expect("there are examples") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "yaml") || name == MANIFEST {
            continue;
        }
        let sources = [path.display().to_string()];
        let decoded = confmap::load(&sources, &[], &|_| None).and_then(configuration::decode);
        assert!(decoded.is_ok(), "{name}: {}", decoded.err().unwrap_or_default());
        seen.push(name);
    }
    assert!(seen.contains(&"eks.yaml".to_owned()) && seen.contains(&"host.yaml".to_owned()), "{seen:?}");
}

#[test]
fn the_eks_example_is_the_text_of_the_manifests_config_map() {
    assert_eq!(text_of_the_config_map(&read(MANIFEST)), read("eks.yaml"));
}
