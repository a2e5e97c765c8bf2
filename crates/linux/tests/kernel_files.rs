//! Every variant of every kernel file that is read, as `docs/kernel-files.md` lists them: the samples of
//! `testkit/kernel-files` give what was taken from them by hand.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use linux::cgroup::{DiskIo, Group, Hierarchy, Operations, ecs, membership};
use linux::{Buffer, Error, Root, block, cpuinfo, diskstats, dmi, meminfo, mounts, net_class, net_dev, own, process};
use serde_json::{Value, json};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/kernel-files")
}

fn names() -> BTreeSet<String> {
    let entries = fs::read_dir(samples()).expect("the sample can be read");
    entries
        .map(|entry| entry.expect("the sample can be read").file_name().into_string().expect("the sample can be read"))
        .collect()
}

fn sample(name: &str) -> Value {
    serde_json::from_slice(&fs::read(samples().join(name).join("sample.json")).expect("the sample can be read"))
        .expect("the sample can be read")
}

fn or_gone<T>(result: Result<T, Error>, show: impl FnOnce(T) -> Value) -> Value {
    match result {
        Ok(value) => show(value),
        Err(error) if error.is_gone() => "gone".into(),
        Err(error) => error.to_string().into(),
    }
}

/// What the crate reads of a sample's tree.
fn read(root: &Root, reads: &str) -> Value {
    let mut buffer = Buffer::new();
    if let Some((what, whose)) = reads.split_once(" of the ")
        && whose != "task"
    {
        let mut hierarchy = Hierarchy::discover(root, &mut buffer).expect("the sample can be read");
        hierarchy.set_memory_events(true);
        hierarchy.refresh(&mut buffer).expect("the sample can be read");
        let group = if whose == "root" { hierarchy.root() } else { &hierarchy.pods()[0].group };
        return read_group(group, what, &mut buffer);
    }
    match reads {
        "reservations of the task" => {
            let mut tasks = ecs::Tasks::discover(root, &mut buffer).expect("the sample can be read");
            let task = ecs::Task { id: "529630467358463ab6bbba4e73afe704", cluster: "default", containers: &[] };
            let read = tasks.read(&task, &mut buffer);
            json!({"cpu_shares": read.cpu_shares, "memory_bytes": read.memory_bytes})
        }
        "meminfo" => {
            let read = meminfo::read(root, &mut buffer).expect("the sample can be read");
            json!({
                "total_bytes": read.total_bytes,
                "available_bytes": read.available_bytes,
                "swap_total_bytes": read.swap_total_bytes,
                "swap_free_bytes": read.swap_free_bytes,
            })
        }
        "diskstats" => {
            diskstats::read(root, &mut buffer).expect("the sample can be read").iter().map(disk_stats).collect()
        }
        "net/dev of process 1" => {
            let read = net_dev::read(root, 1, &mut buffer).expect("the sample can be read");
            let interfaces: Value = read.interfaces.iter().map(interface).collect();
            json!({"interfaces": interfaces, "malformed": read.malformed})
        }
        "cpuinfo" => cpuinfo::read_logical_cpus(root, &mut buffer).expect("the sample can be read").into(),
        "mountinfo" => mounts::read(root, &mut buffer).expect("the sample can be read").iter().map(mount).collect(),
        "cgroup of process 1" => {
            let read = membership(process::read_membership(root, 1, &mut buffer).expect("the sample can be read"))
                .expect("the sample can be read");
            json!({"pod_uid": read.pod_uid, "container_id": read.container_id, "nested": read.nested})
        }
        "own usage" => {
            let read = own::read(root, &mut buffer).expect("the sample can be read");
            json!({"cpu_usec": read.cpu_usec, "resident_bytes": read.resident_bytes})
        }
        "disks" => block::read_disks(root, &mut buffer)
            .expect("the sample can be read")
            .iter()
            .map(|disk| json!([disk.name, disk.device.to_string(), disk.ebs_volume_id]))
            .collect(),
        "physical interfaces" => net_dev::read(root, 1, &mut buffer)
            .expect("the sample can be read")
            .interfaces
            .iter()
            .filter(|interface| net_class::has_device(root, &interface.name).expect("the sample can be read"))
            .map(|interface| interface.name.text().into_owned())
            .collect(),
        "dmi" => {
            let read = dmi::read(root, &mut buffer);
            json!([read.ec2_instance_id(), read.ec2_instance_type()])
        }
        other => panic!("nothing reads {other:?}"),
    }
}

