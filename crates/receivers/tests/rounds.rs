//! What a round says of the machine, from files that change between two samples.

mod support;

use std::fs;
use std::time::Duration;

use catalog::RecordType;
use receivers::awscontainerinsight::Config;
use receivers::awscontainerinsight::config::{FsType, NodeMemory};
use serde_json::json;
use support::{Rig, config, find, metric, one, recording, text};
use testkit::hosts::Recording;
use testkit::kubelet::Route;

const BLKIO: &str = "sys/fs/cgroup/blkio";

fn write(rig: &Rig, file: &str, text: &str) {
    let path = rig.scratch.root().join(file);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}

fn disks(rig: &Rig, counters: &[(&str, u64)]) {
    for file in ["blkio.throttle.io_service_bytes", "blkio.throttle.io_service_bytes_recursive"] {
        let lines = counters.iter().map(|(device, bytes)| {
            format!("{device} Read {bytes}\n{device} Write 0\n{device} Sync {bytes}\n{device} Async 0\n{device} Total {bytes}\n")
        });
        write(rig, &format!("{BLKIO}/{file}"), &(lines.collect::<String>() + "Total 1\n"));
    }
}

#[test]
fn the_first_round_has_rates() {
    let round = Rig::primed(&recording(), config()).collector.collect();
    let node = one(&round, RecordType::Node, "", "");
    assert!(metric(node, "node_cpu_usage_total").is_some_and(|usage| usage > 0.0));
    assert!(metric(node, "node_network_rx_bytes").is_some());
    // One pod was asked to use 50 millicores.
    let busy = one(&round, RecordType::Container, "K8sPodName", "qos-guaranteed");
    let usage = metric(busy, "container_cpu_usage_total").expect("it has a rate");
    assert!((45.0..55.0).contains(&usage), "{usage}");
}

#[test]
fn counters_at_their_end_cost_their_own_sum_only() {
    let recording = recording();
    let mut rig = Rig::new(&recording, config());
    rig.show(&recording.first);
    let end = u64::MAX;
    write(&rig, "sys/fs/cgroup/memory/memory.stat", &format!("pgfault {end}\npgmajfault {end}\n"));
    rig.collector.prime();
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    let node = one(&round, RecordType::Node, "", "");
    assert_eq!(metric(node, "node_memory_pgfault"), None);
    assert_eq!(metric(node, "node_memory_failures_total"), None);
    assert!(metric(node, "node_memory_usage").is_some());
    let labels = [("metric", "node_memory_pgfault"), ("reason", "wrapped")];
    assert_eq!(rig.counted("container_insights_impossible_values", &labels), 1);
}

#[test]
fn a_value_that_is_no_number_is_counted_as_a_failure() {
    let recording = recording();
    let mut rig = Rig::new(&recording, config());
    rig.show(&recording.first);
    rig.collector.prime();
    assert_eq!(rig.counted("container_insights_source_failures", &[("source", "cgroup")]), 0);
    write(&rig, "sys/fs/cgroup/memory/memory.usage_in_bytes", "lots\n");
    rig.pass(Duration::from_secs(2));
    rig.collector.collect();
    assert_eq!(rig.counted("container_insights_source_failures", &[("source", "cgroup")]), 1);
}

#[test]
fn each_disk_has_its_own_reference() {
    let recording = recording();
    let mut rig = Rig::new(&recording, config());
    rig.show(&recording.first);
    disks(&rig, &[("8:0", 1_000_000), ("8:16", 50)]);
    rig.collector.prime();
    disks(&rig, &[("8:0", 1_002_000), ("8:16", 450)]);
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    let rate =
        |device| metric(one(&round, RecordType::NodeDiskIO, "device", device), "node_diskio_io_service_bytes_read");
    let (first, second) = (rate("8:0").expect("it has a rate"), rate("8:16").expect("it has a rate"));
    // The clock of the test goes on a little while files are read.
    assert!((900.0..=1000.0).contains(&first) && (180.0..=200.0).contains(&second), "{first} {second}");
}

#[test]
fn disks_are_counted_by_themselves_where_the_cgroups_count_nothing() {
    let recording = recording();
    let mut rig = Rig::new(&recording, config());
    rig.show(&recording.first);
    for file in fs::read_dir(rig.scratch.root().join(BLKIO)).expect("there are counters") {
        let file = file.expect("the folder can be read");
        if file.file_name().to_string_lossy().starts_with("blkio.") {
            fs::write(file.path(), "Total 0\n").expect("the file can be written");
        }
    }
    write(&rig, "proc/diskstats", " 254 0 vda 10 0 16 0 20 0 32 0 0 0 0\n");
    rig.collector.prime();
    write(&rig, "proc/diskstats", " 254 0 vda 14 0 24 0 20 0 32 0 0 0 0\n");
    rig.pass(Duration::from_secs(4));
    let round = rig.collector.collect();
    let disk = one(&round, RecordType::NodeDiskIO, "device", "/dev/vda");
    let value = |name| metric(disk, name).expect("it has a rate");
    assert!((900.0..=1024.0).contains(&value("node_diskio_io_service_bytes_read")));
    assert!((0.9..=1.0).contains(&value("node_diskio_io_serviced_total")));
    assert_eq!(value("node_diskio_io_serviced_write"), 0.0);
}

