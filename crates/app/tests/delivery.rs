//! The agent as a process that delivers: to a strict imitation of CloudWatch Logs, until it is ended or killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Fault, KEYS, REGION};

const GROUP: &str = "/aws/containerinsights/host/performance";

/// A running agent, and what it has logged so far; it ends with this.
struct Agent {
    child: Child,
    log: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Agent {
    fn start(fake: &FakeCloudWatchLogs, sets: &[&str]) -> Self {
        let endpoint = format!("exporters.awsemf.endpoint={}", fake.endpoint());
        let mut command = agent();
        command.env("AWS_ACCESS_KEY_ID", KEYS.0).env("AWS_SECRET_ACCESS_KEY", KEYS.1).env("AWS_REGION", REGION);
        for set in [endpoint.as_str()].iter().chain(sets) {
            command.args(["--set", set]);
        }
        Self::spawn(&mut command)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("the agent can be run");
        let log = Arc::new(Mutex::new(String::new()));
        let (lines, all) = (BufReader::new(child.stderr.take().expect("its log is piped")).lines(), log.clone());
        let reading = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut all = all.lock().expect("nobody panics with it");
                all.push_str(&line);
                all.push('\n');
            }
        });
        Self { child, log, reading: Some(reading) }
    }

    fn has_logged(&self, words: &str) -> bool {
        self.log.lock().expect("nobody panics with it").contains(words)
    }

    fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Ends it as a pod is ended; its exit code and log.
    fn terminate(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().expect("kill can be run").success());
        self.end()
    }

    fn end(&mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("it ends").code();
        self.reading.take().expect("it ends once").join().expect("reading ends");
        (code, self.log.lock().expect("nobody panics with it").clone())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Host mode at a short interval, to the service.
fn agent() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_container-insights"));
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
    command.env_clear().env("HOST_NAME", "node").env("AWS_EC2_METADATA_DISABLED", "true");
    command.args(["--config=host.yaml"]);
    for set in [
        "exporters.awsemf.output_destination=cloudwatch",
        "exporters.awsemf.log_group_name=/aws/containerinsights/host/performance",
        "exporters.awsemf.log_stream_name=node",
        "exporters.awsemf.retry_on_failure={initial_interval: 50ms, max_interval: 200ms}",
        "receivers.awscontainerinsightreceiver.collection_interval=1s",
        "service.telemetry.metrics.level=none",
    ] {
        command.args(["--set", set]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn wait_for(reached: impl FnMut() -> bool) {
    testkit::eventually(Duration::from_secs(30), "the events arrived", reached);
}

/// The times of the rounds that arrived; every event's only once.
fn rounds(fake: &FakeCloudWatchLogs) -> BTreeSet<i64> {
    let events = fake.events(GROUP, "node");
    let mut messages: Vec<_> = events.iter().map(|event| &event.message).collect();
    messages.sort();
    messages.dedup();
    assert_eq!(messages.len(), events.len(), "no event arrives twice");
    events.iter().map(|event| event.time_ms).collect()
}

/// How many rounds follow the one before after an interval, and the other gaps, the first one left out: a machine's first round
/// comes out of phase.
fn gaps(fake: &FakeCloudWatchLogs) -> (usize, Vec<i64>) {
    let times: Vec<_> = rounds(fake).into_iter().collect();
    let gaps: Vec<_> = times.windows(2).skip(1).map(|pair| pair[1] - pair[0]).collect();
    let others: Vec<_> = gaps.iter().copied().filter(|gap| !(850..1150).contains(gap)).collect();
    (gaps.len() - others.len(), others)
}

#[test]
fn a_machine_delivers_its_events_until_it_is_told_to_end() {
    let fake = FakeCloudWatchLogs::http();
    fake.expect_json();
    let agent = Agent::start(&fake, &[]);
    wait_for(|| rounds(&fake).len() >= 3);
    let (code, log) = agent.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("delivery begins") && log.contains("shutdown complete"), "{log}");
    assert_eq!(fake.violations(), Vec::<String>::new());
    let (_, others) = gaps(&fake);
    assert_eq!(others, [0; 0], "every tick is there");
}

#[test]
fn an_outage_before_the_end_is_ridden_out_on_disk() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let fake = FakeCloudWatchLogs::http();
    let storage = storage(scratch.path());
    let sets: Vec<&str> = storage.iter().map(String::as_str).collect();
    let mut agent = Agent::start(&fake, &sets);
    wait_for(|| rounds(&fake).len() >= 2);
    fake.set_fault(Some(Fault::Unavailable));
    wait_for(|| fake.requests().iter().filter(|request| request.status == 503).count() >= 2);
    agent.kill();
    fake.set_fault(None);
    let agent = Agent::start(&fake, &sets);
    let before = rounds(&fake).len();
    wait_for(|| rounds(&fake).len() >= before + 5);
    let (code, log) = agent.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("events of the last run wait for delivery"), "{log}");
    let (seconds, others) = gaps(&fake);
    // What the restart cut out is its own moment; the first round of a run comes out of phase.
    assert!(seconds >= 3 && others.len() <= 3 && others.iter().sum::<i64>() <= 5000, "{seconds}, {others:?}");
}

