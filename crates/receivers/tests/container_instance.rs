//! A container instance whose ECS agent, metadata and EC2 answer, fail and never answer.

mod support;

use std::fs;
use std::time::{Duration, Instant};

use catalog::RecordType;
use receivers::awscontainerinsight::Config;
use receivers::awscontainerinsight::config::{Orchestrator, RunningTasks};
use support::{Rig, config, metric, one, recording};
use testkit::ecs_agent::FakeEcsAgent;
use testkit::faults::Fault;

const ARN: &str = "arn:aws:ecs:us-west-2:111122223333:container-instance/demo/0a1b";
const RESERVED: [&str; 3] =
    ["instance_number_of_running_tasks", "instance_cpu_reserved_capacity", "instance_memory_reserved_capacity"];

fn agent() -> FakeEcsAgent {
    let agent = FakeEcsAgent::start();
    agent.set_metadata(Some("demo"), Some(ARN));
    agent
}

fn options(agent: &FakeEcsAgent) -> Config {
    Config {
        container_orchestrator: Orchestrator::Ecs,
        ecs_agent_endpoint: agent.endpoint().to_owned(),
        cluster_name: String::new(),
        ..config()
    }
}

/// An instance whose agent has been found.
fn instance(agent: &FakeEcsAgent, config: Config) -> Rig {
    let mut rig = Rig::new(&recording(), config);
    rig.show(&recording().first);
    let task = rig.scratch.root().join("sys/fs/cgroup/cpu/ecs/0123");
    fs::create_dir_all(&task).expect("the folder can be made");
    fs::write(task.join("cpu.shares"), "128\n").expect("the file can be written");
    rig.collector.prime();
    until(|| rig.collector.facts().borrow().iter().any(|(fact, _)| fact.as_str() == "ContainerInstanceId"));
    until(|| {
        round(&mut rig);
        agent.requests().iter().any(|request| request.contains("/v1/tasks"))
    });
    rig
}

fn until(holds: impl FnMut() -> bool) {
    testkit::eventually(Duration::from_secs(20), "the ECS agent was asked", holds);
}

/// What a round says of tasks.
fn round(rig: &mut Rig) -> [Option<f64>; 3] {
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    RESERVED.map(|name| metric(one(&round, RecordType::Instance, "", ""), name))
}

#[test]
fn what_tasks_reserve_outlives_a_few_silences_and_then_is_left_out() {
    let agent = agent();
    let mut rig = instance(&agent, options(&agent));
    agent.add_task("arn:aws:ecs:us-west-2:1:task/demo/0123", "RUNNING", &["d"]);
    // 128 shares of the machine's 2 CPUs; no cgroup says anything of memory.
    let known = [Some(1.0), Some(6.25), None];
    // The first round that says so is the one that the list came in.
    until(|| round(&mut rig) == known);
    agent.set_fault(Some(Fault::Huge(6 << 20)));
    let asked = || agent.requests().iter().filter(|request| request.contains("/v1/tasks")).count();
    let before = asked();
    let silent: Vec<_> = (0..4).map(|_| round(&mut rig)).collect();
    assert!(silent.iter().all(|said| *said == known), "{silent:?}");
    // A list that was under way is there by then, since one is asked for after the other.
    until(|| {
        round(&mut rig);
        asked() >= before + 2
    });
    let silent: Vec<_> = (0..6).map(|_| round(&mut rig)).collect();
    assert_eq!(silent[5], [None; 3], "{silent:?}");
    agent.set_fault(None);
    until(|| round(&mut rig) == known);
}

#[test]
fn no_task_is_a_number_only_where_it_is_asked_for() {
    for (running_tasks, expected) in [(RunningTasks::Positive, None), (RunningTasks::Always, Some(0.0))] {
        let agent = agent();
        let mut rig = instance(&agent, Config { running_tasks, ..options(&agent) });
        until(|| round(&mut rig)[1].is_some());
        assert_eq!(round(&mut rig), [expected, Some(0.0), Some(0.0)]);
    }
}

#[test]
fn no_round_waits_for_what_never_answers() {
    let agent = agent();
    agent.set_fault(Some(Fault::Hang));
    let never = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = format!("http://{}", never.local_addr().expect("it is bound"));
    let config = Config { local_mode: false, endpoint: address.clone(), ..options(&agent) };
    let mut rig = Rig::with_metadata(&recording(), config, Some(address));
    rig.show(&recording().first);
    rig.collector.prime();
    for _ in 0..10 {
        #[expect(clippy::disallowed_methods, reason = "the question is how long it really takes")]
        let began = Instant::now();
        let said = round(&mut rig);
        // Anybody who waited would wait for one of the deadlines, which are a second and more.
        assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
        assert_eq!(said, [None; 3]);
    }
}
