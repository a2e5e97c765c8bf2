//! `compare` as a user knows it: files, standard input, log groups, exit codes.

mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use support::project;
use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Fault, KEYS, REGION};

const BINARY: &str = env!("CARGO_BIN_EXE_container-insights");
const TICKS: u64 = 12;
const START_MS: u64 = 1_800_000_000_000;

/// A recorded node's events at many ticks.
fn events(change: impl Fn(&mut serde_json::Value)) -> Vec<(i64, String)> {
    let golden = std::fs::read_to_string(project().join("crates/app/golden/v1-kubernetes.jsonl")).expect("it is there");
    let mut events = Vec::new();
    for tick in 0..TICKS {
        let time = START_MS + tick * 60_000;
        for line in golden.lines() {
            let mut event: serde_json::Value = serde_json::from_str(line).expect("golden events are JSON");
            event["Timestamp"] = time.to_string().into();
            if let Some(own) = event.pointer_mut("/_aws/Timestamp") {
                *own = time.into();
            }
            change(&mut event);
            events.push((time as i64, event.to_string()));
        }
    }
    events
}

fn lines(events: &[(i64, String)]) -> String {
    events.iter().map(|(_, event)| format!("{event}\n")).collect()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("compare").args(arguments).stdin(Stdio::null());
    command
}

fn told(command: &mut Command) -> (i32, String, String) {
    let output = command.output().expect("the agent can be run");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it writes UTF-8");
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn files_are_compared_and_the_exit_code_says_whether_all_is_explained() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (left, right, wrong) = (path("left"), path("right"), path("wrong"));
    std::fs::write(&left, lines(&events(|_| {}))).expect("it can be written");
    std::fs::write(&right, format!("no event\n{}", lines(&events(|_| {})))).expect("it can be written");
    let broken = |event: &mut serde_json::Value| {
        if event["Type"] == "Node" {
            event["node_cpu_limit"] = 7.into();
        }
    };
    std::fs::write(&wrong, lines(&events(broken))).expect("it can be written");

    let (code, stdout, stderr) = told(&mut command(&[&left, &right]));
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.contains("Unexplained: 0") && stdout.contains("line 1: no JSON"), "{stdout}");

    let (code, stdout, stderr) = told(&mut command(&["--names=go,ours", "--progress", &left, &wrong]));
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("Node node_cpu_limit: value, 1 of 1") && stdout.contains("ours 7"), "{stdout}");
    assert_eq!(stderr, "", "so few events are no time to wait");

    let (code, stdout, _) = told(&mut command(&["--output=json", &left, &wrong]));
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("it is JSON");
    assert_eq!((code, report["unexplained"].as_u64()), (1, Some(1)));

    let mut piped = command(&[&left, "-"]);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the agent can be run");
    let mut stdin = child.stdin.take().expect("it has one");
    stdin.write_all(lines(&events(|_| {})).as_bytes()).expect("it reads");
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn answers_of_the_command_line_are_files_of_events() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (pretty, compact) = (path("pretty"), path("compact"));
    let wrapped = |(time, message): (i64, String)| serde_json::json!({"timestamp": time, "message": message});
    let events: Vec<_> = events(|_| {}).into_iter().map(wrapped).collect();
    let answer = serde_json::json!({"events": events, "searchedLogStreams": []});
    std::fs::write(&pretty, format!("{answer:#}\n")).expect("it can be written");
    std::fs::write(&compact, format!("{answer}\n")).expect("it can be written");
    let (code, stdout, stderr) = told(&mut command(&[&pretty, &compact]));
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.contains("0 lines are no events"), "{stdout}");
}

#[test]
fn what_cant_be_compared_is_said_with_another_code() {
    let folder = tempfile::tempdir().expect("there is room");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (good, empty, later) = (path("good"), path("empty"), path("later"));
    std::fs::write(&good, lines(&events(|_| {}))).expect("it can be written");
    std::fs::write(&empty, "{}\n").expect("it can be written");
    let text = lines(&events(|_| {})).replace("1800000", "1900000");
    std::fs::write(&later, text).expect("it can be written");
    for (arguments, words) in [
        (vec!["--names=go,ours", &good, &empty], "ours has no events; 1 lines are none, line 1: no time"),
        (vec![&good, &later], "no time in common"),
        (vec![&good, "/nowhere/at/all"], "read /nowhere/at/all"),
        (vec!["-", "-"], "only one of the two"),
        (vec![&good], "required arguments"),
        (vec!["--interval=1h", &good, &good], "60s or 5m"),
    ] {
        let (code, stdout, stderr) = told(&mut command(&arguments));
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
    }
}

#[test]
fn log_groups_are_read_back_page_by_page() {
    let fake = FakeCloudWatchLogs::http();
    fake.set_page(50);
    for (time, message) in events(|_| {}) {
        fake.store("/go", "a", time, &message);
        fake.store("/ours", "a", time, &message);
    }
    // Outside the times that are asked for.
    fake.store("/ours", "a", START_MS as i64 - 3_600_000, "{}");
    fake.fail_next([Fault::Throttled(None), Fault::Unavailable]);
    let start = START_MS.to_string();
    let mut compare =
        command(&["logs:/go", "logs:/ours", "--endpoint", fake.endpoint(), "--region", REGION, "--start", &start]);
    compare.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1);
    let (code, stdout, stderr) = told(&mut compare);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.contains("0 lines are no events"), "{stdout}");
    assert_eq!(fake.violations(), Vec::<String>::new());

    let mut compare = command(&["logs:/go", "logs:/nowhere", "--endpoint", fake.endpoint(), "--region", REGION]);
    compare.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1);
    let (code, _, stderr) = told(&mut compare);
    assert!(code == 2 && stderr.contains("read right: ") && stderr.contains("ResourceNotFound"), "{stderr}");
}