#[test]
fn file_systems_are_those_on_devices_by_the_mount_table_of_this_moment() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let table = "21 1 254:0 / / rw - ext4 /dev/vda rw\n22 21 254:16 / /data\\040one rw - xfs /dev/vdb rw\n23 21 254:16 /sub /bind rw - xfs /dev/vdb rw\n24 21 0:5 / /dev/shm rw - tmpfs tmpfs rw\n25 21 0:6 / /net rw - nfs4 server:/x rw\n";
    let cgroups = fs::read_to_string(rig.scratch.root().join("proc/1/mountinfo")).expect("there is a mount table");
    let cgroups: String =
        cgroups.lines().filter(|line| line.contains("cgroup")).map(|line| format!("{line}\n")).collect();
    write(&rig, "proc/1/mountinfo", &(table.to_owned() + &cgroups));
    let usage = |capacity: u64| json!({"capacity": capacity, "free": capacity / 4, "available": capacity / 5, "inodes": 100, "inodes_free": 40});
    let answers = json!({"/": usage(1000), "/data one": usage(4000), "/dev/shm": usage(1), "/net": usage(2)});
    write(&rig, "statfs.json", &answers.to_string());
    let round = rig.collector.collect();
    let devices: Vec<_> =
        find(&round, RecordType::NodeFS, "", "").iter().map(|record| text(record, "device")).collect();
    assert_eq!(devices, [Some("/dev/vda"), Some("/dev/vdb")]);
    let data = one(&round, RecordType::NodeFS, "device", "/dev/vdb");
    let values = ["usage", "capacity", "available", "utilization", "inodes", "inodes_free"]
        .map(|name| metric(data, &format!("node_filesystem_{name}")));
    assert_eq!(values, [3000.0, 4000.0, 800.0, 75.0, 100.0, 40.0].map(Some));
}

#[test]
fn the_type_of_a_file_system_is_vfs_unless_one_asks() {
    let fstype = |fstype| {
        let round = Rig::primed(&recording(), Config { fstype, ..config() }).collector.collect();
        let of = |record_type| text(find(&round, record_type, "", "")[0], "fstype").map(str::to_owned);
        [of(RecordType::NodeFS), of(RecordType::ContainerFS)]
    };
    assert_eq!(fstype(FsType::Vfs), [Some("vfs".to_owned()), Some("vfs".to_owned())]);
    assert_eq!(fstype(FsType::Kernel), [Some("ext4".to_owned()), Some("ext4".to_owned())]);
}

#[test]
fn a_containers_file_system_is_what_the_kubelet_measured_on_the_device_of_that_size() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let round = rig.collector.collect();
    let summary: serde_json::Value =
        serde_json::from_slice(recording.second.summary.as_deref().expect("there is one")).expect("it is JSON");
    let pods = summary["pods"].as_array().expect("it has pods");
    let container = pods
        .iter()
        .filter(|pod| pod["podRef"]["name"] == "ds-pqrvf")
        .flat_map(|pod| pod["containers"].as_array().expect("it has containers"))
        .next()
        .expect("it has one");
    let used = |part: &str| container[part]["usedBytes"].as_f64().expect("the kubelet says");
    let record = one(&round, RecordType::ContainerFS, "K8sPodName", "ds-pqrvf");
    assert_eq!(metric(record, "container_filesystem_usage"), Some(used("rootfs") + used("logs")));
    assert_eq!(metric(record, "container_filesystem_capacity"), container["rootfs"]["capacityBytes"].as_f64());
    assert_eq!(text(record, "device"), Some("/dev/vda"));

    let mut other = summary.clone();
    for pod in other["pods"].as_array_mut().expect("it has pods") {
        for container in pod["containers"].as_array_mut().expect("it has containers") {
            container["rootfs"]["capacityBytes"] = json!(12345);
        }
    }
    rig.kubelet.set_answer(Route::Summary, other.to_string());
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    assert_eq!(text(one(&round, RecordType::ContainerFS, "K8sPodName", "ds-pqrvf"), "device"), None);
}

#[test]
fn a_pod_has_its_record_by_its_own_cgroup_alone() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let before = rig.collector.collect();
    let uid =
        text(one(&before, RecordType::Pod, "K8sPodName", "qos-besteffort"), "PodId").expect("it has one").to_owned();
    for hierarchy in fs::read_dir(rig.scratch.root().join("sys/fs/cgroup")).expect("there are cgroups") {
        let pod =
            hierarchy.expect("the folder can be read").path().join("kubepods/besteffort").join(format!("pod{uid}"));
        for child in fs::read_dir(pod).into_iter().flatten().flatten().filter(|child| child.path().is_dir()) {
            fs::remove_dir_all(child.path()).expect("it can be removed");
        }
    }
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    assert!(metric(one(&round, RecordType::Pod, "K8sPodName", "qos-besteffort"), "pod_memory_usage").is_some());
    assert!(find(&round, RecordType::Container, "K8sPodName", "qos-besteffort").is_empty());
}

#[test]
fn a_nodes_memory_is_what_its_cgroups_use_or_what_is_not_available() {
    let recording = Recording::load("v2-kubernetes-systemd");
    let meminfo = fs::read_to_string(recording.second.root.join("proc/meminfo")).expect("there is one");
    let kib = |key: &str| -> f64 {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key)).expect("the line is there");
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("it is a number")
    };
    let memory = |node_memory| {
        let round = Rig::primed(&recording, Config { node_memory, ..config() }).collector.collect();
        let node = one(&round, RecordType::Node, "", "");
        [metric(node, "node_memory_usage"), metric(node, "node_memory_working_set")]
            .map(|bytes| bytes.expect("it is there"))
    };
    let unavailable = (kib("MemTotal") - kib("MemAvailable")) * 1024.0;
    assert_eq!(memory(NodeMemory::Available), [unavailable; 2]);
    let [usage, working_set] = memory(NodeMemory::Cgroup);
    assert!(working_set < usage && usage != unavailable);
}
