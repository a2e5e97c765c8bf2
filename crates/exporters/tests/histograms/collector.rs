//! The Go collector, as long as one exchange lasts.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/histograms/collector.yaml");
/// How often its receiver is called before it counts as not there, each a tenth of a second after the other.
const CALLS: usize = 300;

/// A started collector, ended with this value whatever happens.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the collector at this path writes to standard output of these two requests.
///
/// # Panics
///
/// Where it does not start or refuses a request.
pub(crate) fn events(binary: &str, all: &Value, few: &Value) -> String {
    let ports = [free_port(), free_port()];
    let mut command = Command::new(binary);
    command.args(["--config", &format!("file:{CONFIGURATION}")]);
    command.env("PORT_OF_ALL", ports[0].to_string()).env("PORT_OF_FEW", ports[1].to_string());
    command.env("AWS_ACCESS_KEY_ID", "none").env("AWS_SECRET_ACCESS_KEY", "none");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut running = Running(child.unwrap_or_else(|error| panic!("start {binary}: {error}")));
    let mut output = running.0.stdout.take().expect("it is piped");
    // Read beside: a pipe holds less than all events.
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    // There is no queue on the way: an answer comes once the events are written.
    for (port, request) in ports.into_iter().zip([all, few]) {
        post(port, &request.to_string());
    }
    drop(running);
    reader.join().expect("the reader ends").expect("events are text")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a port");
    listener.local_addr().expect("it is bound").port()
}

fn post(port: u16, body: &str) {
    let called = (0..CALLS).find_map(|_| {
        let stream = TcpStream::connect(("127.0.0.1", port)).ok();
        if stream.is_none() {
            std::thread::sleep(Duration::from_millis(100));
        }
        stream
    });
    let mut stream = called.expect("the receiver listens");
    let length = body.len();
    let head = format!(
        "POST /v1/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("the request goes out");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer comes");
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("rejected"), "{answer}");
}
