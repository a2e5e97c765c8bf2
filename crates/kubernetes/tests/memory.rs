//! What a cluster of 100 000 pods costs in memory, through the real client. Slow without optimisation, so it is asked for:
//! `cargo test -p container-insights-kubernetes --release --test memory -- --ignored --nocapture`.

#![expect(clippy::print_stdout, reason = "what was measured is read by people")]

use std::fs;
use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread::spawn;
use std::time::Duration;

use kubernetes::cluster::{DoubleBuffered, Pods};
use kubernetes::watch::{Pace, Reflector};
use kubernetes::{ApiServer, Auth, Settings};
use testkit::trials::{self, Outcome, Trial};

/// The agent's own.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

const PODS: usize = 100_000;
const PAGE: usize = 500;
const MIB: usize = 1 << 20;
/// What both copies of the store and the buffers of one connection may take.
const MOST: usize = 30 * MIB;

/// A pod as the API server writes it, of 3 to 5 kB.
fn pod(number: usize, version: usize) -> String {
    let (namespace, phase) = (number % 300, if number.is_multiple_of(10) { "Succeeded" } else { "Running" });
    let uid = format!("{:08x}-0000-4000-8000-{:012x}", number.wrapping_mul(2_654_435_761) as u32, number);
    let mut managed = String::new();
    for field in 0..20 + number % 20 {
        managed += &format!(r#""f:field-{field}":{{".":{{}},"f:name":{{}},"f:resources":{{}}}},"#);
    }
    format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"app-{namespace}-6d4b75cb6d-{number:05}","generateName":"app-",
"namespace":"team-{namespace}","uid":"{uid}","resourceVersion":"{version}","creationTimestamp":"2026-01-05T10:00:00Z",
"labels":{{"app":"app-{namespace}","pod-template-hash":"6d4b75cb6d"}},"annotations":{{"note":"a \"quoted\" text\nof lines"}},
"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"app-{namespace}-6d4b75cb6d","uid":"{uid}"}}],
"managedFields":[{{"manager":"kubelet","operation":"Update","fieldsV1":{{{managed}"f:status":{{}}}}}}]}},
"spec":{{"volumes":[{{"name":"kube-api-access","projected":{{"sources":[{{"serviceAccountToken":{{"expirationSeconds":3607}}}}]}}}}],
"containers":[{{"name":"app","image":"registry.example/team/app:1.2.3","ports":[{{"name":"http","containerPort":8080}}],
"resources":{{"limits":{{"cpu":"500m","memory":"256Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},
"terminationMessagePath":"/dev/termination-log","imagePullPolicy":"IfNotPresent"}}],"nodeName":"ip-10-0-0-1.ec2.internal",
"tolerations":[{{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}]}},
"status":{{"phase":"{phase}","conditions":[{{"type":"Ready","status":"True","lastTransitionTime":"2026-01-05T10:00:00Z"}}],
"hostIP":"10.0.0.1","podIP":"10.1.2.3","containerStatuses":[{{"name":"app","ready":true,"restartCount":0,
"image":"registry.example/team/app:1.2.3","imageID":"registry.example/team/app@sha256:{uid}{uid}",
"containerID":"containerd://{uid}{uid}","state":{{"running":{{"startedAt":"2026-01-05T10:00:00Z"}}}}}}],"qosClass":"Burstable"}}}}"#
    )
    .replace('\n', "")
}

/// An answer in chunks.
struct Chunks<'a>(&'a mut TcpStream);

impl Chunks<'_> {
    fn begin(socket: &mut TcpStream) -> Result<Chunks<'_>> {
        socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        Ok(Chunks(socket))
    }

    fn say(&mut self, text: &str) -> Result<()> {
        self.0.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
    }

    fn stream_list(&mut self, first: usize) -> Result<()> {
        for number in first..first + PODS {
            self.say(&format!("{{\"type\":\"ADDED\",\"object\":{}}}\n", pod(number, number)))?;
        }
        self.say("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n")
    }

    fn end(self) -> Result<()> {
        self.0.write_all(b"0\r\n\r\n")
    }
}

