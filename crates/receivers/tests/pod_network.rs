//! A pod's network is that of its sandbox, also beside processes with other networks.

mod support;

use std::fs;
use std::time::Duration;

use catalog::RecordType;
use model::Batch;
use support::{Rig, config, find, metric, pod, pods, recording};

/// A pod of the recording with a sandbox and one container, and the process of each.
const POD: &str = "db-0";

struct Processes {
    sandbox: String,
    container: String,
    /// What `/proc/<pid>/cgroup` of each says.
    sandbox_text: String,
    container_text: String,
}

/// Finds the processes of the pod by what is recorded of them.
fn processes(rig: &Rig, uid: &str, container_id: &str) -> Processes {
    let proc = rig.scratch.root().join("proc");
    let (mut sandbox, mut container) = (None, None);
    for entry in fs::read_dir(&proc).expect("there are processes") {
        let name = entry.expect("it can be read").file_name().to_string_lossy().into_owned();
        let Ok(text) = fs::read_to_string(proc.join(&name).join("cgroup")) else { continue };
        if text.contains(container_id) {
            container = Some((name, text));
        } else if text.contains(uid) {
            sandbox = Some((name, text));
        }
    }
    let (sandbox, sandbox_text) = sandbox.expect("the pod has a sandbox");
    // Not every container's process is recorded.
    let id = sandbox_text.lines().find_map(|line| line.rsplit('/').next()).expect("it names the sandbox").to_owned();
    let container_text = sandbox_text.replace(&id, container_id);
    let (container, container_text) = container.unwrap_or(("9000000".to_owned(), container_text));
    Processes { sandbox, container, sandbox_text, container_text }
}

fn write(rig: &Rig, pid: &str, cgroup: &str, started: Option<u64>, net_dev: &str) {
    let folder = rig.scratch.root().join("proc").join(pid);
    fs::create_dir_all(folder.join("net")).expect("a folder can be made");
    fs::write(folder.join("cgroup"), cgroup).expect("it can be written");
    fs::write(folder.join("net/dev"), net_dev).expect("it can be written");
    if let Some(started) = started {
        let stat = format!("{pid} (a) b) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 {started} 1 1\n");
        fs::write(folder.join("stat"), stat).expect("it can be written");
    }
}

/// A network of its own: `lo` and a tunnel.
fn other_network(bytes: u64) -> String {
    format!("    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  tun0: {bytes} 1 0 0 0 0 0 0 {bytes} 1 0 0 0 0 0 0\n")
}

/// Interfaces of the pod in a round, and whether the pod has sums.
fn interfaces(round: &Batch) -> (Vec<String>, bool) {
    let of_pod = |record_type| find(round, record_type, "K8sPodName", POD);
    let names = of_pod(RecordType::PodNet)
        .into_iter()
        .filter_map(|record| support::text(record, "interface").map(str::to_owned));
    (names.collect(), of_pod(RecordType::Pod).iter().any(|record| metric(record, "pod_network_rx_bytes").is_some()))
}

/// The last of three rounds of the node, each with some more processes than are recorded.
fn last_round(change: impl Fn(&Rig, &Processes)) -> Batch {
    let recording = recording();
    let mut list = pods(&recording.first);
    let db = pod(&mut list, POD);
    let uid = db["metadata"]["uid"].as_str().expect("it has a uid").to_owned();
    let id = db["status"]["containerStatuses"][0]["containerID"].as_str().expect("it has one");
    let id = id.rsplit('/').next().expect("it has an id").to_owned();
    let mut rig = Rig::new(&recording, config());
    let show = |rig: &Rig, sample| {
        rig.show(sample);
        let processes = processes(rig, &uid, &id);
        change(rig, &processes);
    };
    show(&rig, &recording.first);
    rig.collector.prime();
    show(&rig, &recording.second);
    rig.collector.collect();
    rig.pass(Duration::from_secs(2));
    rig.collector.collect()
}

#[test]
fn a_process_with_a_network_of_its_own_and_a_low_number_is_not_the_pods() {
    let undisturbed = interfaces(&last_round(|_, _| {}));
    assert_eq!((undisturbed.0.len(), undisturbed.1), (1, true));
    // Without start times the first search, which comes before the first list, can only go by numbers.
    for started in [None, Some(9000)] {
        let round = last_round(|rig, processes| {
            write(rig, "7", &processes.container_text, started, &other_network(1));
            if started.is_some() {
                let net_dev =
                    fs::read_to_string(rig.scratch.root().join("proc").join(&processes.sandbox).join("net/dev"));
                write(rig, &processes.sandbox, &processes.sandbox_text, Some(100), &net_dev.expect("it is recorded"));
            }
        });
        assert_eq!(interfaces(&round), undisturbed, "{started:?}");
    }
}

#[test]
fn without_a_sandbox_the_containers_oldest_process_counts() {
    let undisturbed = interfaces(&last_round(|_, _| {}));
    let round = last_round(|rig, processes| {
        // CRI-O makes no sandbox: neither its cgroup nor its process is there.
        let proc = rig.scratch.root().join("proc");
        let net_dev = fs::read_to_string(proc.join(&processes.sandbox).join("net/dev")).expect("it is recorded");
        fs::remove_dir_all(proc.join(&processes.sandbox)).expect("it can be removed");
        let _ = fs::remove_dir_all(proc.join(&processes.container));
        for line in processes.sandbox_text.lines() {
            let path = line.splitn(3, ':').nth(2).expect("a line has a path").trim_start_matches("/..");
            for controller in ["cpu", "cpuacct", "memory", "blkio"] {
                let _ = fs::remove_dir_all(rig.scratch.root().join(format!("sys/fs/cgroup/{controller}{path}")));
            }
        }
        write(rig, "8000000", &processes.container_text, Some(100), &net_dev);
        write(rig, "7", &processes.container_text, Some(9000), &other_network(1));
        write(rig, "8", &processes.container_text, Some(101), &other_network(2));
    });
    assert_eq!(interfaces(&round), undisturbed);
}

#[test]
fn a_process_in_a_cgroup_that_only_bears_the_pods_name_is_not_the_pods() {
    let undisturbed = interfaces(&last_round(|_, _| {}));
    let round = last_round(|rig, processes| {
        let forged: String = processes
            .sandbox_text
            .lines()
            .filter_map(|line| {
                let (number, path) = line.rsplit_once(":/")?;
                Some(format!(
                    "{number}:/user.slice/user-1000.slice/user@1000.service/{}\n",
                    path.trim_start_matches("../")
                ))
            })
            .collect();
        write(rig, "7", &forged, Some(1), &other_network(1));
    });
    assert_eq!(interfaces(&round), undisturbed);
}
