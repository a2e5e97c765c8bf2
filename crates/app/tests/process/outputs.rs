//! Pipes that close or are full, log files that rotate, log lines, few descriptors.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::support::agent::{Agent, address};
use crate::support::project;
use crate::{AT_ONCE, BINARY, EACH_SECOND, dead_endpoint, delivering, ends_soon, get, host, rest, signal};

#[test]
fn a_pipe_that_closes_between_two_rounds_ends_it_at_once_without_an_error() {
    // Rounds an hour apart but for the first.
    let hourly = "receivers.awscontainerinsightreceiver.collection_interval=1h";
    let mut agent = Agent::spawn(host(&[hourly, AT_ONCE]).stdout(Stdio::piped()));
    let mut events = BufReader::new(agent.child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    events.read_line(&mut first).expect("events are text");
    assert!(first.contains("\"Type\":\"Node\""), "{first}");
    // The whole round is read, so that no write meets the closed pipe.
    rustix::fs::fcntl_setfl(events.get_ref(), OFlags::NONBLOCK).expect("the pipe can be set");
    let mut others = Vec::new();
    for _ in 0..5 {
        sleep(Duration::from_millis(100));
        let _ = events.read_to_end(&mut others);
    }
    drop(events);
    assert_eq!(ends_soon(&mut agent).code(), Some(141));
    let log = rest(&mut agent);
    assert!(!log.contains("ERROR") && log.contains("the reader of standard output is gone"), "{log}");
}

#[test]
fn a_closed_pipe_does_not_end_an_agent_that_delivers_elsewhere() {
    let mut command = delivering(&dead_endpoint());
    command.args(["--config=yaml:exporters::debug: {use_internal_logger: false}"]);
    command.arg("--set=service.pipelines.metrics.exporters=[awsemf, debug]");
    let mut agent = Agent::spawn(command.stdout(Stdio::piped()));
    let log = agent.log_until("all components started");
    drop(agent.child.stdout.take());
    let told = agent.log_until("export failed");
    let line = told.lines().last().unwrap_or_default();
    assert!(line.contains("ERROR exporter/debug: "), "{line}");
    assert_eq!(get(&address(&log, "health check listening"), "/").0, 200);
}

#[test]
fn a_closed_standard_output_is_told() {
    let log_of = |redirection: &str| {
        let mut command = host(&[]);
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_owned()).collect();
        command = Command::new("sh");
        command.current_dir(project().join("examples")).arg("-c").arg(format!("exec \"$0\" \"$@\" {redirection}"));
        let mut agent = Agent::spawn(command.arg(BINARY).args(arguments).env_remove("AOT_CONFIG_CONTENT"));
        agent.log_until("all components started")
    };
    let closed = log_of(">&-");
    assert!(closed.lines().any(|line| line.contains("WARN") && line.contains("standard output is closed")), "{closed}");
    assert!(!log_of("> /dev/null").contains("standard output"), "who throws events away knows it");
}

#[test]
fn a_full_pipe_that_does_not_block_loses_no_round() {
    let (reader, writer) = pipe_with(PipeFlags::NONBLOCK).expect("a pipe");
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).expect("it can be small");
    rustix::fs::fcntl_setfl(&reader, OFlags::empty()).expect("reading blocks");
    let mut agent = Agent::spawn(host(&[EACH_SECOND, AT_ONCE]).stdout(writer));
    agent.log_until("all components started");
    let mut events = BufReader::new(fs::File::from(reader));
    let mut next = || {
        let mut line = String::new();
        events.read_line(&mut line).expect("events are text");
        serde_json::from_str::<serde_json::Value>(&line).expect("no line is torn")["Type"] == "Node"
    };
    assert!(next(), "a round begins with its node");
    // Longer than the pipe has room for, shorter than rounds may wait for the pipeline.
    sleep(Duration::from_millis(3500));
    let mut rounds = 0;
    while rounds < 5 {
        rounds += usize::from(next());
    }
    signal(&agent, "-KILL");
    let log = rest(&mut agent);
    assert!(!log.contains("export failed") && !log.contains("no room"), "{log}");
}

#[test]
fn a_rotated_log_file_is_opened_anew() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let (path, old) = (folder.path().join("agent.log"), folder.path().join("agent.log.1"));
    let outputs = format!("service.telemetry.logs.output_paths=[{}, stderr]", path.display());
    let mut agent = Agent::spawn(host(&[&outputs]).stdout(Stdio::null()));
    agent.log_until("all components started");
    let text = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    fs::rename(&path, &old).expect("it can be moved");
    signal(&agent, "-USR1");
    agent.log_until("log files opened anew");
    assert!(text(&path).contains("log files opened anew"), "{}", text(&path));
    // Without a signal the next line notices.
    fs::remove_file(&path).expect("it can be removed");
    signal(&agent, "-TERM");
    agent.child.wait().expect("it ends");
    assert!(text(&path).contains("shutdown complete"), "{}", text(&path));
    assert!(text(&old).contains("all components started") && !text(&old).contains("shut"), "{}", text(&old));
}

