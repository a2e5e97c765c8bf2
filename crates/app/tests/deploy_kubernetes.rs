//! What `deploy/kubernetes` holds, which is the rendered chart: pods without privileges that see what they read, and roles
//! that allow what the agent does and no more.
//!
//! That it is the rendered chart, and that an API server takes it, are tests with helm and a real Kubernetes in `beds/tests`.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use container_insights::configuration::{self, Configuration};
use kubernetes::access::ACCESS;
use platform::Environment;
use receivers::awscontainerinsight::resolve;
use serde_json::{Value, json};
use support::{paths_read, project};

/// One manifest for each role.
const ROLES: [&str; 2] = ["minimal", "sample"];

fn text(name: &str) -> String {
    let path = project().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The objects of a file, in its order.
fn objects(name: &str) -> Vec<Value> {
    let text = text(name);
    let documents = text.split("\n---\n").filter(|document| document.contains("kind:"));
    documents
        .map(|document| serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{name}: {error}")))
        .collect()
}

fn manifest(role: &str) -> Vec<Value> {
    objects(&format!("deploy/kubernetes/{role}.yaml"))
}

/// The only object of a kind.
fn only(objects: &[Value], kind: &str) -> Value {
    let mut found = objects.iter().filter(|object| object["kind"] == kind);
    let object = found.next().unwrap_or_else(|| panic!("there is no {kind}"));
    assert_eq!(found.next(), None, "more than one {kind}");
    object.clone()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn pod(role: &str) -> Value {
    only(&manifest(role), "DaemonSet")["spec"]["template"]["spec"].clone()
}

fn container(role: &str) -> Value {
    let pod = pod(role);
    assert_eq!(list(&pod["containers"]).len(), 1);
    assert_eq!(pod.get("initContainers"), None);
    pod["containers"][0].clone()
}

/// One thing a role allows: API group, resource, verb, and the only object's name.
type Right = (String, String, String, Option<String>);

/// What the rules of a role allow, each thing once.
fn rights(role: &Value) -> BTreeSet<Right> {
    let words = |value: &Value| list(value).iter().map(|value| word(value).to_owned()).collect::<Vec<_>>();
    let mut rights = BTreeSet::new();
    for rule in list(&role["rules"]) {
        let known = ["apiGroups", "resources", "verbs", "resourceNames"];
        let keys = rule.as_object().expect("a rule is a map").keys();
        keys.for_each(|key| assert!(known.contains(&key.as_str()), "{key} is not understood here"));
        let names = match rule.get("resourceNames") {
            Some(names) => words(names).into_iter().map(Some).collect(),
            None => vec![None],
        };
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                for verb in words(&rule["verbs"]) {
                    for name in &names {
                        let right = (group.clone(), resource.clone(), verb.clone(), name.clone());
                        assert!(rights.insert(right.clone()), "{right:?} twice");
                    }
                }
            }
        }
    }
    rights
}

/// The leader lock's name, as the sample's role has it.
fn lock_name() -> String {
    let names =
        rights(&only(&objects("examples/eks-daemonset.yaml"), "ClusterRole")).into_iter().filter_map(|right| right.3);
    names.collect::<BTreeSet<_>>().pop_first().expect("the sample's role names the lock")
}

#[test]
fn the_minimal_roles_are_the_table_of_requests_but_for_fallbacks() {
    let objects = manifest("minimal");
    let (mut cluster_wide, mut namespaced) = (BTreeSet::new(), BTreeSet::new());
    for access in ACCESS.iter().filter(|access| !access.fallback) {
        // The narrowest of those that are enough.
        let resource = access.resources[0].to_owned();
        let name = access.name.map(|name| if name == "<lock>" { lock_name() } else { panic!("whose name is {name}?") });
        let right = (access.group.to_owned(), resource, access.verb.to_owned(), name);
        let rights = if access.path.contains("<namespace>") { &mut namespaced } else { &mut cluster_wide };
        rights.insert(right);
    }
    assert!(cluster_wide.len() > 10 && namespaced.len() > 5);
    assert_eq!(rights(&only(&objects, "ClusterRole")), cluster_wide);
    assert_eq!(rights(&only(&objects, "Role")), namespaced);
}

#[test]
fn the_minimal_roles_give_nobody_the_kubelet_or_others_secrets() {
    let objects = manifest("minimal");
    for kind in ["ClusterRole", "Role"] {
        for (group, resource, verb, name) in rights(&only(&objects, kind)) {
            assert!(![&*group, &*resource, &*verb].contains(&"*"), "{resource}");
            assert!(!["nodes/proxy", "secrets", "nodes/metrics"].contains(&&*resource), "{resource}");
            let changes = !["get", "list", "watch"].contains(&&*verb);
            assert!(!changes || kind == "Role", "{verb} {resource} in the whole cluster");
            // Nobody can name what doesn't exist yet.
            assert!(!changes || verb == "create" || name.is_some(), "{verb} any of {resource}");
        }
    }
}

#[test]
fn the_samples_role_is_that_of_the_sample() {
    let (ours, theirs) = (manifest("sample"), objects("examples/eks-daemonset.yaml"));
    assert_eq!(rights(&only(&ours, "ClusterRole")), rights(&only(&theirs, "ClusterRole")));
    assert!(ours.iter().all(|object| object["kind"] != "Role" && object["kind"] != "RoleBinding"));
}

#[test]
fn the_roles_are_bound_to_the_account_of_the_pods_and_to_nobody_else() {
    for role in ROLES {
        let objects = manifest(role);
        let account = only(&objects, "ServiceAccount");
        assert_eq!(account["automountServiceAccountToken"], false, "whoever else uses it gets no token unasked");
        let pod = pod(role);
        assert_eq!(
            (&pod["serviceAccountName"], &pod["automountServiceAccountToken"]),
            (&account["metadata"]["name"], &json!(true))
        );
        let subject = json!({
            "kind": "ServiceAccount",
            "name": account["metadata"]["name"],
            "namespace": account["metadata"]["namespace"],
        });
        let bindings: Vec<&Value> =
            objects.iter().filter(|object| word(&object["kind"]).ends_with("Binding")).collect();
        assert_eq!(bindings.len(), if role == "minimal" { 2 } else { 1 });
        for binding in bindings {
            assert_eq!(binding["subjects"], json!([subject]));
            let kind = word(&binding["roleRef"]["kind"]);
            assert_eq!(binding["roleRef"]["name"], only(&objects, kind)["metadata"]["name"]);
            assert_eq!(binding["metadata"].get("namespace"), only(&objects, kind)["metadata"].get("namespace"));
        }
    }
}

#[test]
fn the_pods_have_no_privilege_that_they_do_not_need() {
    for role in ROLES {
        let (pod, container) = (pod(role), container(role));
        let secure = json!({
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        });
        assert_eq!(pod["securityContext"], secure);
        let secure = json!({
            "allowPrivilegeEscalation": false,
            "privileged": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        });
        assert_eq!(container["securityContext"], secure);
        for absent in ["hostNetwork", "hostPID", "hostIPC"] {
            assert_eq!(pod.get(absent), None, "{absent}");
        }
        assert!(list(&container["volumeMounts"]).iter().all(|mount| mount["readOnly"] == true));
        assert!(list(&container["ports"]).iter().all(|port| port.get("hostPort").is_none()));
        assert_eq!(pod["tolerations"], json!([{"operator": "Exists"}]), "every node has its numbers");
        let grace = pod["terminationGracePeriodSeconds"].as_u64().expect("it is a number");
        assert!(grace >= 30, "the agent takes 25 s to drain and 2 s for its last words");
    }
}

/// The configuration that the pods have, and the files it is in.
fn configuration(role: &str, folder: &Path) -> (Configuration, Vec<String>) {
    let objects = manifest(role);
    let (map, pod, container) = (only(&objects, "ConfigMap"), pod(role), container(role));
    let volume = list(&pod["volumes"]).iter().find(|volume| volume["configMap"]["name"] == map["metadata"]["name"]);
    let volume = volume.expect("the ConfigMap is a volume");
    let mount = list(&container["volumeMounts"]).iter().find(|mount| mount["name"] == volume["name"]);
    let mount = word(&mount.expect("the volume is mounted")["mountPath"]);
    let mut files = Vec::new();
    for argument in list(&container["args"]) {
        let path = word(argument).strip_prefix("--config=").expect("all arguments are configurations");
        let name = path.strip_prefix(mount).expect("it is of the ConfigMap").trim_start_matches('/');
        let file = folder.join(name);
        fs::write(&file, word(&map["data"][name])).expect("the file can be written");
        files.push(file.display().to_string());
    }
    assert_eq!(map["data"].as_object().expect("it is a map").len(), files.len(), "a file that nobody reads");
    let loaded = confmap::load(&files, &[], &|_| None).expect("it loads");
    (configuration::decode(loaded).expect("it is right"), files)
}

#[test]
fn the_pods_start_what_the_image_does_as_the_user_it_names() {
    let image = text("deploy/Containerfile");
    let instruction = |name: &str| image.lines().find_map(|line| line.strip_prefix(name)).expect("it is there").trim();
    let entrypoint: Value = serde_json::from_str(instruction("ENTRYPOINT")).expect("it is a list");
    for role in ROLES {
        assert_eq!(container(role)["command"], entrypoint);
        let secure = &pod(role)["securityContext"];
        assert_eq!(format!("{}:{}", secure["runAsUser"], secure["runAsGroup"]), instruction("USER"));
    }
}

#[test]
fn the_configuration_is_the_samples_and_the_probes_ask_where_it_listens() {
    let example = text("examples/eks.yaml");
    assert_eq!(text("deploy/helm/container-insights/files/config.yaml"), example);
    for role in ROLES {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (configuration, files) = configuration(role, folder.path());
        assert_eq!(fs::read_to_string(&files[0]).expect("it was written").trim_end(), example.trim_end());
        let mut validate = Command::new(env!("CARGO_BIN_EXE_container-insights"));
        validate.arg("validate").args(files.iter().flat_map(|file| ["--config", file]));
        let validated = validate.output().expect("the agent can be run");
        assert!(validated.status.success(), "{}", String::from_utf8_lossy(&validated.stderr));

        let health = configuration.options::<extensions::health_check::Config>().next();
        let health = health.expect("there is a health check");
        assert_eq!(health.endpoint.host, "", "a probe comes from outside the pod");
        let container = container(role);
        assert_eq!(container["ports"], json!([{"name": "health", "containerPort": health.endpoint.port}]));
        for (probe, path) in [("startupProbe", "/"), ("readinessProbe", "/ready"), ("livenessProbe", "/")] {
            assert_eq!(container[probe]["httpGet"], json!({"path": path, "port": "health"}));
        }
    }
}

#[test]
fn what_the_receiver_reads_is_mounted_where_it_looks() {
    for role in ROLES {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (configuration, _) = configuration(role, folder.path());
        let (pod, container) = (pod(role), container(role));
        let config = configuration.options::<receivers::awscontainerinsight::Config>().next();
        // What the downward API says of a node.
        let fields: BTreeMap<&str, &str> =
            [("status.hostIP", "10.0.0.7"), ("spec.nodeName", "node-1"), ("metadata.namespace", "shop")].into();
        let variable = |name: &str| {
            let found = list(&container["env"]).iter().find(|variable| variable["name"] == name)?;
            let field = word(&found["valueFrom"]["fieldRef"]["fieldPath"]);
            Some(fields.get(field).unwrap_or_else(|| panic!("{field}")).to_string())
        };
        let mounts = list(&container["volumeMounts"]);
        let is_directory = |path: &Path| mounts.iter().any(|mount| Path::new(word(&mount["mountPath"])) == path);
        let environment = Environment { variable: &variable, is_directory: &is_directory, read: &|_| None };
        let place = resolve(config.expect("there is a receiver"), &environment).expect("nothing is missing");
        assert_eq!((place.node_name.as_deref(), place.namespace.as_deref()), (Some("node-1"), Some("shop")));

        let inside = |path: &str| -> Option<PathBuf> {
            let mounted = mounts.iter().filter_map(|mount| {
                let volume = list(&pod["volumes"]).iter().find(|volume| volume["name"] == mount["name"])?;
                let source = volume["hostPath"]["path"].as_str()?;
                let below = Path::new(path).strip_prefix(source).ok()?;
                Some((source.len(), Path::new(word(&mount["mountPath"])).join(below)))
            });
            mounted.max().map(|(_, path)| path)
        };
        let mut paths = paths_read();
        assert!(paths.contains("/proc/1/mountinfo") && paths.contains("/sys/fs/cgroup"), "{paths:?}");
        // File systems are asked for their size where they are mounted, which may be anywhere.
        paths.extend(["/", "/var/log/pods", "/var/lib/containerd", "/data"].map(str::to_owned));
        for path in paths {
            assert_eq!(inside(&path), Some(place.root.join(path.trim_start_matches('/'))), "{path}");
        }
    }
}

#[test]
fn the_two_manifests_differ_in_their_rights_alone() {
    let others = |role: &str| -> Vec<Value> {
        let rights = ["ClusterRole", "Role", "RoleBinding"];
        manifest(role).into_iter().filter(|object| !rights.contains(&word(&object["kind"]))).collect()
    };
    assert_eq!(others("minimal"), others("sample"));
}

#[test]
fn the_readme_tells_what_every_right_is_for() {
    let readme = text("deploy/README.md");
    let objects = manifest("minimal");
    for kind in ["ClusterRole", "Role"] {
        for (_, resource, ..) in rights(&only(&objects, kind)) {
            assert!(readme.contains(&format!("`{resource}`")), "the README says nothing of {resource}");
        }
    }
}

#[test]
fn the_schema_knows_every_value_of_the_chart() {
    let values: Value =
        serde_saphyr::from_str(&text("deploy/helm/container-insights/values.yaml")).expect("it is YAML");
    let schema: Value =
        serde_json::from_str(&text("deploy/helm/container-insights/values.schema.json")).expect("it is JSON");
    for name in values.as_object().expect("values are a map").keys() {
        assert!(schema["properties"].get(name).is_some(), "the schema would refuse {name}");
    }
}
