//! What a newcomer types works, or the error says what to do.

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use support::project;

const BINARY: &str = env!("CARGO_BIN_EXE_container-insights");

/// A configuration that is right, to which the tests add what isn't.
const RIGHT: &str = "receivers:\n  awscontainerinsightreceiver:\nprocessors:\n  batch:\nexporters:\n  awsemf:\n    resource_to_telemetry_conversion:\n      enabled: true\nservice:\n  pipelines:\n    metrics:\n      receivers: [awscontainerinsightreceiver]\n      processors: [batch]\n      exporters: [awsemf]\n";

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn run_with(arguments: &[&str], variables: &[(&str, &str)], input: &str) -> Said {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(project().join("examples")).stdin(Stdio::piped());
    for name in ["AOT_CONFIG_CONTENT", "HOST_IP", "HOST_NAME", "K8S_NODE_NAME", "KUBERNETES_SERVICE_HOST"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the agent can be run");
    // It need not read it all.
    let _ = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the agent writes UTF-8");
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

fn run(arguments: &[&str]) -> Said {
    run_with(arguments, &[], "")
}

/// What `validate` says of a text.
fn validate(text: &str) -> Said {
    let said = run_with(&["validate", "-"], &[], text);
    Said { err: said.err.replace("standard input", "f.yaml"), ..said }
}

#[track_caller]
fn refused(text: &str, words: &[&str]) -> String {
    let said = validate(text);
    assert_eq!(said.code, 1, "{}", said.err);
    for words in words {
        assert!(said.err.contains(words), "{words}\n--- in\n{}", said.err);
    }
    said.err
}

#[track_caller]
fn taken(text: &str, words: &[&str]) -> String {
    let said = validate(text);
    assert_eq!(said.code, 0, "{}", said.err);
    for words in words {
        assert!(said.err.contains(words), "{words}\n--- in\n{}", said.err);
    }
    said.err
}

fn configuration(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configurations").join(name);
    fs::read_to_string(path).expect("the configuration is there")
}

#[test]
fn configurations_of_the_adot_collector_and_the_cloudwatch_agent_are_taken_with_one_warning_a_component() {
    let warnings = |name: &str, expected: &[&str]| {
        let told = taken(&configuration(name), expected);
        assert_eq!(told.matches("Warning: ").count(), expected.len(), "{told}");
    };
    warnings("adot-chart.yaml", &["extensions::sigv4auth: is not started"]);
    warnings("memory-limiter.yaml", &["processors::memory_limiter: passes data through and limits nothing yet"]);
    warnings("zpages-pprof.yaml", &["extensions::zpages: serves no page yet", "extensions::pprof: serves no profile"]);
    warnings("cloudwatch-agent-2023.yaml", &[]);
    let later = ["middleware: has no effect", "extensions::agenthealth/logs: sends no usage data"];
    warnings("cloudwatch-agent-2024.yaml", &later);
}

#[test]
fn levels_are_words_in_any_case() {
    taken(&configuration("levels-in-capitals.yaml"), &[]);
    for set in [
        "logs.level=INFO",
        "logs.level=Debug",
        "logs.level=warning",
        "logs.level=Fatal",
        "logs.encoding=JSON",
        "metrics.level=None",
        "metrics.level=Detailed",
        "metrics.level=BASIC",
        "metrics.address=",
    ] {
        let said = run(&["validate", "--config=host.yaml", &format!("--set=service.telemetry.{set}")]);
        assert_eq!(said.code, 0, "{set}: {}", said.err);
    }
    let said = run(&["validate", "--config=host.yaml", "--config=yaml:exporters: {logging: {loglevel: DEBUG}}"]);
    assert_eq!(said.code, 0, "{}", said.err);
}

#[test]
fn a_region_that_start_would_refuse_is_refused_with_its_line() {
    let told = refused(&configuration("regions.yaml"), &["2 faults in f.yaml"]);
    for (key, line) in [
        ("receivers::awscontainerinsightreceiver::region: \"us east 1\"", 1),
        ("exporters::awsemf::region: \"$AWS_REGION\"", 2),
    ] {
        assert!(told.lines().any(|said| said.contains(key) && said.ends_with(&format!("(f.yaml:{line})"))), "{told}");
    }
}

#[test]
fn a_memory_limiter_lets_every_event_pass() {
    let limited = "yaml:processors::memory_limiter: {check_interval: 1s, limit_mib: 1}";
    let mut child = Command::new(BINARY)
        .args([
            "--config=host.yaml",
            "--config",
            limited,
            "--set=service.pipelines.metrics.processors=[memory_limiter]",
        ])
        .args(["--set=service.extensions=[]", "--set=service.telemetry.metrics.level=none"])
        .current_dir(project().join("examples"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the agent can be run");
    let mut line = String::new();
    let out = child.stdout.take().expect("stdout is piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("events are text");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(line.starts_with('{'), "{line}");
}

#[test]
fn components_of_other_collectors_are_named_with_the_edit_that_makes_the_file_run() {
    let text = RIGHT
        .replace("  batch:\n", "  batch:\n  resourcedetection:\n    detectors: [eks]\n")
        .replace("processors: [batch]", "processors: [resourcedetection, batch]");
    let told = refused(
        &text,
        &[
            "processors::resourcedetection: the processor resourcedetection of the ADOT Collector is not in this agent yet; \
           take it out of service::pipelines::metrics::processors (line 15) (f.yaml:5)",
        ],
    );
    assert!(told.ends_with("1 fault in f.yaml\n"), "{told}");
    taken(&text.replace("[resourcedetection, batch]", "[batch]"), &["nothing uses it, so it is ignored"]);

    let text = RIGHT
        .replace("  awscontainerinsightreceiver:\n", "  awscontainerinsightreceiver:\n  otlp:\n  telegraf_cpu:\n")
        .replace("    metrics:\n", "    metrics/otlp:\n      receivers: [otlp]\n      exporters: [awsemf]\n    traces:\n      receivers: [otlp]\n      exporters: [awsxray]\n    metrics:\n")
        .replace("receivers: [awscontainerinsightreceiver]", "receivers: [awscontainerinsightreceiver, telegraf_cpu]");
    let told = refused(
        &text,
        &[
            "the receiver otlp of the ADOT Collector is not in this agent yet; take out service::pipelines::metrics/otlp (line 13) (f.yaml:3)",
            "the receiver telegraf_cpu of the CloudWatch agent is not in this agent yet; take it out of \
             service::pipelines::metrics::receivers (line 20) (f.yaml:4)",
            "pipelines for traces are not in this agent yet; take out service::pipelines::traces (line 16) (f.yaml:16)",
            "3 faults in f.yaml",
        ],
    );
    assert!(!told.contains("awsxray"), "what goes with its pipeline needs no word: {told}");
    refused(
        &RIGHT.replace("service:\n", "extensions:\n  ecs_observer:\nservice:\n  extensions: [ecs_observer]\n"),
        &["take it out of service::extensions (line 12)"],
    );
}

#[test]
fn connectors_are_read_over_until_a_pipeline_uses_one() {
    taken(&format!("connectors: {{}}\n{RIGHT}"), &[]);
    let unused = format!("connectors: {{forward: }}\n{RIGHT}");
    assert_eq!(taken(&unused, &[]), "");
    refused(
        &unused.replace("exporters: [awsemf]", "exporters: [awsemf, forward]"),
        &["service::pipelines::metrics: the connector forward is not in this agent yet"],
    );
}

#[test]
fn warnings_are_told_beside_faults_with_the_name_that_was_meant() {
    let text = RIGHT.replacen("awscontainerinsightreceiver:", "awscontainerinsightsreceiver:", 1);
    let told = refused(
        &text,
        &[
            "Warning: receivers::awscontainerinsightsreceiver: unknown type: \"awscontainerinsightsreceiver\"",
            "did you mean \"awscontainerinsightreceiver\"?",
            "references receiver \"awscontainerinsightreceiver\" which is not configured; did you mean \
             \"awscontainerinsightsreceiver\"?",
            "1 fault and 1 warning in f.yaml",
        ],
    );
    assert!(told.find("Warning:") < told.find("Error:"), "by line: {told}");
}

#[test]
fn a_fault_of_the_telemetry_hides_no_other() {
    let text = RIGHT
        .replace("processors: [batch]", "processors: [batch, filter]")
        .replace("  batch:\n", "  batch:\n  filter:\n")
        + "  telemetry:\n    metrics:\n      level: x\n";
    refused(
        &text.replace("exporters: [awsemf]", "exporters: [awsemf, nowhere]"),
        &[
            "service::telemetry::metrics::level: expected one of",
            "the processor filter of the ADOT Collector",
            "references exporter \"nowhere\" which is not configured",
            "3 faults in f.yaml",
        ],
    );
}

#[test]
fn faults_come_by_line_with_the_line_and_a_caret() {
    let text = "exporters:\n  awsemf:\n    version: 7\nreceivers:\n  awscontainerinsightreceiver:\n    collection_intervall: 1m\nservice:\n  pipelines:\n    metrics: {receivers: [awscontainerinsightreceiver], exporters: [awsemf, größe]}\n";
    let told = refused(text, &["3 faults in f.yaml"]);
    let lines: Vec<u32> =
        told.lines().filter_map(|line| line.split_once("(f.yaml:")?.1.strip_suffix(')')?.parse().ok()).collect();
    assert_eq!(lines, [3, 6, 9], "{told}");
    assert_eq!(told.matches("Error: ").count(), 3, "{told}");
    for (line, carets) in [
        ("  3 |     version: 7", "    |              ^"),
        ("  6 |     collection_intervall: …", "    |     ^^^^^^^^^^^^^^^^^^^^"),
        ("  9 | … größe …", "    |   ^^^^^"),
    ] {
        assert!(told.contains(&format!("{line}\n{carets}\n")), "{line}\n{told}");
    }
}

#[test]
fn a_list_where_a_map_belongs_has_its_line() {
    let text =
        RIGHT.replace("receivers:\n  awscontainerinsightreceiver:", "receivers:\n  - awscontainerinsightreceiver:");
    let told = refused(&text, &["receivers: expected a map of components, found a list (f.yaml:2)"]);
    assert!(!told.contains("no receiver configuration"), "{told}");
}

#[test]
fn a_source_that_holds_nothing_says_which() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let empty = folder.path().join("empty.yaml").display().to_string();
    fs::write(&empty, "# nothing\n").expect("written");
    for (source, words) in [
        ("env:NOPE", "environment variable NOPE is not set".to_owned()),
        (empty.as_str(), format!("empty configuration file: {empty}")),
        ("/no/such.yaml", "read /no/such.yaml: No such file or directory".to_owned()),
        (
            "s3://b/k",
            "scheme \"s3\" is not in this agent yet for uri \"s3://b/k\": there are file, env and yaml".to_owned(),
        ),
        ("ssm:x", "scheme \"ssm\" is not supported for uri \"ssm:x\": there are file, env and yaml".to_owned()),
    ] {
        let said = run(&["validate", "--config", source]);
        assert!(said.code == 1 && said.err.contains(&words), "{source}: {}", said.err);
    }
    // The fault is in none of the files that could be read.
    let said = run(&["validate", "--config=eks.yaml", "--config=/no/such.yaml"]);
    assert!(said.err.ends_with("\n1 fault\n"), "{}", said.err);
    for set in ["--set=a.b={c: 1, c: 2}", "--set=exporters.awsemf.version=7"] {
        let said = run(&["validate", "--config=eks.yaml", set]);
        let key = set.split(['=']).nth(1).unwrap_or_default();
        assert!(said.err.contains(&format!("(--set {key})")), "{}", said.err);
    }
}

#[test]
fn what_is_passed_over_is_told() {
    taken(
        &format!("{RIGHT}---\nexporters: {{}}\n"),
        &["a second document begins here and is ignored, as in the collector (f.yaml:15)"],
    );
    let content = [("AOT_CONFIG_CONTENT", RIGHT)];
    let said = run_with(&["validate", "--config=nofile.yaml"], &content, "");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("AOT_CONFIG_CONTENT is set and replaces every --config"), "{}", said.err);
    assert_eq!(run_with(&["validate"], &content, "").err, "");
    let named = run_with(&["validate", "nofile.yaml"], &content, "");
    assert!(named.code == 1 && named.err.contains("read nofile.yaml: "), "{}", named.err);
    let named = run_with(&["validate", "eks.yaml"], &content, "");
    assert!(named.out.starts_with("eks.yaml is valid: "), "{}", named.out);
    assert!(named.err.contains("AOT_CONFIG_CONTENT is set: a start would run what it holds"), "{}", named.err);
}

#[test]
fn the_commonest_slips_are_told_though_the_collector_takes_them() {
    let text = RIGHT.replace("  batch:\n", "  batch:\n    timeout: 60\n").replace(
        "  awsemf:\n",
        "  awsemf:\n    dimension_rollup_option: NoDimensionRollUp\n    metric_declarations:\n      - dimensions: [ClusterName, NodeName]\n        metric_name_selectors: [a]\n",
    );
    taken(
        &text,
        &[
            "processors::batch::timeout: 60 is 60ns, as in the collector; 60s are seconds (f.yaml:5)",
            "dimensions: are 2 sets of one dimension each, as in the collector; [[ClusterName, NodeName]] is one set of 2 (f.yaml:10)",
            "\"NoDimensionRollUp\" is no rollup, as in the collector; did you mean \"NoDimensionRollup\"? (f.yaml:8)",
        ],
    );
    for word in ["None", "\"\"", "none"] {
        let text = RIGHT.replace("  awsemf:\n", &format!("  awsemf:\n    dimension_rollup_option: {word}\n"));
        assert_eq!(taken(&text, &[]), "", "{word}");
    }
    for fine in ["[[ClusterName, NodeName]]", "[ClusterName]", "[[a], [b]]"] {
        let declaration =
            format!("  awsemf:\n    metric_declarations: [{{dimensions: {fine}, metric_name_selectors: [x]}}]\n");
        assert_eq!(taken(&RIGHT.replace("  awsemf:\n", &declaration), &[]), "", "{fine}");
    }
}

#[test]
fn small_slips_are_answered_with_the_word_meant() {
    let emf = |options: &str| RIGHT.replace("  awsemf:\n", &format!("  awsemf:\n    {options}\n"));
    refused(&emf("log_stream: x"), &["unknown key; did you mean \"log_stream_name\"?"]);
    refused(&emf("log_group: x"), &["unknown key; did you mean \"log_group_name\"?"]);
    refused(&emf("no_verify_ssl: yes"), &["expected true or false, found the text \"yes\"; did you mean true?"]);
    refused(
        &emf("metric_descriptors: [{metric_name: a, unit: Byte}]"),
        &["unknown unit \"Byte\"; did you mean \"Bytes\"?"],
    );
    refused(&emf("log_group_class: standard"), &["did you mean \"STANDARD\"?"]);
    refused(&emf("output_destination: stdut"), &["did you mean \"stdout\"?"]);
    refused(
        &emf("log_group_name: '/{Clustername}/x'"),
        &["unknown placeholder {Clustername}; did you mean {ClusterName}?"],
    );
    let told = refused(&RIGHT.replace("awsemf", "AWSEMF"), &["unknown type: \"AWSEMF\"", "did you mean \"awsemf\"?"]);
    assert!(!told.contains("take out"), "a slip is mended, and its pipeline stays: {told}");
    refused(
        &RIGHT.replace(
            "  awscontainerinsightreceiver:\n",
            "  awscontainerinsightreceiver:\n    container_orchestrator: gke\n",
        ),
        &["did you mean \"eks\"?"],
    );
    refused(
        &RIGHT.replace("processors: [batch]", "processors: [bacth]"),
        &["references processor \"bacth\"", "did you mean \"batch\"?"],
    );
    refused(
        &RIGHT.replace("    metrics:\n", "    metric:\n"),
        &["unknown pipeline type: \"metric\"; did you mean \"metrics\"?"],
    );
    refused(
        &RIGHT.replacen("receivers:", "recievers:", 1),
        &["recievers: unknown section; did you mean \"receivers\"?"],
    );
    refused(
        &RIGHT.replace("  batch:\n", "  awsemf:\n").replace("[batch]", "[awsemf]"),
        &["awsemf is one of the exporters"],
    );
    assert!(!run(&["completion"]).err.contains("A configuration runs"), "no file has this name");
    for (argument, words) in [
        ("--confg=x", "Did you mean --config?"),
        ("--versoin", "Did you mean --version?"),
        ("validat", "Did you mean validate?"),
        ("some.yaml", "A configuration runs with --config some.yaml, and is checked by: validate some.yaml"),
    ] {
        let said = run(&[argument]);
        assert!(said.code == 1 && said.err.contains(words), "{argument}: {}", said.err);
    }
}

#[test]
fn what_users_of_other_programs_type_works() {
    assert!(run(&["help"]).out.contains("Usage: container-insights"));
    assert!(run(&["help", "validate"]).out.contains("Usage: container-insights validate"));
    assert_eq!(run(&["version"]).out, run(&["--version"]).out);
    for arguments in
        [&["validate", "eks.yaml"][..], &["validate", "--config", "eks.yaml"], &["--config=eks.yaml", "validate"]]
    {
        let said = run(arguments);
        assert_eq!(
            said.out, "eks.yaml is valid: metrics: awscontainerinsightreceiver → batch/metrics → awsemf\n",
            "{}",
            said.err
        );
    }
    let both = run(&["validate", "eks.yaml", "/no/such.yaml", "host.yaml"]);
    assert_eq!((both.code, both.out.lines().count()), (1, 2), "{}", both.err);
    for arguments in [["validate", "-"], ["validate", "--config=-"]] {
        let said = run_with(&arguments, &[], RIGHT);
        assert_eq!(
            said.out, "standard input is valid: metrics: awscontainerinsightreceiver → batch → awsemf\n",
            "{}",
            said.err
        );
    }
    let two = RIGHT.replace(
        "    metrics:\n",
        "    metrics/2:\n      receivers: [awscontainerinsightreceiver]\n      exporters: [awsemf]\n    metrics:\n",
    );
    let said = run_with(&["validate", "-"], &[], &two);
    assert!(said.out.contains("→ batch → awsemf; metrics/2: awscontainerinsightreceiver → awsemf\n"), "{}", said.out);
    assert!(run(&["validate"]).out.starts_with("the built-in configuration of the platform host is valid: "));
    let from_pipe = Command::new("bash")
        .args(["-c", &format!("{BINARY} validate --config <(cat eks.yaml)")])
        .current_dir(project().join("examples"))
        .output()
        .expect("bash can be run");
    assert!(from_pipe.status.success(), "{}", String::from_utf8_lossy(&from_pipe.stderr));
}

#[test]
fn a_manifest_counts_as_the_configuration_it_holds() {
    let said = run(&["validate", "eks-daemonset.yaml"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.starts_with("eks-daemonset.yaml is valid: metrics: "), "{}", said.out);
    let words = "eks-daemonset.yaml is a Kubernetes manifest: its configuration is ConfigMap otel-agent-conf, key otel-agent-config";
    assert!(said.err.contains(words), "{}", said.err);
    let manifest = fs::read_to_string(project().join("examples/eks-daemonset.yaml")).expect("the example is there");
    let line =
        manifest.lines().position(|line| line.contains("namespace: ContainerInsights")).expect("it is there") + 1;
    refused(
        &manifest.replacen("namespace: Cont", "namespac: Cont", 1),
        &[&format!("(f.yaml:{line})"), "did you mean \"namespace\"?"],
    );
    let agent = "{\"logs\": {\"metrics_collected\": {\"kubernetes\": {}}}}";
    refused(agent, &["f.yaml is a configuration of the CloudWatch agent, which is not translated in this agent yet"]);
    refused(
        "apiVersion: v1\nkind: Service\n",
        &["f.yaml is a Kubernetes manifest without a configuration of a collector"],
    );
    let task = run(&["validate", "../deploy/ecs/task-definition.json"]);
    assert!(task.out.starts_with("../deploy/ecs/task-definition.json is valid: metrics: "), "{}", task.out);
    assert!(task.err.ends_with("\n1 warning in ../deploy/ecs/task-definition.json\n"), "{}", task.err);
    let values = run(&["validate", "../deploy/helm/container-insights/values.yaml"]);
    assert!(values.err.contains("values.yaml is the values of a Helm chart without a configuration"), "{}", values.err);
    assert!(values.code == 1 && values.err.contains("\n1 fault in "), "{}", values.err);
}

#[test]
fn a_wrong_indentation_is_told_in_plain_words() {
    let text = RIGHT.replace("      enabled: true\n", "      enabled: true\n   version: 1\n");
    refused(&text, &["not valid YAML: line 9 is indented by 3, its neighbours by 4 and 2 (f.yaml:9)", "  9 |    …"]);
}

#[test]
fn faults_are_bounded_in_time_and_size() {
    // A tenth of what a configuration may hold: this binary is not an optimised one.
    let keys = |number: usize| (0..number).map(|key| format!("    unknown_key_{key}: x\n")).collect::<String>();
    let of = |keys: String| RIGHT.replace("  awsemf:\n", &format!("  awsemf:\n{keys}"));
    let told = refused(&of(keys(15_000)), &["14800 more are not shown", "15000 faults in f.yaml"]);
    assert!(told.len() < 100_000, "{}", told.len());
    let types = (0..15_000).map(|number| format!("  other{number}:\n")).collect::<String>();
    let told = taken(&RIGHT.replace("  batch:\n", &format!("  batch:\n{types}")), &["15000 warnings in f.yaml"]);
    assert!(told.len() < 200_000, "{}", told.len());
    let listed = (0..5_000).map(|number| format!("nowhere{number}")).collect::<Vec<_>>().join(", ");
    refused(&RIGHT.replace("processors: [batch]", &format!("processors: [{listed}]")), &["5000 faults in f.yaml"]);
    let long = "N".repeat(3_900_000);
    let told =
        refused(&RIGHT.replace("  awsemf:\n", &format!("  awsemf:\n    namespace: {long}\n")), &["1 fault in f.yaml"]);
    assert!(told.len() < 2_000, "{}", told.len());
    // Each takes its time to be found too large; the first of them are enough to refuse the file.
    let selectors = vec!["'((a{100}){100}){100}'"; 400].join(", ");
    let declaration = format!("  awsemf:\n    metric_declarations: [{{metric_name_selectors: [{selectors}]}}]\n");
    refused(
        &RIGHT.replace("  awsemf:\n", &declaration),
        &["is not looked at, since others before it are too large", "400 faults"],
    );
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let strange = "\u{1b}[31m\u{7}\u{202e}";
    let escaped = "\"\\e[31m\\a\\u202e\"";
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join(format!("c{strange}.yaml")).display().to_string();
    fs::write(
        &file,
        format!("receivers:\n  awscontainerinsightreceiver:\n    {escaped}: 1\n    container_orchestrator: {escaped}\nexporters:\n  awsemf: {{namespace: {escaped}, log_group_name: {escaped}}}\n{escaped}: 1\nservice:\n  extensions: [{escaped}]\n  pipelines: {{{escaped}: }}\n"),
    )
    .expect("written");
    let missing = format!("/no/{strange}");
    let variable = format!("env:{strange}");
    let set = format!("--set=a.{strange}={{");
    for arguments in [
        &["validate", file.as_str()][..],
        &["validate", missing.as_str()],
        &["--config", file.as_str()],
        &["validate", "--config", variable.as_str()],
        &["validate", "--config=eks.yaml", set.as_str()],
        &["print-config", "--config", file.as_str()],
        &[strange],
        &["compare", missing.as_str(), missing.as_str()],
    ] {
        let said = run(arguments);
        let shown = format!("{}{}", said.out, said.err);
        assert!(!shown.is_empty(), "{arguments:?}");
        assert!(!shown.chars().any(|c| c != '\n' && telemetry::is_unprintable(c)), "{arguments:?}: {shown:?}");
    }
}