/// Serves one connection: lists that grow old at once, the second of other pods.
fn serve(mut socket: TcpStream, streams: bool, lists: &AtomicUsize) -> Result<()> {
    let mut reader = BufReader::new(socket.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let is_list = head.contains("sendInitialEvents") || head.contains("limit=");
        let is_first = !head.contains("continue=");
        if is_list && is_first && (streams || head.contains("limit=")) {
            lists.fetch_add(1, Ordering::Relaxed);
        }
        let round = lists.load(Ordering::Relaxed);
        let first = round.saturating_sub(1) * PODS / 2;
        if head.contains("limit=") {
            let begin: usize = head
                .split_once("continue=")
                .and_then(|(_, rest)| rest.split(' ').next())
                .and_then(|token| token.parse().ok())
                .unwrap_or(0);
            let next = if begin + PAGE < PODS { (begin + PAGE).to_string() } else { String::new() };
            let mut chunks = Chunks::begin(&mut socket)?;
            chunks.say(&format!(
                "{{\"kind\":\"PodList\",\"metadata\":{{\"resourceVersion\":\"9\",\"continue\":\"{next}\"}},\"items\":["
            ))?;
            for number in begin..begin + PAGE {
                let comma = if number > begin { "," } else { "" };
                chunks.say(&format!("{comma}{}", pod(first + number, number)))?;
            }
            chunks.say("]}")?;
            chunks.end()?;
        } else if head.contains("sendInitialEvents") && !streams {
            socket.write_all(b"HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 0\r\n\r\n")?;
        } else {
            let mut chunks = Chunks::begin(&mut socket)?;
            if head.contains("sendInitialEvents") {
                chunks.stream_list(first)?;
            }
            if round == 1 {
                chunks.say("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n")?;
                return chunks.end();
            }
            // The last watch stays open.
            reader.read_line(&mut head)?;
        }
    }
}

fn memory(key: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("it is this process's own");
    let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("the line is there");
    let kib: usize = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("it is a number");
    kib * 1024
}

/// Lists twice, and tells what it took.
async fn measure(streams: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let lists = Arc::new(AtomicUsize::new(0));
    spawn(move || {
        for socket in listener.incoming().flatten() {
            let lists = lists.clone();
            // A client that hangs up is what happens at the end.
            spawn(move || drop(serve(socket, streams, &lists)));
        }
    });
    let settings = Settings {
        endpoint: format!("http://127.0.0.1:{port}"),
        auth: Auth::None,
        deadline: Duration::from_secs(60),
        ..Settings::default()
    };
    let mut reflector =
        Reflector::new(ApiServer::new(settings).expect("good settings"), "/api/v1/pods", Pace::default());
    let (mut store, status) = (DoubleBuffered::shared(Pods::default()), reflector.status());
    let (seen, before, began) = (store.clone(), memory("VmRSS"), tokio::time::Instant::now());
    let watching = async {
        let mut first = None;
        while status.counts().lists < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if first.is_none() && status.counts().lists == 1 {
                first = Some((began.elapsed(), memory("VmHWM")));
            }
        }
        first.expect("there was a first list")
    };
    let (time, after_first) = tokio::select! {
        first = watching => first,
        error = reflector.run(&mut store) => panic!("it ended: {error}"),
    };
    let counts = status.counts();
    let (most, now) = (memory("VmHWM"), memory("VmRSS"));
    let mib = |bytes: usize| bytes as f64 / MIB as f64;
    let told = format!(
        "streams: {streams}, pods of {} bytes, first list in {time:.1?}; MiB before {:.1}, most by the first list {:.1}, by the second \
         {:.1}, after it {:.1}; {counts:?}",
        counts.bytes as usize / 2 / PODS,
        mib(before),
        mib(after_first),
        mib(most),
        mib(now),
    );
    let store = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let pods = store.current().expect("it is complete");
    assert_eq!((pods.count(), pods.running()), (PODS, PODS / 10 * 9));
    assert_eq!(pods.running_by_namespace().len(), 300 - 30);
    assert!(most - before <= MOST, "{} MiB", mib(most - before));
    told
}

fn main() -> ExitCode {
    let name = "a_hundred_thousand_pods_listed_twice_fit_in_thirty_mebibytes";
    // It reads 800 MB.
    trials::main(&[Trial { name, ignored: true, run: a_hundred_thousand_pods_listed_twice_fit_in_thirty_mebibytes }])
}

#[tokio::main(flavor = "current_thread")]
async fn a_hundred_thousand_pods_listed_twice_fit_in_thirty_mebibytes() -> Outcome {
    if cfg!(debug_assertions) {
        return Outcome::NotRun("it is measured with optimisation only (--release)".to_owned());
    }
    for streams in [true, false] {
        println!("{}", measure(streams).await);
    }
    Outcome::Passed
}