fn read_group(group: &Group, what: &str, buffer: &mut Buffer) -> Value {
    match what {
        "cpu" => or_gone(group.read_cpu(buffer), |cpu| {
            json!({
                "usage_nsec": cpu.usage_nsec,
                "user_nsec": cpu.user_nsec,
                "system_nsec": cpu.system_nsec,
                "faults": cpu.faults,
            })
        }),
        "memory" => or_gone(group.read_memory(buffer), |memory| {
            json!({
                "usage_bytes": memory.usage_bytes,
                "cache_bytes": memory.cache_bytes,
                "rss_bytes": memory.rss_bytes,
                "max_usage_bytes": memory.max_usage_bytes,
                "swap_bytes": memory.swap_bytes,
                "failcnt": memory.failcnt,
                "mapped_file_bytes": memory.mapped_file_bytes,
                "inactive_file_bytes": memory.inactive_file_bytes,
                "pgfault": memory.pgfault,
                "pgmajfault": memory.pgmajfault,
                "hierarchical_pgfault": memory.hierarchical_pgfault,
                "hierarchical_pgmajfault": memory.hierarchical_pgmajfault,
                "memory_events_max": memory.memory_events_max,
                "faults": memory.faults,
            })
        }),
        "io" => or_gone(group.read_io(buffer), |disks| disks.iter().map(disk_io).collect()),
        other => panic!("nothing reads {other:?} of a cgroup"),
    }
}

fn disk_io(disk: &DiskIo) -> Value {
    let side = |operations: &Operations| {
        let Operations { read, write, sync, async_, discard, total } = *operations;
        json!({"read": read, "write": write, "sync": sync, "async": async_, "discard": discard, "total": total})
    };
    json!({
        "device": disk.device.to_string(),
        "counter": format!("{:?}", disk.counter),
        "serviced": side(&disk.serviced),
        "service_bytes": side(&disk.service_bytes),
    })
}

fn disk_stats(stats: &diskstats::DiskStats) -> Value {
    json!({
        "device": stats.device.to_string(),
        "name": stats.name,
        "reads": stats.reads,
        "read_bytes": stats.read_bytes,
        "writes": stats.writes,
        "written_bytes": stats.written_bytes,
        "discards": stats.discards,
        "discarded_bytes": stats.discarded_bytes,
    })
}

fn interface(interface: &net_dev::Interface) -> Value {
    json!({
        "name": interface.name.text(),
        "rx": [interface.rx_bytes, interface.rx_packets, interface.rx_errors, interface.rx_dropped],
        "tx": [interface.tx_bytes, interface.tx_packets, interface.tx_errors, interface.tx_dropped],
    })
}

fn mount(mount: &mounts::Mount) -> Value {
    json!({
        "id": mount.id,
        "parent": mount.parent,
        "device": mount.device.to_string(),
        "root": mount.root,
        "mount_point": mount.mount_point,
        "fs_type": mount.fs_type,
        "source": mount.source,
    })
}

#[test]
fn every_variant_of_every_kernel_file_is_read_as_it_was_by_hand() {
    let mut wrong = Vec::new();
    for name in names() {
        let sample = sample(&name);
        let root = Root::open(&samples().join(&name).join("root")).unwrap();
        let read = read(&root, sample["reads"].as_str().unwrap());
        if read != sample["expected"] {
            wrong.push(format!("{name}\n  read     {read}\n  expected {}", sample["expected"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_documentation_names_every_sample_and_no_other() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/kernel-files.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let named: BTreeSet<String> = rows
        .filter(|(_, rest)| rest.contains("captured") || rest.contains("rebuilt"))
        .map(|(name, _)| name.to_owned())
        .collect();
    assert_eq!(named, names());
}