/// What lies in a spool's place, how it gets there, what the log says of it, and whether the spool is used all the same.
type Strange = (&'static str, fn(&Path), &'static str, bool);

/// A strange file in the spool's place costs the node no metrics; the log and the status page name the fault.
#[test]
fn no_spool_keeps_an_agent_from_its_work() {
    let strange: [Strange; 4] = [
        ("a directory as a segment", |spool| std::fs::create_dir(spool.join(SEGMENT)).unwrap(), "passed over", true),
        (
            "a link as the lock",
            |spool| std::os::unix::fs::symlink("/nowhere", spool.join("lock")).unwrap(),
            "lock",
            false,
        ),
        ("open to others", |spool| mode(spool, 0o777), "can be written by others", false),
        (
            "a file",
            |spool| {
                std::fs::remove_dir(spool).unwrap();
                std::fs::write(spool, "").unwrap();
            },
            "is a link or no file",
            false,
        ),
    ];
    for (kind, make, words, is_used) in strange {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let spool = scratch.path().join("made/exporter_awsemf");
        std::fs::create_dir_all(&spool).unwrap();
        mode(&spool, 0o700);
        make(&spool);
        let fake = FakeCloudWatchLogs::http();
        let port = free_port();
        let [directory, _, exporter] = storage(scratch.path());
        let health = format!("extensions.health_check.endpoint=127.0.0.1:{port}");
        let sets = [&directory, "service.extensions=[health_check, file_storage]", &exporter, &health];
        let agent = Agent::start(&fake, &sets);
        wait_for(|| rounds(&fake).len() >= 2);
        let status = ask(port, "/status");
        assert_eq!(status.contains("events wait in memory until the next start"), !is_used, "{kind}: {status}");
        let (code, log) = agent.terminate();
        assert_eq!(code, Some(0), "{kind}: {log}");
        assert!(log.contains(words), "{kind}: {log}");
        let (_, others) = gaps(&fake);
        assert_eq!(others, [0; 0], "{kind}: every tick is there");
    }
}

const SEGMENT: &str = "0000000000000001.segment";

fn mode(path: &Path, bits: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(bits)).expect("it is ours");
}

#[test]
fn a_second_agent_on_the_same_directory_is_refused() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let fake = FakeCloudWatchLogs::http();
    let storage = storage(scratch.path());
    let sets: Vec<&str> = storage.iter().map(String::as_str).collect();
    let _first = Agent::start(&fake, &sets);
    wait_for(|| fake.event_count() > 0);
    let (code, log) = Agent::start(&fake, &sets).end();
    assert_eq!(code, Some(1));
    assert!(log.contains("is in use by process"), "{log}");
}

