//! The election on a real API server with real authorisation; `beds/kubernetes/host_cluster.sh up` makes one.
//!
//! `ELECTION_KUBECONFIG` names the kubeconfig of an account that may do what the table of rights says in namespace
//! `election` and nothing else; with `ELECTION_SAMPLE` set its rights are the published manifest's, without leases and
//! watches. `nsenter --net=/run/netns/bednode cargo test -p container-insights-kubernetes --test election -- --ignored --nocapture`

#![expect(clippy::print_stdout, reason = "what was measured is read by people")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubernetes::election::{Candidate, ElectionEvent, Leadership, Mode, Moment, Now, Options, Place};
use kubernetes::{ApiServer, Auth, Settings};
use testkit::trials::{self, Outcome, Trial};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

fn settings() -> Option<Settings> {
    let path = std::env::var_os("ELECTION_KUBECONFIG")?.into();
    Some(Settings { auth: Auth::KubeConfig { path }, node_name: "node".into(), ..Settings::default() })
}

fn now() -> Moment {
    let time = |clock| {
        let time = rustix::time::clock_gettime(clock);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    Moment { monotonic: time(rustix::time::ClockId::Boottime), wall: time(rustix::time::ClockId::Realtime) }
}

struct Agent {
    leadership: Leadership,
    told: Arc<Mutex<Vec<String>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Agent {
    fn start(name: &str, lock: &str) -> Self {
        let told = Arc::<Mutex<Vec<String>>>::default();
        let heard = told.clone();
        let clock: Now = Arc::new(now);
        let options = Options {
            place: Place::new("election", lock).expect("good names"),
            identity: name.to_owned(),
            mode: Mode::Both,
            now: clock,
            told: Box::new(move |told: ElectionEvent| {
                heard.lock().expect("one thread").push(format!("{told:?}"));
            }),
        };
        let (candidate, leadership) = Candidate::new(settings().expect("it is set"), options).expect("good settings");
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(candidate.run(async move {
            let _ = stopped.await;
        }));
        Self { leadership, told, stop, task }
    }

    fn leads(&self) -> bool {
        self.leadership.leads(now().monotonic)
    }

    async fn elected(&self) -> Duration {
        let begin = Instant::now();
        while !self.leads() {
            assert!(begin.elapsed() < Duration::from_secs(120), "{:?}", self.told.lock().expect("one thread"));
            sleep(Duration::from_millis(20)).await;
        }
        begin.elapsed()
    }
}

fn main() -> ExitCode {
    let name = "a_real_api_server_elects_one_and_hands_over";
    trials::main(&[Trial { name, ignored: true, run: a_real_api_server_elects_one_and_hands_over }])
}

#[tokio::main(flavor = "current_thread")]
async fn a_real_api_server_elects_one_and_hands_over() -> Outcome {
    if settings().is_none() {
        return Outcome::NotRun("no API server: ELECTION_KUBECONFIG isn't set".to_owned());
    }
    let sample = std::env::var_os("ELECTION_SAMPLE").is_some();
    let lock = if sample { "sample-lock" } else { "minimal-lock" };
    let first = Agent::start("node-1", lock);
    println!("first elected after {:?}", first.elected().await);
    let second = Agent::start("node-2", lock);
    sleep(Duration::from_secs(18)).await;
    assert!(first.leads() && !second.leads());
    first.stop.send(()).expect("it runs");
    first.task.await.expect("it ends");
    let after = second.elected().await;
    println!("handed over after {after:?}");
    assert!(after < Duration::from_secs(if sample { 22 } else { 5 }));
    let third = Agent::start("node-3", lock);
    sleep(Duration::from_secs(5)).await;
    second.task.abort();
    let after = third.elected().await;
    println!("followed after {after:?}");
    assert!(after < Duration::from_secs(if sample { 90 } else { 75 }));
    let told = third.told.lock().expect("one thread").clone();
    let refused = told.iter().filter(|told| *told == "Notice(Refused(Lease))").count();
    assert_eq!(refused, usize::from(sample), "{told:?}");
    assert!(!told.iter().any(|told| told.starts_with("Failed") || told.starts_with("EventFailed")), "{told:?}");
    third.stop.send(()).expect("it runs");
    third.task.await.expect("it ends");
    let mut api_server = ApiServer::new(settings().expect("it is set")).expect("good settings");
    let path = "/api/v1/namespaces/election/secrets";
    let error = api_server.request(kubernetes::Method::GET, path, "", None).await.expect_err("not allowed");
    assert_eq!(error.status(), Some(403), "authorisation is on");
    Outcome::Passed
}
