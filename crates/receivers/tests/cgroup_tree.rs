//! A tree of cgroups in which a user without rights makes too much, or forges: the node and its pods stay as they are.

mod support;

use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use catalog::RecordType;
use model::Batch;
use receivers::awscontainerinsight::Config;
use support::{Rig, config, find, metric, one, text};
use testkit::hosts::Recording;

const TOP: &str = "sys/fs/cgroup";
const USERS: &str = "sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service";

/// A second round of a node in whose tree something is made after the first.
fn round(make: impl Fn(&Path)) -> (Rig, Batch) {
    let recording = Recording::load("v2-kubernetes-systemd");
    // With a long interval a round waits long for the kubelet, however busy the machine is.
    let patient = Config { collection_interval: Duration::from_secs(60), ..config() };
    let mut rig = Rig::primed(&recording, patient);
    make(rig.scratch.root());
    rig.pass(Duration::from_secs(1));
    let round = rig.collector.collect();
    (rig, round)
}

/// What a round says of pods and containers and of the node, but for rates, in which the clock has a part.
fn outline(round: &Batch) -> Vec<(String, Option<f64>)> {
    let mut lines = Vec::new();
    for (record_type, name, metrics) in [
        (RecordType::Node, "NodeName", ["node_memory_usage", "node_number_of_running_pods"]),
        (RecordType::Pod, "PodId", ["pod_memory_usage", "pod_memory_working_set"]),
        (RecordType::Container, "ContainerId", ["container_memory_usage", "container_memory_working_set"]),
    ] {
        for record in find(round, record_type, "", "") {
            let whose = text(record, name).unwrap_or_default();
            lines.extend(metrics.iter().map(|name| (format!("{whose} {name}"), metric(record, name))));
        }
    }
    lines.sort_by(|left, right| left.0.cmp(&right.0));
    lines
}

fn message(rig: &mut Rig) -> String {
    rig.collector.failures().message().unwrap_or_default()
}

#[test]
fn seventeen_directories_of_a_user_cost_the_node_nothing() {
    let (_, whole) = round(|_| {});
    let (mut rig, attacked) = round(|root| {
        let above = root.join(USERS);
        fs::create_dir_all(&above).expect("a folder can be made");
        // Each is made in the handle of the one above: the path gets longer than the kernel takes.
        let mut above = fs::File::open(above).expect("it can be opened");
        for _ in 0..17 {
            let (name, flags) = ("x".repeat(250), rustix::fs::OFlags::RDONLY);
            rustix::fs::mkdirat(above.as_fd(), &name, rustix::fs::Mode::RWXU).expect("it can be made");
            let below = rustix::fs::openat(above.as_fd(), &name, flags, rustix::fs::Mode::empty());
            above = below.expect("it can be opened").into();
        }
    });
    assert!(metric(one(&attacked, RecordType::Node, "", ""), "node_cpu_usage_total").is_some());
    assert_eq!(outline(&attacked), outline(&whole));
    assert_eq!(message(&mut rig), "sources that fail: cgroup directories");
}

#[test]
fn a_users_directories_are_cut_and_the_status_says_so() {
    let (_, whole) = round(|_| {});
    let (mut rig, attacked) = round(|root| {
        for at in 0..5000 {
            fs::create_dir_all(root.join(USERS).join(format!("d{at}"))).expect("a folder can be made");
        }
    });
    assert_eq!(outline(&attacked), outline(&whole));
    let message = message(&mut rig);
    assert!(message.starts_with("too many cgroups below /user.slice: "), "{message}");
    // The recording has a few of its own.
    let cut = rig.counted("container_insights_cut_by_limits", &[("limit", "cgroup tree")]);
    assert!((905..950).contains(&cut), "{cut}");
    fs::remove_dir_all(rig.scratch.root().join(USERS)).expect("it can be removed");
    rig.pass(Duration::from_secs(1));
    rig.collector.collect();
    assert_eq!(rig.collector.failures().message(), None);
}

#[test]
fn a_forged_pod_changes_no_number_and_is_reported() {
    let (_, whole) = round(|_| {});
    let (mut rig, attacked) = round(|root| {
        let pods = fs::read_dir(root.join(TOP).join("kubepods.slice")).expect("there are pods");
        let names = pods.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned());
        let real =
            names.filter(|name| name.contains("-pod") && name.ends_with(".slice")).min().expect("one is guaranteed");
        let forged = root.join(USERS).join(real.replace("kubepods-", "x-"));
        fs::create_dir_all(&forged).expect("a folder can be made");
        fs::write(forged.join("memory.current"), "1099511627776\n").expect("it can be written");
        fs::write(forged.join("memory.stat"), "anon 1099511627776\n").expect("it can be written");
        fs::write(forged.join("cpu.stat"), "usage_usec 1\nuser_usec 1\nsystem_usec 0\n").expect("it can be written");
    });
    assert_eq!(outline(&attacked), outline(&whole));
    let message = message(&mut rig);
    assert!(message.starts_with("cgroup /user.slice/user-1000.slice/user@1000.service/x-pod"), "{message}");
}

#[test]
fn cgroups_that_ended_pods_left_over_take_no_pod_of_the_list_away() {
    let (_, whole) = round(|_| {});
    let (mut rig, attacked) = round(|root| {
        for at in 0..2150 {
            let name = format!("kubepods-pod{at:032x}.slice");
            fs::create_dir_all(root.join(TOP).join("kubepods.slice").join(name)).expect("a folder can be made");
        }
    });
    assert_eq!(outline(&attacked), outline(&whole));
    let cut = rig.counted("container_insights_cut_by_limits", &[("limit", "pods that the kubelet does not list")]);
    assert_eq!(cut, 2150 - 2048);
    assert!(message(&mut rig).starts_with("102 cgroups of pods that the kubelet does not list"));
}
