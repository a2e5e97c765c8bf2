//! What a kubelet can make the agent's memory grow to.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::spawn;
use std::time::Duration;

use support::project;

const MIB: u64 = 1 << 20;
/// What the absurd answers are long.
const HUGE: usize = 100 << 20;
/// What a debug build needs besides.
const SLACK: u64 = 12 * MIB;

/// A kubelet whose lists are good at first and absurd from the fourth one on.
struct Kubelet {
    port: u16,
    lists: Arc<AtomicUsize>,
}

impl Kubelet {
    fn start(absurd: fn(&mut TcpStream) -> std::io::Result<()>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let lists = Arc::new(AtomicUsize::new(0));
        let counted = lists.clone();
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = counted.clone();
                // A client that hangs up on an absurd answer is what is hoped for.
                spawn(move || drop(serve(stream, &counted, absurd)));
            }
        });
        Self { port, lists }
    }

    fn wait_for(&self, lists: usize) {
        let is_asked = || self.lists.load(Ordering::Relaxed) >= lists;
        testkit::eventually(Duration::from_secs(60), &format!("the agent asks for {lists} lists"), is_asked);
    }
}

fn serve(
    stream: TcpStream,
    lists: &AtomicUsize,
    absurd: fn(&mut TcpStream) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let body = if head.starts_with("GET /pods ") {
            if lists.fetch_add(1, Ordering::Relaxed) >= 3 {
                absurd(&mut writer)?;
                continue;
            }
            r#"{"kind":"PodList","items":[{"metadata":{"uid":"1","name":"a","namespace":"b"}}]}"#
        } else {
            r#"{"node":{},"pods":[]}"#
        };
        write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
    }
}

fn in_chunks(stream: &mut TcpStream) -> std::io::Result<()> {
    let piece = [b' '; 64 << 10];
    write!(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    for _ in 0..HUGE / piece.len() {
        write!(stream, "{:x}\r\n", piece.len())?;
        stream.write_all(&piece)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")
}

fn of_a_given_length(stream: &mut TcpStream) -> std::io::Result<()> {
    let piece = [b' '; 64 << 10];
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {HUGE}\r\n\r\n")?;
    (0..HUGE / piece.len()).try_for_each(|_| stream.write_all(&piece))
}

struct Agent(Child);

impl Agent {
    fn start(port: u16) -> Self {
        let receiver = "receivers.awscontainerinsightreceiver";
        let sets = [
            format!("{receiver}.kubelet.endpoint=http://127.0.0.1:{port}"),
            format!("{receiver}.kubelet.auth_type=none"),
            format!("{receiver}.cluster_name=demo"),
            format!("{receiver}.collection_interval=500ms"),
            "exporters.awsemf.output_destination=stdout".to_owned(),
            "extensions.health_check.endpoint=localhost:0".to_owned(),
        ];
        let child = Command::new(env!("CARGO_BIN_EXE_container-insights"))
            .arg("--config=eks.yaml")
            .args(sets.iter().map(|set| format!("--set={set}")))
            .current_dir(project().join("examples"))
            .env("HOST_NAME", "node")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the agent can be run");
        Self(child)
    }

    /// A line of `/proc/<pid>/status`, in bytes.
    fn memory(&self, key: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the agent runs");
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("the line is there");
        let kib: u64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("it is a number");
        kib * 1024
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lets the agent get absurd answers; checks how much its memory grew to.
fn check(absurd: fn(&mut TcpStream) -> std::io::Result<()>, growth: u64) {
    let kubelet = Kubelet::start(absurd);
    let agent = Agent::start(kubelet.port);
    kubelet.wait_for(3);
    let before = agent.memory("VmHWM");
    kubelet.wait_for(10);
    let most = agent.memory("VmHWM");
    assert!(most <= before + growth, "before {before}, at most {most}");
}

#[test]
fn an_absurd_answer_in_chunks_takes_nothing() {
    check(in_chunks, SLACK);
}

#[test]
fn an_answer_that_gives_its_absurd_length_takes_nothing() {
    check(of_a_given_length, SLACK);
}
