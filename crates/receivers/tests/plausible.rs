//! Numbers that can't be true, from every source: they are left out and counted, and what is true beside them stays.

mod support;

use std::fs;
use std::time::Duration;

use catalog::RecordType;
use receivers::awscontainerinsight::Config;
use receivers::awscontainerinsight::config::{DiskNames, FilesystemUtilization, IdleDevices, NodeMemory};
use serde_json::{Value as Json, json};
use support::{Rig, config, find, metric, one, recording, text};
use testkit::hosts::Recording;
use testkit::kubelet::Route;

const BLKIO: &str = "sys/fs/cgroup/blkio";
const COUNTER: &str = "container_insights_impossible_values";

fn write(rig: &Rig, file: &str, text: &str) {
    let path = rig.scratch.root().join(file);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}

fn second(file: &str) -> String {
    fs::read_to_string(recording().second.root.join(file)).expect("it was recorded")
}

fn left_out(rig: &Rig, metric: &str, reason: &str) -> u64 {
    rig.counted(COUNTER, &[("metric", metric), ("reason", reason)])
}

/// A node with the file systems `/` and `/data`.
fn with_file_systems(config: Config, answers: &Json) -> Rig {
    let rig = Rig::primed(&recording(), config);
    let cgroups = second("proc/1/mountinfo");
    let cgroups: String =
        cgroups.lines().filter(|line| line.contains("cgroup")).flat_map(|line| [line, "\n"]).collect();
    let disks = "21 1 254:0 / / rw - ext4 /dev/vda rw\n22 21 254:16 / /data rw - xfs /dev/vdb rw\n";
    write(&rig, "proc/1/mountinfo", &(disks.to_owned() + &cgroups));
    write(&rig, "statfs.json", &answers.to_string());
    rig
}

#[test]
fn a_file_system_with_numbers_below_zero_keeps_its_true_ones() {
    let answers = json!({
        "/": {"capacity": 107_374_182_400_u64, "free": 64_424_509_440_u64, "available": 53_687_091_200_u64, "inodes": 1000, "inodes_free": 900},
        "/data": {"capacity": 879_510_155_264_u64, "free": u64::MAX, "available": u64::MAX, "inodes": 100, "inodes_free": u64::MAX - 8},
    });
    let mut rig = with_file_systems(config(), &answers);
    let round = rig.collector.collect();
    let names = ["usage", "capacity", "available", "utilization", "inodes", "inodes_free"];
    let values = |device| {
        let record = one(&round, RecordType::NodeFS, "device", device);
        names.map(|name| metric(record, &format!("node_filesystem_{name}")))
    };
    let root = [42_949_672_960.0, 107_374_182_400.0, 53_687_091_200.0, 40.0, 1000.0, 900.0];
    assert_eq!(values("/dev/vda"), root.map(Some));
    assert_eq!(values("/dev/vdb"), [None, Some(879_510_155_264.0), None, None, Some(100.0), None]);
    for name in ["usage", "available", "utilization", "inodes_free"] {
        assert_eq!(left_out(&rig, &format!("node_filesystem_{name}"), "wrapped"), 1, "{name}");
    }
    // More than there is, without having wrapped.
    let answers = json!({"/": {"capacity": 100, "free": 101, "available": 100, "inodes": 5, "inodes_free": 6}});
    write(&rig, "statfs.json", &answers.to_string());
    let round = rig.collector.collect();
    let record = one(&round, RecordType::NodeFS, "device", "/dev/vda");
    let values = names.map(|name| metric(record, &format!("node_filesystem_{name}")));
    assert_eq!(values, [None, Some(100.0), Some(100.0), None, Some(5.0), None]);
    assert_eq!(left_out(&rig, "node_filesystem_usage", "exceeds"), 1);
}

#[test]
fn a_file_system_is_as_full_as_df_says_where_one_asks() {
    // 5 of 100 blocks are reserved: `df` rounds 40 of 95 up to 43 %.
    let answers = json!({"/": {"capacity": 100, "free": 60, "available": 55}, "/data": {"capacity": 0, "free": 0, "available": 0}});
    let utilization = |filesystem_utilization| {
        let mut rig = with_file_systems(Config { filesystem_utilization, ..config() }, &answers);
        let round = rig.collector.collect();
        ["/dev/vda", "/dev/vdb"]
            .map(|device| metric(one(&round, RecordType::NodeFS, "device", device), "node_filesystem_utilization"))
    };
    assert_eq!(utilization(FilesystemUtilization::Capacity), [Some(40.0), None]);
    assert_eq!(utilization(FilesystemUtilization::Df), [Some(40.0 / 95.0 * 100.0), None]);
}