#[test]
fn a_region_that_is_nowhere_is_told_with_every_place_looked_at() {
    let sets = ["--set", "exporters.awsemf.sending_queue={drain_timeout: 1s}"];
    let mut agent = Agent::spawn(agent().args(sets));
    wait_for(|| agent.has_logged("no region found"));
    assert_eq!(agent.child.try_wait().expect("it can be asked"), None, "it goes on: the region may come");
    let (code, log) = agent.terminate();
    assert_eq!(code, Some(0), "{log}");
    for place in ["AWS_REGION", "AWS_DEFAULT_REGION", "profile", "instance metadata"] {
        assert!(log.contains(place), "{place}: {log}");
    }
    assert_eq!(log.lines().filter(|line| line.contains("no region found")).count(), 1, "{log}");
}

#[test]
fn a_storage_that_is_not_there_is_a_fault_with_its_key() {
    let check = |sets: &[&str], fault: &str| {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let output = agent().arg("validate").args(sets).output().expect("the agent can be run");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{log}");
        let line = format!("exporters::awsemf::sending_queue::{fault}");
        assert!(log.contains(&line), "{line} is not in {log}");
    };
    check(
        &["exporters.awsemf.sending_queue={storage: file_storage/x, num_consumers: 0}"],
        "num_consumers: `num_consumers` must be positive",
    );
    let storage = "exporters.awsemf.sending_queue={storage: file_storage/x}";
    check(&[storage], "storage: references extension \"file_storage/x\" which is not configured");
    check(
        &[storage, "extensions={file_storage/x: }"],
        "storage: extension \"file_storage/x\" is not in service::extensions",
    );
}

fn storage(directory: &Path) -> [String; 3] {
    [
        format!("extensions.file_storage.directory={}", directory.join("made").display()),
        "service.extensions=[file_storage]".to_owned(),
        "exporters.awsemf.sending_queue={storage: file_storage}".to_owned(),
    ]
}

/// Secrets of every kind planted, everything logged, every fault on the way: none of them shows anywhere.
#[test]
fn no_secret_shows_in_the_log_or_on_a_page() {
    let fake = FakeCloudWatchLogs::http();
    let secrets = ["planted-secret-key", "planted-token", "planted-external-id", "planted-proxy-word"];
    let port = free_port();
    let health = format!("extensions.health_check.endpoint=127.0.0.1:{port}");
    let mut command = agent();
    command
        .envs([("AWS_ACCESS_KEY_ID", "AKIAPLANTED"), ("AWS_SECRET_ACCESS_KEY", secrets[0]), ("AWS_REGION", REGION)])
        .env("AWS_SESSION_TOKEN", secrets[1])
        .env("AWS_ENDPOINT_URL_STS", fake.endpoint());
    let proxy = format!("exporters.awsemf.proxy_address=http://user:{}@127.0.0.1:{}", secrets[3], free_port());
    for set in [
        "service.telemetry.logs.level=debug",
        "service.extensions=[health_check]",
        &health,
        &proxy,
        &format!("exporters.awsemf.external_id={}", secrets[2]),
        "exporters.awsemf.role_arn=arn:aws:iam::123456789012:role/agent",
        "exporters.awsemf.endpoint=http://logs.example.invalid",
        "exporters.awsemf.sending_queue={drain_timeout: 1s}",
    ] {
        command.args(["--set", set]);
    }
    let agent = Agent::spawn(&mut command);
    wait_for(|| agent.has_logged("delivery fails"));
    let status = ask(port, "/status");
    assert!(status.contains("exporter/awsemf"), "{status}");
    let (code, log) = agent.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("delivery fails"), "{log}");
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
        assert!(!status.contains(secret), "{secret} in {status}");
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

fn ask(port: u16, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("the agent listens");
    std::io::Write::write_all(&mut stream, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
        .expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}
