//! What `deploy/ecs` holds: a task that starts, sees what it reads, and may do what it does and no more.
//!
//! Follows "Amazon ECS task definition parameters for Amazon EC2" of the ECS developer guide.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws::access::{ACCESS, Needed};
use container_insights::configuration::{self, Configuration};
use platform::Environment;
use receivers::awscontainerinsight::config::Orchestrator;
use receivers::awscontainerinsight::resolve;
use serde_json::{Value, json};
use support::{paths_read, project};

/// What `config.yaml` has beyond the example.
const DIFFERENCES: [&str; 2] =
    ["extensions:\n  health_check:\n    endpoint: localhost:0\n\n", "\n  extensions: [health_check]\n"];

fn text(name: &str) -> String {
    let path = project().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn document(name: &str) -> Value {
    serde_json::from_str(&text(&format!("deploy/ecs/{name}"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The task's only container.
fn container() -> Value {
    let task = document("task-definition.json");
    assert_eq!(list(&task["containerDefinitions"]).len(), 1);
    task["containerDefinitions"][0].clone()
}

fn variable(name: &str) -> Option<String> {
    let container = container();
    let found = list(&container["environment"]).iter().find(|variable| variable["name"] == name)?;
    Some(filled(word(&found["value"])))
}

fn loaded() -> Configuration {
    let loaded = confmap::load(&["env:AOT_CONFIG_CONTENT".to_owned()], &[], &variable).expect("it loads");
    configuration::decode(loaded).expect("it is right")
}

#[test]
fn the_task_carries_the_configuration_of_the_folder_and_the_agent_takes_it() {
    let content = variable("AOT_CONFIG_CONTENT").expect("the task has a configuration");
    assert_eq!(content, text("deploy/ecs/config.yaml"), "the README says how to put it into the task");
    let validated = Command::new(env!("CARGO_BIN_EXE_container-insights"))
        .arg("validate")
        .env("AOT_CONFIG_CONTENT", content)
        .output()
        .expect("the agent can be run");
    assert!(validated.status.success(), "{}", String::from_utf8_lossy(&validated.stderr));
}

#[test]
fn the_configuration_is_the_examples_but_for_the_health_check() {
    let without_title = |text: String| text.split_once('\n').expect("it begins with a comment").1.to_owned();
    let mut ours = without_title(text("deploy/ecs/config.yaml"));
    for difference in DIFFERENCES {
        assert_eq!(ours.matches(difference).count(), 1, "{difference:?}");
        ours = ours.replacen(difference, "", 1);
    }
    assert_eq!(ours, without_title(text("examples/ecs-instance.yaml")));
}

#[test]
fn the_task_has_no_privilege_that_it_does_not_need() {
    let (task, container) = (document("task-definition.json"), container());
    assert_eq!(container["user"], "65532:65532");
    assert_eq!(container["privileged"], false);
    assert_eq!(container["readonlyRootFilesystem"], true);
    assert_eq!(container["linuxParameters"], json!({"capabilities": {"drop": ["ALL"]}}));
    assert_eq!(container["dockerSecurityOptions"], json!(["no-new-privileges"]));
    assert!(list(&container["mountPoints"]).iter().all(|mount| mount["readOnly"] == true));
    for absent in ["pidMode", "ipcMode", "executionRoleArn"] {
        assert!(task.get(absent).is_none(), "{absent}");
    }
    // The ECS agent may answer on the loopback alone, instance metadata one hop away alone.
    assert_eq!(task["networkMode"], "host");
    assert_eq!(task["requiresCompatibilities"], json!(["EC2"]));
    let amount = |key: &str| container[key].as_u64().unwrap_or_else(|| panic!("{key} is a number"));
    assert_eq!((amount("memoryReservation"), amount("memory")), (32, 64));
    assert!(amount("stopTimeout") >= 30, "the agent takes 25 s to drain and 2 s for its last words");
}

/// Where a path of the instance is in the container; the deepest mount wins.
fn inside(path: &str) -> Option<PathBuf> {
    let (task, container) = (document("task-definition.json"), container());
    let mounted = list(&container["mountPoints"]).iter().filter_map(|mount| {
        let volume = list(&task["volumes"]).iter().find(|volume| volume["name"] == mount["sourceVolume"]);
        let source = word(&volume.expect("every mount has a volume")["host"]["sourcePath"]).to_owned();
        let below = Path::new(path).strip_prefix(&source).ok()?;
        Some((source.len(), Path::new(word(&mount["containerPath"])).join(below)))
    });
    mounted.max().map(|(_, path)| path)
}

#[test]
fn what_the_receiver_reads_is_mounted_where_it_looks() {
    let configuration = loaded();
    let config = configuration.options::<receivers::awscontainerinsight::Config>().next();
    let config = config.expect("there is a receiver");
    assert_eq!(config.container_orchestrator, Orchestrator::Ecs);
    let is_directory = |path: &Path| {
        list(&container()["mountPoints"]).iter().any(|mount| Path::new(word(&mount["containerPath"])).starts_with(path))
    };
    let environment = Environment { variable: &variable, is_directory: &is_directory, read: &|_| None };
    let root = resolve(config, &environment).expect("nothing is missing").root;
    let mut paths = paths_read();
    for known in ["/proc/1/mountinfo", "/proc/meminfo", "/sys/fs/cgroup", "/sys/block"] {
        assert!(paths.contains(known), "{known} is not among {paths:?}");
    }
    // File systems are asked for their size where they are mounted, which may be anywhere.
    paths.extend(["/".to_owned(), "/var/lib/docker".to_owned(), "/data".to_owned()]);
    for path in paths {
        assert_eq!(inside(&path), Some(root.join(path.trim_start_matches('/'))), "{path}");
    }
}

/// A text of the folder with region and account filled in.
fn filled(text: &str) -> String {
    text.replace("${AWS_REGION}", "us-west-2").replace("${AWS_ACCOUNT_ID}", "111122223333")
}

/// Whether a pattern of a policy, with `*` for any text, fits.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|text| (0..=text.len()).any(|at| text.is_char_boundary(at) && fits(rest, &text[at..]))),
    }
}

#[test]
fn the_role_may_do_what_the_agent_does_with_this_configuration_and_no_more() {
    let policy = document("task-role-policy.json");
    let statements = list(&policy["Statement"]);
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
    let allowed: Vec<&str> = statements.iter().flat_map(|statement| list(&statement["Action"])).map(word).collect();
    let readme = text("deploy/ecs/README.md");
    let mut wanted = BTreeSet::new();
    for row in ACCESS {
        assert!(readme.contains(&format!("`{}`", row.action)), "the README says nothing of {}", row.action);
        match row.needed {
            Needed::Always | Needed::ToCreate | Needed::ForInstance => _ = wanted.insert(row.action),
            Needed::ForRetention | Needed::ForTags | Needed::ForRole => {}
        }
    }
    assert_eq!(allowed.len(), wanted.len());
    assert_eq!(allowed.into_iter().collect::<BTreeSet<_>>(), wanted);

    let configuration = loaded();
    let exporter = configuration.options::<exporters::awsemf::Config>().next();
    let exporter = exporter.expect("there is an exporter");
    assert!(exporter.role_arn.is_empty() && exporter.tags.is_empty());
    assert_eq!(exporter.log_retention, Default::default());
    let group = exporter.log_group_name.as_str().replace("{ClusterName}", "shop");
    let stream = exporter.log_stream_name.as_str().replace("{ContainerInstanceId}", "0a1b");
    let group = format!("arn:aws:logs:us-west-2:111122223333:log-group:{group}");
    for statement in statements {
        let resources: Vec<String> = list(&statement["Resource"]).iter().map(|pattern| filled(word(pattern))).collect();
        let covers = |arn: &str| resources.iter().any(|pattern| fits(pattern, arn));
        let is_logs = list(&statement["Action"]).iter().all(|action| word(action).starts_with("logs:"));
        if is_logs {
            assert!(covers(&group) && covers(&format!("{group}:log-stream:{stream}")), "{statement}");
            assert!(!covers("arn:aws:logs:us-west-2:111122223333:log-group:/other"), "{statement}");
            for elsewhere in [group.replace("us-west-2", "eu-west-1"), group.replace("111122223333", "999999999999")] {
                assert!(!covers(&elsewhere), "{statement}");
            }
        } else {
            // Neither of EC2's two actions can be narrowed to a resource.
            assert_eq!(statement["Resource"], "*");
        }
    }
    let trust = document("task-role-trust.json");
    assert_eq!(trust["Statement"][0]["Principal"], json!({"Service": "ecs-tasks.amazonaws.com"}));
    assert_eq!(trust["Statement"][0]["Action"], "sts:AssumeRole");
}

#[test]
fn what_is_to_be_filled_in_is_what_the_readme_names() {
    let readme = text("deploy/ecs/README.md");
    for name in ["task-definition.json", "task-role-policy.json", "task-role-trust.json"] {
        let text = text(&format!("deploy/ecs/{name}"));
        assert!(readme.contains(&format!("$(fill {name})")), "the README fills in {name}");
        for after in text.split("${").skip(1) {
            let placeholder = after.split('}').next().unwrap_or_default();
            assert!(["IMAGE", "AWS_REGION", "AWS_ACCOUNT_ID"].contains(&placeholder), "{name}: {placeholder}");
        }
    }
}

#[test]
fn the_image_has_the_configuration_where_task_definitions_name_it() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let binary = folder.path().join("agent");
    fs::write(&binary, "a binary").expect("written");
    let tar = folder.path().join("context.tar");
    let script = format!(
        "{}/deploy/context.sh amd64={} > {tar} && tar -xOf {tar} ./amd64/etc/ecs/otel-instance-metrics-config.yaml",
        project().display(),
        binary.display(),
        tar = tar.display()
    );
    let output = Command::new("bash").args(["-c", &script]).output().expect("bash can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), text("examples/ecs-instance.yaml"));
}