#[test]
fn a_container_that_uses_more_than_there_is_has_no_usage() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let mut summary: Json =
        serde_json::from_slice(recording.second.summary.as_deref().expect("there is one")).expect("it is JSON");
    for pod in summary["pods"].as_array_mut().expect("it has pods") {
        for container in pod["containers"].as_array_mut().expect("it has containers") {
            container["rootfs"]["usedBytes"] = json!(u64::MAX);
            container["rootfs"]["availableBytes"] = json!(i64::MAX);
        }
    }
    rig.kubelet.set_answer(Route::Summary, summary.to_string());
    let round = rig.collector.collect();
    let record = one(&round, RecordType::ContainerFS, "K8sPodName", "ds-pqrvf");
    let values =
        ["usage", "utilization", "available"].map(|name| metric(record, &format!("container_filesystem_{name}")));
    assert_eq!(values, [None; 3]);
    assert!(metric(record, "container_filesystem_capacity").is_some());
    assert!(left_out(&rig, "container_filesystem_usage", "wrapped") > 0);
    assert!(left_out(&rig, "container_filesystem_available", "exceeds") > 0);
}

#[test]
fn memory_beyond_the_machines_is_left_out_with_all_that_is_made_of_it() {
    let recording = Recording::load("v2-kubernetes-systemd");
    let mut rig = Rig::primed(&recording, config());
    let before = rig.collector.collect();
    let pod = find(&before, RecordType::Pod, "", "")
        .into_iter()
        .find(|pod| metric(pod, "pod_memory_utilization_over_pod_limit").is_some());
    let pod = pod.expect("a pod with a limit was recorded");
    let (name, uid) = (
        text(pod, "K8sPodName").expect("it has one").to_owned(),
        text(pod, "PodId").expect("it has one").replace('-', "_"),
    );
    let mut found = Vec::new();
    let mut folders = vec![rig.scratch.root().join("sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("it can be read").flatten().filter(|entry| entry.path().is_dir()) {
            if entry.file_name().to_string_lossy().ends_with(&format!("pod{uid}.slice")) {
                found.push(entry.path());
            }
            folders.push(entry.path());
        }
    }
    assert_eq!(found.len(), 1);
    for (current, reason) in [("1152921504606846976\n", "exceeds"), ("18446744073709547520\n", "wrapped")] {
        fs::write(found[0].join("memory.current"), current).expect("it can be written");
        rig.pass(Duration::from_secs(2));
        let round = rig.collector.collect();
        let pod = one(&round, RecordType::Pod, "K8sPodName", &name);
        for name in ["usage", "working_set", "utilization", "utilization_over_pod_limit"] {
            assert_eq!(metric(pod, &format!("pod_memory_{name}")), None, "{name} {reason}");
        }
        assert!(metric(pod, "pod_memory_rss").is_some());
        assert_eq!(left_out(&rig, "pod_memory_usage", reason), 1);
    }
    fs::write(found[0].join("memory.current"), "1048576\n").expect("it can be written");
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    assert_eq!(metric(one(&round, RecordType::Pod, "K8sPodName", &name), "pod_memory_usage"), Some(1_048_576.0));
}

#[test]
fn a_machine_that_grew_is_measured_by_its_new_size() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, config());
    let total =
        metric(one(&rig.collector.collect(), RecordType::Node, "", ""), "node_memory_limit").expect("it is known");
    let grown = total * 3.0;
    write(&rig, "proc/meminfo", &format!("MemTotal: {} kB\n", grown / 1024.0));
    write(&rig, "sys/fs/cgroup/memory/memory.usage_in_bytes", &format!("{}\n", total * 2.0));
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    assert_eq!(metric(one(&round, RecordType::Node, "", ""), "node_memory_usage"), None);
    rig.pass(Duration::from_secs(2));
    let round = rig.collector.collect();
    let node = one(&round, RecordType::Node, "", "");
    assert_eq!(metric(node, "node_memory_usage"), Some(total * 2.0));
    assert_eq!(metric(node, "node_memory_limit"), Some(grown));
}

