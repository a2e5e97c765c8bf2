//! The task against an API server in memory that is as strict about versions as the real one.

mod server;

use std::sync::Mutex;

use serde_json::json;
use server::{Fake, Request};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::access::ACCESS;
use crate::election::record::{ANNOTATION, LEASE, Record};

/// The simulated clocks: tokio's, which jumps where nothing else is to be done.
fn clock() -> Now {
    let begin = tokio::time::Instant::now();
    Arc::new(move || {
        let monotonic = Duration::from_secs(5000) + begin.elapsed();
        Moment { monotonic, wall: Duration::from_secs(1_795_612_498) + begin.elapsed() }
    })
}

struct Agent {
    leadership: Leadership,
    now: Now,
    told: Arc<Mutex<Vec<String>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Agent {
    fn start(fake: &Fake, name: &str, mode: Mode) -> Self {
        let (now, told) = (clock(), Arc::<Mutex<Vec<String>>>::default());
        let heard = told.clone();
        let options = Options {
            place: Place::new("agents", "lock").expect("good names"),
            identity: name.into(),
            mode,
            now: now.clone(),
            told: Box::new(move |told| heard.lock().expect("one thread").push(format!("{told:?}"))),
        };
        let (inner, leadership) = Inner::new(fake.client(name), options);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(inner.run(async move {
            let _ = stopped.await;
        }));
        Self { leadership, now, told, stop, task }
    }

    fn leads(&self) -> bool {
        self.leadership.leads((self.now)().monotonic)
    }

    /// Waits until it leads; how long that took, in seconds.
    async fn elected(&mut self) -> f64 {
        let begin = tokio::time::Instant::now();
        while !self.leads() {
            assert!(begin.elapsed() < Duration::from_secs(400), "never elected: {:?}", self.told());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        begin.elapsed().as_secs_f64()
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().expect("one thread").clone()
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.expect("it ends");
    }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

fn writes(requests: &[Request]) -> usize {
    requests.iter().filter(|request| request.method != "GET" && !request.path.ends_with("/events")).count()
}

#[tokio::test(start_paused = true)]
async fn a_lonely_agent_makes_both_objects_leads_and_says_so() {
    let fake = Fake::new();
    let mut agent = Agent::start(&fake, "node-1", Mode::Both);
    assert!(agent.elected().await < 45.0);
    seconds(1).await;
    let annotation = fake.object("configmaps").expect("it was made")["metadata"]["annotations"][ANNOTATION].clone();
    let record = Record::parse_annotation(annotation.as_str().expect("text")).expect("a record");
    assert_eq!((record.holder.as_str(), record.lease()), ("node-1", LEASE));
    assert_eq!(fake.object("leases").expect("it was made")["spec"]["holderIdentity"], "node-1");
    let event = fake.events().pop().expect("it was posted");
    assert_eq!((&event["message"], &event["reason"]), (&json!("node-1 became leader"), &json!("LeaderElection")));
    assert_eq!((&event["type"], &event["source"]["component"]), (&json!("Normal"), &json!("lock")));
    assert_eq!(event["involvedObject"]["uid"], fake.object("configmaps").expect("it is there")["metadata"]["uid"]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_makes_eight_requests_a_minute_and_a_watching_candidate_hardly_any() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    leader.elected().await;
    let candidate = Agent::start(&fake, "node-2", Mode::Both);
    seconds(60).await;
    let before = fake.requests().len();
    seconds(6000).await;
    let requests = fake.requests().split_off(before);
    let of = |name: &str| requests.iter().filter(|request| request.agent == name).count();
    assert!((780..=810).contains(&of("node-1")), "{}", of("node-1"));
    assert!(of("node-2") <= 12, "{}", of("node-2"));
    assert!(leader.leads() && !candidate.leads());
}

#[tokio::test(start_paused = true)]
async fn a_candidate_that_may_not_watch_reads_at_most_four_times_a_minute() {
    let fake = Fake::new();
    fake.forbid(|request| request.path.contains("watch=1"));
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    leader.elected().await;
    let candidate = Agent::start(&fake, "node-2", Mode::Both);
    seconds(60).await;
    let before = fake.requests().len();
    seconds(3000).await;
    let count = fake.requests().split_off(before).iter().filter(|request| request.agent == "node-2").count();
    assert!(count <= 180, "{count}");
    assert!(!candidate.leads());
    assert!(candidate.told().iter().any(|told| told == "Watched(ConfigMap, false)"), "{:?}", candidate.told());
}

#[tokio::test(start_paused = true)]
async fn a_clean_stop_hands_over_within_seconds() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    leader.elected().await;
    let mut candidate = Agent::start(&fake, "node-2", Mode::Both);
    seconds(30).await;
    leader.stop().await;
    assert!(candidate.elected().await < 5.0);
    seconds(1).await;
    let messages: Vec<_> = fake.events().into_iter().map(|event| event["message"].clone()).collect();
    assert_eq!(messages, ["node-1 became leader", "node-1 stopped leading", "node-2 became leader"]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_is_followed_in_time() {
    for (watches, most) in [(true, 65.0), (false, 90.0)] {
        let fake = Fake::new();
        if !watches {
            // As by the published manifest.
            fake.forbid(|request| request.path.contains("watch=1") || request.path.contains("/leases"));
        }
        let mut leader = Agent::start(&fake, "node-1", Mode::Both);
        leader.elected().await;
        let mut candidate = Agent::start(&fake, "node-2", Mode::Both);
        seconds(75).await;
        leader.task.abort();
        let after = candidate.elected().await;
        assert!(!leader.leads() && after < most, "{after}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_ends_the_term_and_gives_it_back() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    leader.elected().await;
    seconds(20).await;
    fake.away(true);
    seconds(41).await;
    assert!(!leader.leads());
    assert!(leader.told().contains(&"Stopped".to_owned()));
    seconds(180).await;
    fake.away(false);
    assert!(leader.elected().await < 32.0);
    assert!(leader.told().iter().any(|told| told == "Recovered(ConfigMap)"));
}

#[tokio::test(start_paused = true)]
async fn throttling_is_obeyed_and_survived() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    leader.elected().await;
    seconds(16).await;
    let before = fake.requests().len();
    fake.throttle(Some(8));
    seconds(24).await;
    let throttled = fake.requests().len() - before;
    assert!((2..=8).contains(&throttled), "{throttled}");
    fake.throttle(None);
    seconds(60).await;
    assert!(leader.leads() && !leader.told().contains(&"Stopped".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_lost_and_slow_do_not_end_a_term() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    leader.elected().await;
    fake.slow(Duration::from_secs(4));
    seconds(300).await;
    fake.slow(Duration::ZERO);
    fake.lose_every(3);
    seconds(600).await;
    assert!(leader.leads() && !leader.told().contains(&"Stopped".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn deleted_and_spoilt_objects_are_repaired() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    leader.elected().await;
    let candidate = Agent::start(&fake, "node-2", Mode::Both);
    seconds(30).await;
    fake.delete("configmaps");
    fake.delete("leases");
    seconds(60).await;
    assert!(leader.leads() && !candidate.leads());
    assert!(!leader.told().contains(&"Stopped".to_owned()), "{:?}", leader.told());
    fake.edit("configmaps", |object| object["metadata"]["annotations"][ANNOTATION] = "by hand".into());
    seconds(20).await;
    assert!(!leader.leads() && !candidate.leads());
    seconds(60).await;
    assert!(leader.leads() ^ candidate.leads());
    fake.edit("leases", |object| object["metadata"]["labels"] = json!({"a": "b"}));
    seconds(60).await;
    assert!(leader.leads() ^ candidate.leads());
    assert_eq!(fake.object("leases").expect("it is there")["metadata"]["labels"]["a"], "b");
}

#[tokio::test(start_paused = true)]
async fn a_lease_of_the_go_agent_is_respected() {
    let fake = Fake::new();
    let spec = json!({"holderIdentity": "go", "leaseDurationSeconds": 60, "renewTime": "2026-11-25T13:14:58.000000Z"});
    fake.put("leases", json!({"kind": "Lease", "metadata": {"name": "lock", "namespace": "agents"}, "spec": spec}));
    let mut agent = Agent::start(&fake, "node-1", Mode::Both);
    for second in 0..40 {
        seconds(5).await;
        let renewed = format!("2026-11-25T13:{:02}:{:02}.000000Z", 15 + second / 12, second % 12 * 5);
        fake.edit("leases", |object| object["spec"]["renewTime"] = renewed.into());
        assert!(!agent.leads());
    }
    let annotation = fake.object("configmaps").expect("it was made")["metadata"]["annotations"][ANNOTATION].clone();
    assert!(annotation.as_str().expect("text").contains("node-1"), "it waits with the ConfigMap");
    // The Go agent has died.
    let after = agent.elected().await;
    assert!((54.0..65.0).contains(&after), "{after}");
}

#[tokio::test(start_paused = true)]
async fn only_what_the_table_says_is_asked_for() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::Both);
    let _candidate = Agent::start(&fake, "node-2", Mode::Both);
    leader.elected().await;
    seconds(60).await;
    fake.delete("configmaps");
    seconds(60).await;
    leader.stop().await;
    let mut used = Vec::new();
    for request in fake.requests() {
        let path = request.path.split('?').next().expect("a path");
        let is_watch = request.path.contains("watch=1");
        assert_eq!(is_watch, request.path.contains("fieldSelector=metadata.name%3Dlock"), "watches are by name");
        let fits = |row: &&crate::access::Access| {
            let said = row.path.replace("<namespace>", "agents").replace("<lock>", "lock");
            said == path && row.method == request.method && (row.verb == "watch") == is_watch
        };
        let row = ACCESS.iter().find(fits).unwrap_or_else(|| panic!("{request:?} isn't in the table"));
        if !used.contains(&row) {
            used.push(row);
        }
    }
    let rows = ACCESS.iter().filter(|row| row.path.contains("<namespace>")).count();
    assert_eq!(used.len(), rows, "{used:?}");
    assert!(writes(&fake.requests()) > 0);
}

#[tokio::test(start_paused = true)]
async fn a_mode_leaves_the_other_object_alone() {
    for (mode, others) in [(Mode::ConfigMapOnly, "leases"), (Mode::LeaseOnly, "configmaps")] {
        let fake = Fake::new();
        let mut agent = Agent::start(&fake, "node-1", mode);
        agent.elected().await;
        agent.stop().await;
        assert!(fake.requests().iter().all(|request| !request.path.contains(others)));
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_in_time_although_nothing_answers() {
    let fake = Fake::new();
    let mut agent = Agent::start(&fake, "node-1", Mode::Both);
    agent.elected().await;
    fake.slow(Duration::from_secs(1000));
    seconds(16).await;
    let leadership = agent.leadership.clone();
    let (now, begin) = (agent.now.clone(), tokio::time::Instant::now());
    agent.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(7) && !leadership.leads(now().monotonic));
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_watched_is_known_at_once() {
    let fake = Fake::new();
    let mut leader = Agent::start(&fake, "node-1", Mode::ConfigMapOnly);
    leader.elected().await;
    let mut candidate = Agent::start(&fake, "node-2", Mode::ConfigMapOnly);
    seconds(30).await;
    leader.task.abort();
    fake.delete("configmaps");
    let after = candidate.elected().await;
    assert!((40.9..45.0).contains(&after), "{after}");
    let puts = fake.requests().iter().filter(|request| request.agent == "node-2" && request.method == "PUT").count();
    assert_eq!(puts, 0);
}

#[tokio::test(start_paused = true)]
async fn watches_that_end_at_once_and_versions_that_are_gone_do_not_become_a_flood() {
    for line in [None, Some(r#"{"type":"ERROR","object":{"kind":"Status","code":410}}"#)] {
        let fake = Fake::new();
        let mut leader = Agent::start(&fake, "node-1", Mode::ConfigMapOnly);
        leader.elected().await;
        fake.spoil_watches(line);
        let candidate = Agent::start(&fake, "node-2", Mode::ConfigMapOnly);
        seconds(600).await;
        let count = fake.requests().iter().filter(|request| request.agent == "node-2").count();
        assert!((20..200).contains(&count), "{count}");
        assert!(leader.leads() && !candidate.leads());
    }
}