#[test]
fn too_few_file_descriptors_are_an_error_and_no_abort() {
    for limit in 3..=16 {
        for what in ["", "healthcheck --port 9"] {
            let mut command = Command::new("sh");
            command.current_dir(project().join("examples")).arg("-c");
            let start = if what.is_empty() { "--config=host.yaml" } else { what };
            command.arg(format!("ulimit -n {limit}; exec \"$0\" {start}")).arg(BINARY);
            command.env_remove("AOT_CONFIG_CONTENT").env_remove("HEALTHCHECK_URL");
            let mut child =
                command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
            // Where the descriptors are enough it goes on.
            let mut ended = None;
            for _ in 0..30 {
                ended = child.try_wait().expect("it is ours");
                if ended.is_some() {
                    break;
                }
                sleep(Duration::from_millis(100));
            }
            let _ = child.kill();
            let mut said = String::new();
            child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("it is text");
            child.wait().expect("it ends");
            if let Some(status) = ended {
                // 127: the loader of a dynamic build needs descriptors before it does.
                assert!(
                    matches!(status.code(), Some(1 | 127)) && !said.is_empty(),
                    "{limit} {what}: {status:?} {said}"
                );
            }
            assert!(!said.contains("panicked"), "{limit} {what}: {said}");
        }
    }
}

#[test]
fn log_lines_name_the_component_in_both_encodings() {
    let mut agent = Agent::spawn(delivering(&dead_endpoint()).stdout(Stdio::null()));
    let log = agent.log_until("delivery fails");
    for (words, component) in [
        ("health check listening", "extension/health_check"),
        ("receiver starts", "receiver/awscontainerinsightreceiver"),
        ("all components started", "agent"),
        ("delivery fails", "exporter/awsemf"),
    ] {
        let line = log.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words}: {log}"));
        assert!(line.contains(&format!(" {component}: ")), "{line}");
    }
    assert!(!log.contains("::delivery") && !log.contains("container_insights::"), "{log}");

    let mut agent = Agent::spawn(host(&["service.telemetry.logs.encoding=json"]).stdout(Stdio::null()));
    let log = agent.log_until("all components started");
    for line in log.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect("a line is one JSON object");
        for key in ["timestamp", "level", "component", "message"] {
            assert!(value[key].is_string(), "{key}: {line}");
        }
        assert!(line.starts_with("{\"timestamp\":\"") && !line.contains("target"), "{line}");
    }
    assert!(log.contains("\"component\":\"agent\",\"message\":\"all components started\",\"version\":"), "{log}");
}

#[test]
fn log_lines_of_two_receivers_name_each() {
    let ids = ["awscontainerinsightreceiver", "awscontainerinsightreceiver/other"];
    let agent = dead_endpoint();
    let mut sets = vec![format!("service.pipelines.metrics.receivers=[{}]", ids.join(", "))];
    for id in ids {
        sets.push(format!("receivers.{id}.container_orchestrator=ecs"));
        sets.push(format!("receivers.{id}.ecs_agent_endpoint={agent}"));
    }
    let mut command = host(&sets.iter().map(String::as_str).collect::<Vec<_>>());
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let mut agent = Agent::spawn(command.stdout(Stdio::null()));
    let words = "source=\"ECS agent\"";
    let log = agent.log_until(words) + &agent.log_until(words);
    for id in ids {
        let names = |line: &&str| line.contains(words) && line.contains(&format!(" receiver/{id}: "));
        assert_eq!(log.lines().filter(names).count(), 1, "{id}: {log}");
    }
}

#[test]
fn printing_to_a_reader_that_went_away_or_to_a_full_disk_is_no_abort() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let closed = || {
        let (reader, writer) = pipe_with(PipeFlags::empty()).expect("a pipe");
        drop(reader);
        writer
    };
    let run = |arguments: &[&str], stdout: Stdio, stderr: Stdio| {
        let mut command = Command::new(BINARY);
        command.current_dir(project().join("examples")).args(arguments).env_remove("AOT_CONFIG_CONTENT");
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).status().expect("it runs").code()
    };
    for arguments in [&["print-config", "--config=host.yaml"][..], &["components"], &["help"], &["--version"]] {
        assert_eq!(run(arguments, closed().into(), Stdio::null()), Some(141), "{arguments:?}");
        assert_eq!(run(arguments, full().into(), Stdio::null()), Some(1), "{arguments:?}");
    }
    let faulty = ["validate", "--config=yaml:receivers: {}"];
    assert_eq!(run(&faulty, Stdio::null(), closed().into()), Some(1), "where nothing can be said");
    assert_eq!(run(&faulty, Stdio::null(), full().into()), Some(1), "where nothing can be said");
}

#[test]
fn a_log_that_nobody_reads_holds_nothing_up() {
    let (reader, writer) = pipe_with(PipeFlags::empty()).expect("a pipe");
    rustix::pipe::fcntl_setpipe_size(&writer, 4096).expect("it can be small");
    // Full before the agent begins.
    fs::File::from(writer.try_clone().expect("it can be opened twice")).write_all(&[b'x'; 4096]).expect("it has room");
    let mut command = host(&[EACH_SECOND, AT_ONCE]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(writer).spawn().expect("it runs");
    let mut events = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut first = String::new();
    events.read_line(&mut first).expect("events are text");
    assert!(first.contains("\"Type\":\"Node\""), "{first}");
    let _ = child.kill();
    let _ = child.wait();
    drop(reader);
}

#[test]
fn a_start_that_fails_says_what_to_change() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it has an address").port();
    let run = |set: String| {
        let output = host(&[&set]).stdin(Stdio::null()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).expect("it is text")
    };
    let said = run(format!("extensions.health_check.endpoint=127.0.0.1:{port}"));
    assert!(said.contains("extensions::health_check; where its endpoint is in use, set another: listen on"), "{said}");
    let said = run("service.telemetry.logs.output_paths=[/no/such/file]".to_owned());
    assert!(said.contains("service::telemetry::logs::output_paths: open /no/such/file: No such file"), "{said}");
}