#[test]
fn a_counter_that_went_back_is_counted_and_missing_once() {
    let recording = recording();
    let mut rig = Rig::new(&recording, config());
    rig.show(&recording.first);
    let line = |bytes: u64| {
        format!(
            "h|h\nh|h\n  eth0: {bytes} 10 0 0 0 0 0 0 500 10 0 0 0 0 0 0\n wan|0: {bytes} 10 0 0 0 0 0 0 500 10 0 0 0 0 0 0\n"
        )
    };
    let mut rates = Vec::new();
    for bytes in [10_000_u64, 30_000, 5000, 7000] {
        write(&rig, "proc/1/net/dev", &line(bytes));
        rig.pass(Duration::from_secs(1000));
        let round = rig.collector.collect();
        let record = find(&round, RecordType::NodeNet, "interface", "wan|0").into_iter().next().cloned();
        rates.push(record.and_then(|record| metric(&record, "node_interface_network_rx_bytes")).map(f64::round));
        // Both are part of the node's.
        rates.push(metric(one(&round, RecordType::Node, "", ""), "node_network_rx_bytes").map(f64::round));
    }
    assert_eq!(rates, [None, None, Some(20.0), Some(40.0), None, None, Some(2.0), Some(4.0)]);
    assert_eq!(left_out(&rig, "node_network_rx_bytes", "backwards"), 1);
    assert_eq!(rig.counted("container_insights_source_failures", &[("source", "net/dev")]), 0);
}

fn blkio(rig: &Rig, pair: &str, disks: &[(&str, u64)]) {
    let text: String = disks
        .iter()
        .map(|(disk, bytes)| format!("{disk} Read {bytes}\n{disk} Write 0\n{disk} Total {bytes}\n"))
        .collect();
    for file in ["io_serviced_recursive", "io_service_bytes_recursive"] {
        write(rig, &format!("{BLKIO}/blkio.{pair}{file}"), &(text.clone() + "Total 1\n"));
    }
}

/// A node on which every counter of block I/O is gone but those that a test writes.
fn without_block_io(config: Config) -> Rig {
    let recording = recording();
    let rig = Rig::new(&recording, config);
    rig.show(&recording.first);
    for file in fs::read_dir(rig.scratch.root().join(BLKIO)).expect("there are counters").flatten() {
        if file.file_name().to_string_lossy().starts_with("blkio.") {
            fs::remove_file(file.path()).expect("the file can be removed");
        }
    }
    rig
}

fn read_bytes(rig: &mut Rig, devices: &[&str]) -> Vec<Option<f64>> {
    rig.pass(Duration::from_secs(1000));
    let round = rig.collector.collect();
    let rate = |device: &&str| {
        let record = find(&round, RecordType::NodeDiskIO, "device", device).into_iter().next();
        record.and_then(|record| metric(record, "node_diskio_io_service_bytes_read"))
    };
    devices.iter().map(rate).collect()
}

/// Rates as they should be; the clock of the tests goes on a little while files are read.
fn assert_near(rates: &[Option<f64>], expected: &[f64]) {
    let near = rates
        .iter()
        .zip(expected)
        .all(|(rate, expected)| rate.is_some_and(|rate| (expected * 0.999..=expected * 1.001).contains(&rate)));
    assert!(near && rates.len() == expected.len(), "{rates:?} {expected:?}");
}

#[test]
fn each_disk_is_counted_by_whoever_serves_it() {
    for scheduler in ["bfq.", ""] {
        let mut rig = without_block_io(config());
        let show = |rig: &Rig, sda: u64, nvme: u64, vda: u64| {
            blkio(rig, scheduler, &[("8:0", sda)]);
            blkio(rig, "throttle.", &[("8:0", sda * 2), ("259:0", nvme)]);
            write(
                rig,
                "proc/diskstats",
                &format!(" 254 0 vda 10 0 {vda} 0 20 0 32 0 0 0 0\n 7 0 loop0 1 0 9 0 0 0 0 0 0 0 0\n"),
            );
        };
        show(&rig, 1000, 1_000_000, 0);
        assert_eq!(read_bytes(&mut rig, &["8:0"]), [None]);
        show(&rig, 3_001_000, 13_288_000, 2000);
        // The disk that no cgroup counts is there by its own numbers.
        assert_near(&read_bytes(&mut rig, &["8:0", "259:0", "/dev/vda"]), &[3000.0, 12_288.0, 1024.0]);
    }
}

