//! A reflector against a server that is strict about what it is asked.

mod faults;
mod lists;
mod watches;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::cluster::{DoubleBuffered, Kind, Objects as _, Workloads};
use crate::kubelet::tests::server::{Heard, Reply, Server, Then};
use crate::{ApiServer, Auth, Error, Settings};

use super::*;

const PATH: &str = crate::access::DEPLOYMENTS;

/// Short enough for a test, and long enough to tell one wait from another.
const PACE: Pace = Pace {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(40),
    refused: Duration::from_millis(150),
    unauthorized: Duration::from_millis(150),
    watch: Duration::from_secs(300),
    idle: Duration::from_secs(20),
    shortest: Duration::ZERO,
    steady: Duration::from_secs(60),
};

/// A Deployment in this version.
fn object(name: &str, version: u32) -> String {
    format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"{name}","namespace":"shop","uid":"{name}",
        "resourceVersion":"{version}","managedFields":[{{"manager":"kubectl"}}]}},"spec":{{"replicas":2}},"status":{{}}}}"#
    )
    .replace('\n', " ")
}

fn event(kind: &str, name: &str, version: u32) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{}}}\n", object(name, version))
}

fn bookmark(version: u32) -> String {
    format!(
        "{{\"type\":\"BOOKMARK\",\"object\":{{\"kind\":\"Deployment\",\"metadata\":{{\"resourceVersion\":\"{version}\"}}}}}}\n"
    )
}

/// The bookmark that ends a streamed list.
fn end(version: u32) -> String {
    bookmark(version).replace("\"}}}", "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}")
}

fn failure(code: u16) -> String {
    format!("{{\"type\":\"ERROR\",\"object\":{{\"kind\":\"Status\",\"code\":{code},\"message\":\"no good\"}}}}\n")
}

/// A stream of these lines that goes on, without another word.
fn open(lines: &[String]) -> Reply {
    chunks(lines, "", Then::Hang)
}

/// A stream that the server closes after these lines.
fn closed(lines: &[String]) -> Reply {
    chunks(lines, "0\r\n\r\n", Then::Close)
}

/// A stream that breaks off.
fn cut(lines: &[String]) -> Reply {
    chunks(lines, "", Then::Close)
}

fn chunks(lines: &[String], end: &str, then: Then) -> Reply {
    let mut text = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for line in lines {
        text += &format!("{:x}\r\n{line}\r\n", line.len());
    }
    Reply::begin(&(text + end), then)
}

fn page(names: &[&str], version: u32, next: &str) -> Reply {
    let items: Vec<_> = names.iter().map(|name| object(name, 1)).collect();
    Reply::ok(&format!(
        r#"{{"kind":"DeploymentList","metadata":{{"resourceVersion":"{version}","continue":"{next}"}},"items":[{}]}}"#,
        items.join(",")
    ))
}

fn refused(status: &str) -> Reply {
    Reply::status(status, r#"{"kind":"Status","message":"it is refused"}"#)
}

/// What a request asks for, in short; anything that isn't exactly as the API wants it is `bad`.
fn asked(heard: &Heard) -> String {
    let bad = || format!("bad {:?}", heard.head.lines().next());
    let Some(query) = heard.head.strip_prefix("GET /apis/apps/v1/deployments?").and_then(|rest| rest.split(' ').next())
    else {
        return bad();
    };
    let pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let seconds = |text: &str| text.parse().is_ok_and(|seconds| (300..=600).contains(&seconds));
    match pairs[..] {
        [("limit", "500")] => "page".into(),
        [("limit", limit)] => format!("page of {limit}"),
        [("limit", "500"), ("continue", token)] => format!("page {token}"),
        [("watch", "1"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", time), ref rest @ ..] if seconds(time) => {
            match rest {
                [("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")] => "stream".into(),
                [("resourceVersion", version)] => format!("watch {version}"),
                _ => bad(),
            }
        }
        _ => bad(),
    }
}

/// A reflector, what it fills, and the server it asks.
struct World {
    server: Server,
    reflector: Reflector,
    store: Arc<Mutex<DoubleBuffered<Workloads>>>,
    status: Arc<Status>,
}

impl World {
    async fn new(script: Vec<Reply>, pace: Pace) -> Self {
        Self::with_deadline(script, pace, Duration::from_secs(10)).await
    }

    /// A server that gives these answers one after the other, and then says nothing any more.
    async fn with_deadline(script: Vec<Reply>, pace: Pace, deadline: Duration) -> Self {
        let script = Mutex::new(VecDeque::from(script));
        let server = Server::start(None, move |_| {
            let next = script.lock().expect("no thread panicked").pop_front();
            next.unwrap_or_else(|| Reply::begin("", Then::Hang))
        })
        .await;
        let settings = Settings {
            endpoint: format!("http://127.0.0.1:{}", server.port),
            auth: Auth::None,
            deadline,
            ..Settings::default()
        };
        let reflector = Reflector::new(ApiServer::new(settings).expect("good settings"), PATH, pace);
        let status = reflector.status();
        Self { server, reflector, store: DoubleBuffered::shared(Workloads::new(Kind::Deployment)), status }
    }

    /// Runs until something is true, and then drops the running reflector.
    async fn until(&mut self, what: impl Fn(&Seen) -> bool) -> Seen {
        let (store, status, server) = (self.store.clone(), self.status.clone(), &self.server);
        let watching = async {
            let began = Instant::now();
            loop {
                sleep(Duration::from_millis(2)).await;
                let seen = Seen::of(&store, &status, server);
                if what(&seen) {
                    return seen;
                }
                assert!(began.elapsed() < Duration::from_secs(20), "it did not come true: {seen:?}");
            }
        };
        tokio::select! {
            seen = watching => seen,
            error = self.reflector.run(&mut self.store) => panic!("it ended: {error:?}"),
        }
    }
}

/// What can be seen from outside.
#[derive(Debug)]
struct Seen {
    /// Names of the objects; `None` before the first list.
    names: Option<String>,
    asked: Vec<String>,
    counts: Counts,
    report: Report,
}

impl Seen {
    fn of(store: &Mutex<DoubleBuffered<Workloads>>, status: &Status, server: &Server) -> Self {
        let store = store.lock().expect("no thread panicked");
        let names = store.current().map(|store| {
            let names: Vec<_> = store.sorted().iter().map(|workload| workload.name.to_string()).collect();
            names.join(" ")
        });
        let asked = server.heard().iter().map(asked).collect();
        Self { names, asked, counts: status.counts(), report: status.report() }
    }

    fn has(&self, names: &str) -> bool {
        self.names.as_deref() == Some(names)
    }

    fn fault(&self) -> &str {
        self.report.fault.as_deref().unwrap_or_default()
    }
}

/// Plays a script until the objects have these names.
async fn play(script: Vec<Reply>, names: &str) -> Seen {
    World::new(script, PACE).await.until(|seen| seen.has(names)).await
}
