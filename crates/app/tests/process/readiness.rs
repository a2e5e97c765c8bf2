//! `/ready` fails with its reason while nothing leaves the agent; `/` does not.

use std::fs;
use std::process::{Command, Stdio};

use testkit::cloudwatch_logs::{FakeCloudWatchLogs, Fault, KEYS, REGION};

use crate::support::agent::{Agent, address};
use crate::support::project;
use crate::{AT_ONCE, BINARY, EACH_SECOND, dead_endpoint, delivering, get, host, wait_for_ready};

#[test]
fn an_endpoint_that_is_dead_from_the_start_is_never_ready_and_always_healthy() {
    let mut agent = Agent::spawn(delivering(&dead_endpoint()).stdout(Stdio::null()));
    let log = agent.log_until("delivery fails");
    let address = address(&log, "health check listening");
    wait_for_ready(&address, 503, "exporter/awsemf: nothing has been delivered yet: /group stream: ");
    assert_eq!(get(&address, "/").0, 200);
    let mut ask = Command::new(BINARY);
    let asked = ask.args(["healthcheck", "--url", &format!("http://{address}/")]).status().expect("it runs");
    assert!(asked.success(), "a container's health check restarts no agent for an outage");
}

#[test]
fn an_output_that_is_full_makes_it_unready_and_one_with_room_ready() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let mut agent = Agent::spawn(host(&[EACH_SECOND, AT_ONCE]).stdout(full));
    let log = agent.log_until("export failed");
    let address_of_full = address(&log, "health check listening");
    wait_for_ready(&address_of_full, 503, "exporter/awsemf: write events: No space left on device");
    assert_eq!(get(&address_of_full, "/").0, 200);

    let mut agent = Agent::spawn(host(&[EACH_SECOND, AT_ONCE]).stdout(Stdio::null()));
    let log = agent.log_until("all components started");
    wait_for_ready(&address(&log, "health check listening"), 200, "Server available");
}

#[test]
fn an_unknown_region_and_an_unknown_cluster_make_it_unready() {
    let mut command = delivering(&dead_endpoint());
    let folder = tempfile::tempdir().expect("a scratch folder");
    for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env(name, folder.path().join("none"));
    }
    command.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").env_remove("ECS_CONTAINER_METADATA_URI_V4");
    let mut agent = Agent::spawn(command.stdout(Stdio::null()));
    let log = agent.log_until("all components started");
    wait_for_ready(&address(&log, "health check listening"), 503, "exporter/awsemf: no region");

    let mut command = Command::new(BINARY);
    command.current_dir(project().join("examples")).args([
        "--config=eks.yaml",
        "--set=exporters.awsemf.output_destination=stdout",
        "--set=extensions.health_check.endpoint=localhost:0",
        "--set=service.telemetry.metrics.level=none",
        "--set=receivers.awscontainerinsightreceiver.collection_interval=1s",
        "--set=receivers.awscontainerinsightreceiver.local_mode=true",
    ]);
    command.env_remove("AOT_CONFIG_CONTENT").envs([("HOST_NAME", "vm"), ("HOST_IP", "127.0.0.1")]);
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let mut agent = Agent::spawn(command.stdout(Stdio::null()));
    let log = agent.log_until("nothing is emitted");
    let address = address(&log, "health check listening");
    wait_for_ready(&address, 503, "receiver/awscontainerinsightreceiver: the cluster's name is unknown");
    assert_eq!(get(&address, "/").0, 200);
}

#[test]
fn an_outage_longer_than_its_grace_makes_it_unready_until_events_leave_again() {
    let fake = FakeCloudWatchLogs::http();
    let mut command = delivering(fake.endpoint());
    let (key, secret) = KEYS;
    command.envs([("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)]);
    command.env("AWS_REGION", REGION);
    command.args([
        "--set=extensions.health_check.ready_grace=5s",
        "--set=exporters.awsemf.retry_on_failure={initial_interval: 50ms, max_interval: 200ms}",
    ]);
    let mut agent = Agent::spawn(command.stdout(Stdio::null()));
    let log = agent.log_until("all components started");
    let address = address(&log, "health check listening");
    wait_for_ready(&address, 200, "Server available");
    fake.set_fault(Some(Fault::Unavailable));
    agent.log_until("delivery fails");
    assert_eq!(get(&address, "/ready").0, 200, "not before the grace is over");
    wait_for_ready(&address, 503, "exporter/awsemf: nothing has been delivered for");
    assert_eq!(get(&address, "/").0, 200);
    fake.set_fault(None);
    wait_for_ready(&address, 200, "Server available");
}