#[test]
fn a_kernel_that_counts_the_root_cgroup_alone_is_not_asked_for_the_node() {
    let mut rig = without_block_io(config());
    let show = |rig: &Rig, cgroup: u64, sectors: u64| {
        for file in ["io_serviced", "io_service_bytes"] {
            write(
                rig,
                &format!("{BLKIO}/blkio.throttle.{file}"),
                &format!("254:0 Read {cgroup}\n254:0 Total {cgroup}\n8:0 Read {cgroup}\n"),
            );
        }
        write(rig, "proc/diskstats", &format!(" 254 0 vda 10 0 {sectors} 0 20 0 32 0 0 0 0\n"));
    };
    show(&rig, 0, 0);
    read_bytes(&mut rig, &[]);
    show(&rig, 5000, 20_000);
    // 20 000 sectors in 1 000 s; the other disk has no numbers of its own.
    assert_near(&read_bytes(&mut rig, &["/dev/vda", "8:0"]), &[10_240.0, 5.0]);
}

#[test]
fn zeros_of_a_policy_that_counts_nothing_are_no_numbers_of_a_disk() {
    // As recorded of Linux 6.1 without a throttling rule, where `/proc/diskstats` had 14 reads and 346 writes meanwhile.
    let mut rig = Rig::primed(&Recording::load("v1-hybrid-systemd"), config());
    let round = rig.collector.collect();
    let disk = one(&round, RecordType::NodeDiskIO, "device", "/dev/root");
    let rate = |name: &str| metric(disk, &format!("node_diskio_{name}")).expect("it has a rate");
    let seconds = 14.0 / rate("io_serviced_read");
    assert!(seconds > 1.0, "{seconds}");
    for (name, count) in [
        ("io_serviced_write", 346.0),
        ("io_serviced_total", 360.0),
        ("io_service_bytes_read", 664.0 * 512.0),
        ("io_service_bytes_write", 17_608.0 * 512.0),
    ] {
        assert_near(&[Some(rate(name) * seconds)], &[count]);
    }
    assert_eq!(metric(disk, "node_diskio_io_serviced_async"), None);
}

#[test]
fn a_policy_that_begins_to_count_costs_no_round() {
    let mut rig = without_block_io(config());
    let show = |rig: &Rig, throttled: u64, sectors: u64| {
        blkio(rig, "throttle.", &[("254:0", throttled)]);
        write(rig, "proc/diskstats", &format!(" 254 0 vda 10 0 {sectors} 0 20 0 32 0 0 0 0\n"));
    };
    show(&rig, 0, 2000);
    read_bytes(&mut rig, &[]);
    show(&rig, 0, 4000);
    assert_near(&read_bytes(&mut rig, &["/dev/vda"]), &[1024.0]);
    // From nothing to 4 096 000 bytes in 1 000 s, of which the disk's own numbers know more.
    show(&rig, 4_096_000, 14_000);
    assert_near(&read_bytes(&mut rig, &["/dev/vda"]), &[4096.0]);
    show(&rig, 8_192_000, 24_000);
    assert_near(&read_bytes(&mut rig, &["/dev/vda"]), &[4096.0]);
}

#[test]
fn a_disk_whose_name_has_a_slash_is_named_as_its_mount_or_as_in_go() {
    for (disk_names, device) in [(DiskNames::Device, "/dev/cciss/c0d0"), (DiskNames::Go, "/dev/cciss!c0d0")] {
        let mut rig = without_block_io(Config { disk_names, ..config() });
        write(&rig, "sys/block/cciss!c0d0/dev", "104:0\n");
        let line = |sectors: u64| format!("104 0 cciss/c0d0 1000 0 {sectors} 0 200 0 1600 0 0 0 0\n");
        write(&rig, "proc/diskstats", &line(0));
        read_bytes(&mut rig, &[]);
        write(&rig, "proc/diskstats", &line(2000));
        assert_near(&read_bytes(&mut rig, &[device]), &[1024.0]);
    }
}

