//! The command line as a collector's user knows it.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Output, Stdio};

use support::project;

const BINARY: &str = env!("CARGO_BIN_EXE_container-insights");

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(project().join("examples")).stdin(Stdio::null());
    for name in ["AOT_CONFIG_CONTENT", "HOST_IP", "HOST_NAME", "K8S_NODE_NAME", "K8S_NAMESPACE"] {
        command.env_remove(name);
    }
    command
}

fn run(arguments: &[&str]) -> (i32, String, String) {
    told(command(arguments).output().expect("the agent can be run"))
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the agent writes UTF-8");
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// A configuration that is right but for what `yaml` lays over it.
fn faulty(yaml: &str) -> String {
    let (code, _, stderr) = run(&["validate", "--config=eks.yaml", &format!("--config=yaml:{yaml}")]);
    assert_eq!(code, 1, "{yaml}: {stderr}");
    stderr
}

#[test]
fn the_sample_is_valid_as_it_is() {
    let (code, stdout, stderr) = run(&["validate", "--config=eks.yaml"]);
    let pipeline = "metrics: awscontainerinsightreceiver → batch/metrics → awsemf";
    assert_eq!((code, stdout), (0, format!("eks.yaml is valid: {pipeline}\n")), "{stderr}");
    assert!(stderr.contains("exporters::logging") && stderr.contains("debug"), "{stderr}");
}

#[test]
fn every_example_is_valid() {
    let examples = fs::read_dir(project().join("examples")).expect("there are examples");
    let names =
        examples.map(|entry| entry.expect("the folder can be read").file_name().into_string().expect("names are text"));
    let configurations: Vec<_> = names.filter(|name| name.ends_with(".yaml") && !name.contains("daemonset")).collect();
    assert!(configurations.len() >= 2);
    for name in configurations {
        let (code, _, stderr) = run(&["validate", "--config", &name]);
        assert_eq!(code, 0, "{name}: {stderr}");
    }
}

#[test]
fn a_node_without_a_name_or_kubelet_names_all_that_would_help() {
    let (code, _, stderr) = run(&["--config=eks.yaml", "--set", "exporters.awsemf.output_destination=stdout"]);
    assert_eq!(code, 1);
    for name in ["HOST_IP", "host_ip", "kubelet::endpoint", "HOST_NAME", "K8S_NODE_NAME", "host_name"] {
        assert!(stderr.contains(name), "{name}: {stderr}");
    }
}

#[test]
fn every_fault_is_told_at_once_with_its_key_and_line() {
    let text = "receivers:\n  awscontainerinsightreceiver:\n    collection_intervall: 1m\n    container_orchestrator: nomad\nexporters:\n  awsemf:\n    version: 7\n    metric_declarations:\n      - dimensions: [[a]]\n        metric_name_selectors: ['(']\nservice:\n  pipelines:\n    metrics:\n      receivers: [awscontainerinsightreceiver]\n      exporters: [awsemf, nowhere]\n";
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("bad.yaml");
    fs::write(&file, text).expect("the file can be written");
    let (code, _, stderr) = run(&["validate", "--config", &file.display().to_string()]);
    assert_eq!(code, 1);
    for (key, line) in [
        ("receivers::awscontainerinsightreceiver::collection_intervall", 3),
        ("receivers::awscontainerinsightreceiver::container_orchestrator", 4),
        ("exporters::awsemf::version", 7),
        ("exporters::awsemf::metric_declarations::0::metric_name_selectors::0", 10),
        ("service::pipelines::metrics", 15),
    ] {
        let told = stderr.lines().any(|told| told.contains(key) && told.contains(&format!("bad.yaml:{line}")));
        assert!(told, "{key} at line {line}: {stderr}");
    }
}

/// What `validate` says of options laid over the sample, without any of the kubelet's variables.
fn kubelet_faults(receiver: &str) -> String {
    faulty(&format!("receivers::awscontainerinsightreceiver: {{{receiver}}}"))
}

#[test]
fn options_about_the_kubelet_that_can_not_work_are_told_by_their_keys_all_at_once() {
    let of = "receivers::awscontainerinsightreceiver::";
    let told = kubelet_faults("kubelet: {endpoint: 'ftp://10.0.0.1', cert_file: /a}");
    assert!(told.contains(&format!("{of}kubelet::endpoint: must begin with https:// or http://")), "{told}");
    assert!(told.contains(&format!("{of}kubelet::key_file: is missing beside cert_file")), "{told}");
    for (options, key, words) in [
        ("kubelet: {endpoint: 'https://10.0.0.1:0'}", "kubelet::endpoint", "no port"),
        ("kubelet: {endpoint: 'http://10.0.0.1:10255'}", "kubelet::endpoint", "never sent over http"),
        ("kubelet: {endpoint: '10.0.0.1:10250'}", "kubelet::endpoint", "must begin with"),
        ("kubelet: {auth_type: tls}", "kubelet::cert_file", "is missing"),
        ("kubelet: {auth_type: tls}", "kubelet::key_file", "is missing"),
        ("kubelet: {auth_type: kubeConfig}", "kube_config_path", "is missing"),
        ("host_ip: 'a b'", "host_ip", "is no address"),
    ] {
        let told = kubelet_faults(options);
        assert!(told.lines().any(|line| line.contains(&format!("{of}{key}: ")) && line.contains(words)), "{told}");
    }
    let told = kubelet_faults("fstype: nonsense, kubelet: {endpoint: x}");
    assert!(told.contains("fstype") && told.contains("kubelet::endpoint"), "one fault doesn't hide another: {told}");
}

#[test]
fn a_fault_of_the_kubelets_options_names_its_line() {
    let sample = fs::read_to_string(project().join("examples/eks.yaml")).expect("the example is there");
    let key = "  awscontainerinsightreceiver:\n";
    let text = sample.replacen(key, &format!("{key}    kubelet:\n      endpoint: http://10.0.0.1\n"), 1);
    let line = text.lines().position(|line| line.contains("http://10.0.0.1")).expect("it was put in") + 1;
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("bad.yaml");
    fs::write(&file, text).expect("the file can be written");
    let (code, _, stderr) = run(&["validate", "--config", &file.display().to_string()]);
    assert!(code == 1 && stderr.contains(&format!("bad.yaml:{line}")), "{line}: {stderr}");
}

#[test]
fn a_file_that_is_missing_is_a_fault_of_the_start_and_not_of_the_configuration() {
    let of = "--set=receivers.awscontainerinsightreceiver.kubelet";
    let sets = ["ca_file=/no/ca", "cert_file=/no/cert", "key_file=/no/key"].map(|file| format!("{of}.{file}"));
    let mut arguments = vec!["--config=eks.yaml", "--set=exporters.awsemf.output_destination=stdout"];
    arguments.push("--set=extensions.health_check.endpoint=localhost:0");
    arguments.extend(sets.iter().map(String::as_str));
    let (code, _, stderr) = run(&[&["validate"][..], &arguments].concat());
    assert_eq!(code, 0, "{stderr}");
    let started = command(&arguments).envs([("HOST_IP", "127.0.0.1"), ("HOST_NAME", "n")]).output();
    let (code, _, stderr) = told(started.expect("the agent can be run"));
    assert_eq!(code, 1);
    for words in ["kubelet::ca_file: read /no/ca: ", "kubelet::cert_file: read /no/cert", "kubelet::key_file: read"] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
}

#[test]
fn a_root_path_that_is_a_file_says_so() {
    let root = "--set=receivers.awscontainerinsightreceiver.root_path=/etc/passwd";
    let (code, _, stderr) = run(&["--config=host.yaml", root]);
    assert!(code == 1 && stderr.contains("/etc/passwd is no directory"), "{stderr}");
}

#[test]
fn references_and_pipelines_are_checked_in_the_collectors_words() {
    let pipeline = |rest: &str| format!("service::pipelines::metrics: {{{rest}}}");
    let cases = [
        ("receivers: [awscontainerinsightreceiver], exporters: []", "must have at least one exporter"),
        ("receivers: [], exporters: [awsemf]", "must have at least one receiver"),
        (
            "receivers: [awscontainerinsightreceiver, otlp], exporters: [awsemf]",
            "references receiver \"otlp\" which is not configured",
        ),
        (
            "receivers: [awscontainerinsightreceiver], processors: [batch/metrics, batch/metrics], exporters: [awsemf]",
            "references processor \"batch/metrics\" multiple times",
        ),
    ];
    for (rest, words) in cases {
        let stderr = faulty(&pipeline(rest));
        assert!(stderr.contains("service::pipelines::metrics: ") && stderr.contains(words), "{rest}: {stderr}");
    }
    assert!(faulty("service::extensions: [pprof]").contains("references extension \"pprof\" which is not configured"));
    let interval = "receivers::awscontainerinsightreceiver::collection_interval: 1ns";
    assert!(faulty(interval).contains("collection_interval: must be at least 100ms"));
    assert!(faulty("service::pipelines: null").contains("service must have at least one pipeline"));
    assert!(run(&["validate", "--config=yaml:"]).2.contains("empty configuration file"));
}

#[test]
fn an_unknown_component_is_ignored_until_something_uses_it() {
    let (code, _, stderr) = run(&["validate", "--config=eks.yaml", "--config=yaml:exporters::kafka: {brokers: [a]}"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("exporters::kafka") && stderr.contains("ignored"), "{stderr}");
    let used = "exporters::kafka: null\nservice::pipelines::metrics::exporters: [kafka]";
    let told = faulty(used);
    assert!(told.contains("the exporter kafka of the ADOT Collector is not in this agent yet; take "), "{told}");
    let unknown = "exporters::nowhere: null\nservice::pipelines::metrics::exporters: [nowhere]";
    assert!(faulty(unknown).contains("unknown type: \"nowhere\" for id: \"nowhere\""));
}

#[test]
fn old_and_new_names_are_one_component() {
    let renamed = "receivers: {awscontainerinsight: null}\nexporters: {logging: {loglevel: debug}}\nservice: {pipelines: {metrics: {receivers: [awscontainerinsight], exporters: [logging]}}}";
    let (code, _, stderr) = run(&["validate", &format!("--config=yaml:{renamed}")]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn sources_are_merged_and_single_options_laid_over_all() {
    let print = |rest: &[&str]| {
        let (code, stdout, stderr) = run(&[&["print-config", "--config=eks.yaml"][..], rest].concat());
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let printed = print(&["--set", "exporters.awsemf.namespace=b", "-config=yaml:exporters::awsemf::namespace: a"]);
    assert!(printed.contains("    namespace: b\n"), "{printed}");
    assert!(printed.contains("    timeout: \"60s\"\n"), "{printed}");
    let hidden = print(&["--set=exporters.awsemf.proxy_address=http://user:planted@proxy"]);
    assert!(!hidden.contains("planted") && hidden.contains("REDACTED"), "{hidden}");
    assert!(run(&["--config=eks.yaml", "--set", "nothing"]).2.contains("missing equal sign"));
}

#[test]
fn variables_are_expanded_and_dollars_escaped() {
    let yaml = "yaml:exporters::awsemf::profile: ${env:NAMED}-${UNSET:-d}-$$1";
    let output = command(&["print-config", "--config=eks.yaml", "--config", yaml]).env("NAMED", "value").output();
    let (code, stdout, stderr) = told(output.expect("the agent can be run"));
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("profile: \"value-d-$1\""), "{stdout}");
}

#[test]
fn a_configuration_in_the_environment_replaces_all_others_unless_it_is_empty() {
    let validate = |content: &str| {
        let output = command(&["validate", "--config=eks.yaml"]).env("AOT_CONFIG_CONTENT", content).output();
        told(output.expect("the agent can be run"))
    };
    assert!(validate("receivers: {}").2.contains("no receiver configuration specified in config"));
    assert_eq!(validate("").0, 0);
}

#[test]
fn help_version_and_the_lists_are_there() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, 0);
    for word in ["--config", "--set", "validate", "print-config", "AOT_CONFIG_CONTENT"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert_eq!(run(&["--version"]).1, format!("container-insights {}\n", env!("CARGO_PKG_VERSION")));
    assert!(run(&["components"]).1.contains("- name: awscontainerinsightreceiver"));
    assert_eq!(run(&["featuregate"]).0, 0);
    assert_ne!(run(&["--no-such-flag"]).0, 0);
}

#[test]
fn called_as_the_adot_collector_it_wants_a_configuration() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let link = folder.path().join("awscollector");
    symlink(BINARY, &link).expect("a link can be made");
    let (code, _, stderr) = told(Command::new(&link).env_remove("AOT_CONFIG_CONTENT").output().expect("it can be run"));
    assert_eq!(code, 1);
    assert!(stderr.contains("at least one config flag must be provided"), "{stderr}");
}

/// An agent on this machine by itself, with a health check at a free port.
struct Running {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Running {
    fn start() -> Self {
        let mut child = command(&[
            "--config=host.yaml",
            "--config=yaml:extensions::health_check::endpoint: localhost:0",
            "--set=service.extensions=[health_check]",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the agent can be run");
        let mut log = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let mut address = None;
        while address.is_none() {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).expect("the log is text"), 0, "the agent ended");
            address = line.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
        }
        Self { child, log, address: address.unwrap_or_default() }
    }

    fn ask(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the health check listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().expect("kill can be run").success());
    }
}

#[test]
fn events_go_to_stdout_and_the_log_to_stderr_until_a_signal_ends_it() {
    let mut agent = Running::start();
    let mut events = BufReader::new(agent.child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    events.read_line(&mut first).expect("events are text");
    let event: serde_json::Value = serde_json::from_str(&first).expect("an event is JSON");
    assert_eq!(event["Type"], "Node");
    assert!(event["node_cpu_usage_total"].as_f64().is_some_and(|usage| usage >= 0.0), "{first}");
    // A machine with many containers says more than a pipe holds.
    let reading = std::thread::spawn(move || {
        let mut rest = String::new();
        events.read_to_string(&mut rest).map(|_| rest)
    });

    let answer = agent.ask("/");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"status\":\"Server available\""),
        "{answer}"
    );
    agent.signal("-HUP");
    assert!(agent.ask("/").starts_with("HTTP/1.1 200"));
    agent.signal("-TERM");
    assert_eq!(agent.child.wait().expect("it ends").code(), Some(0));
    let rest = reading.join().expect("reading ends").expect("events are text");
    for line in rest.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("every line is an event");
    }
    let mut log = String::new();
    agent.log.read_to_string(&mut log).expect("the log is text");
    assert!(log.contains("log files opened anew") && log.contains("shutdown complete"), "{log}");
}

#[test]
fn a_node_whose_cluster_is_unknown_emits_nothing_and_says_once_what_to_set() {
    let sets =
        ["--set=exporters.awsemf.output_destination=stdout", "--set=extensions.health_check.endpoint=localhost:0"];
    let interval = "--set=receivers.awscontainerinsightreceiver.collection_interval=300ms";
    let mut child = command(&[&["--config=eks.yaml", interval][..], &sets].concat())
        .envs([("HOST_IP", "127.0.0.1"), ("HOST_NAME", "n")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the agent can be run");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill can be run").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let (_, stdout, stderr) = told(child.wait_with_output().expect("its output can be read"));
    assert_eq!(stdout, "");
    assert_eq!(stderr.lines().filter(|line| line.contains("cluster_name")).count(), 1, "{stderr}");
}

#[test]
fn a_reader_that_goes_away_ends_the_agent_with_a_word() {
    let mut agent = Running::start();
    drop(agent.child.stdout.take());
    assert_eq!(agent.child.wait().expect("it ends").code(), Some(141));
    let mut log = String::new();
    agent.log.read_to_string(&mut log).expect("the log is text");
    assert!(log.contains("the reader of standard output is gone") && !log.contains("ERROR"), "{log}");
}