#[test]
fn devices_that_never_did_anything_are_left_out_where_one_asks() {
    let seen = |idle_devices| {
        let mut rig = without_block_io(Config { idle_devices, ..config() });
        write(&rig, "sys/block/zram0/dev", "252:0\n");
        write(&rig, "proc/diskstats", " 254 0 vda 10 0 16 0 20 0 32 0 0 0 0\n 252 0 zram0 0 0 0 0 0 0 0 0 0 0 0\n");
        let idle = " 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        write(&rig, "proc/1/net/dev", &format!("eth0: 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\nifb0:{idle}ifb1:{idle}"));
        rig.collector.prime();
        rig.pass(Duration::from_secs(2));
        let round = rig.collector.collect();
        let all = |record_type, attribute| -> Vec<String> {
            find(&round, record_type, "", "")
                .iter()
                .filter_map(|record| text(record, attribute))
                .map(str::to_owned)
                .collect()
        };
        (all(RecordType::NodeDiskIO, "device"), all(RecordType::NodeNet, "interface"))
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(seen(IdleDevices::Report), (names(&["/dev/vda", "/dev/zram0"]), names(&["eth0", "ifb0", "ifb1"])));
    assert_eq!(seen(IdleDevices::Omit), (names(&["/dev/vda"]), names(&["eth0"])));
}

#[test]
fn what_is_not_available_is_used_on_cgroup_v1_too() {
    let recording = recording();
    let mut rig = Rig::primed(&recording, Config { node_memory: NodeMemory::Available, ..config() });
    let node = |rig: &mut Rig| {
        rig.pass(Duration::from_secs(2));
        let round = rig.collector.collect();
        let node = one(&round, RecordType::Node, "", "");
        ["limit", "usage", "working_set", "rss"].map(|name| metric(node, &format!("node_memory_{name}")))
    };
    let meminfo = second("proc/meminfo");
    let kilobytes = |key: &str| -> f64 {
        let line = meminfo.lines().find(|line| line.starts_with(key)).expect("the line is there");
        line.split_whitespace().nth(1).expect("it has a number").parse().expect("it is a number")
    };
    let used = (kilobytes("MemTotal:") - kilobytes("MemAvailable:")) * 1024.0;
    let [total, usage, working_set, rss] = node(&mut rig);
    assert_eq!((usage, working_set), (Some(used), Some(used)));
    assert!(total.is_some() && rss.is_some());
    // More available than there is, and nothing said of it: no number in the place of the wanted one.
    let more = format!("MemAvailable: {} kB\nMem", kilobytes("MemTotal:") * 2.0);
    write(&rig, "proc/meminfo", &meminfo.replace("MemAvailable:", &more));
    assert_eq!(node(&mut rig)[1..3], [None, None]);
    write(&rig, "proc/meminfo", &meminfo.replace("MemAvailable:", "MemNothing:"));
    assert_eq!(node(&mut rig)[1..3], [None, None]);
    assert_eq!(left_out(&rig, "node_memory_usage", "exceeds"), 1);
}

#[test]
fn swap_that_could_not_be_read_is_not_zero() {
    let recording = Recording::load("v2-kubernetes-systemd");
    let mut rig = Rig::primed(&recording, config());
    let swap = |rig: &mut Rig, meminfo: &str| {
        let all = fs::read_to_string(recording.second.root.join("proc/meminfo")).expect("it was recorded");
        let all: String = all.lines().filter(|line| !line.starts_with("Swap")).flat_map(|line| [line, "\n"]).collect();
        write(rig, "proc/meminfo", &(all + meminfo));
        rig.pass(Duration::from_secs(2));
        metric(one(&rig.collector.collect(), RecordType::Node, "", ""), "node_memory_swap")
    };
    assert_eq!(swap(&mut rig, "SwapTotal: 100 kB\nSwapFree: 40 kB\n"), Some(61_440.0));
    assert_eq!(swap(&mut rig, "SwapTotal: 100 kB\nSwapFree: 18446744073709551612 kB\n"), None);
    assert_eq!(swap(&mut rig, "SwapTotal: 100 kB\nSwapFree: 101 kB\n"), None);
    assert_eq!(left_out(&rig, "node_memory_swap", "wrapped"), 2);
}
