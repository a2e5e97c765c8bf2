//! The kernel's text: tables of `/proc`, files of cgroups and of `/sys`.

use linux::{DeviceNumber, block, cgroup, cpuinfo, diskstats, dmi, meminfo, mounts, net_dev, own, process};

use crate::{Seed, Target, on_text};

pub(crate) const TARGETS: &[Target] = &[
    Target { name: "diskstats", run: diskstats, seeds: &[Seed::Files("crates/testkit/hosts/*/*/proc/diskstats")] },
    Target { name: "net_dev", run: net_dev, seeds: &[Seed::Files("crates/testkit/hosts/*/*/proc/*/net/dev")] },
    Target { name: "meminfo", run: meminfo, seeds: &[Seed::Files("crates/testkit/hosts/*/*/proc/meminfo")] },
    Target { name: "cpuinfo", run: cpuinfo, seeds: &[Seed::Files("crates/testkit/hosts/*/*/proc/cpuinfo")] },
    Target {
        name: "own",
        run: own,
        seeds: &[
            Seed::Text("1 (a) b) S 1 1 1 0 -1 0 0 0 0 0 5 7 0 0 20 0 4 0 8211 5 3"),
            Seed::Text("Name:\tx\nVmHWM:\t 13 kB\nVmRSS:\t   12764 kB\n"),
        ],
    },
    Target { name: "mountinfo", run: mountinfo, seeds: &[Seed::Files("crates/testkit/hosts/*/*/proc/1/mountinfo")] },
    Target {
        name: "cgroup_files",
        run: cgroup_files,
        seeds: &[
            Seed::Files("crates/testkit/hosts/*/*/sys/fs/cgroup/kubepods*/*.stat"),
            Seed::Files("crates/testkit/hosts/*/*/sys/fs/cgroup/*/kubepods*/*.stat"),
            Seed::Files("crates/testkit/hosts/*/*/sys/fs/cgroup/blkio/kubepods*/blkio.*"),
            Seed::Text("low 0\nhigh 0\nmax 3\noom 0\n"),
            Seed::Text("8:0 8:16 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"),
        ],
    },
    Target { name: "membership", run: membership, seeds: &[Seed::Files("crates/testkit/hosts/*/*/proc/*/cgroup")] },
    Target {
        name: "cgroup_names",
        run: cgroup_names,
        seeds: &[
            Seed::Text("kubepods/pod6f4f7479-591c-4ea4-a3a5-dd11cc86253e"),
            Seed::Text("kubepods.slice/kubepods-burstable-pod13d99ce0_6a9a_4377_9c4b_fff7c49cf419.slice"),
            Seed::Text("x/cri-containerd-22b8bbb8656afa114f413c0b76800aa5d94d396bfda36e80cace38d7391d8cd9.scope"),
            Seed::Text(
                "x/kubepods-pod6f4f7479_591c_4ea4_a3a5_dd11cc86253e.slice:cri-containerd:22b8bbb8656afa114f413c0b76800aa5d94d396bfda36e80cace38d7391d8cd9",
            ),
            Seed::Text("kubepods/pod22b8bbb8656afa114f413c0b76800aa5"),
        ],
    },
    Target {
        name: "device_names",
        run: device_names,
        seeds: &[
            Seed::Text("259:3"),
            Seed::Text("/dev/nvme1n1p1"),
            Seed::Text("xvdaa1"),
            Seed::Text("mmcblk0p2"),
            Seed::Text("vol0123456789abcdef0\n"),
            Seed::Text("vol-01234567"),
        ],
    },
    Target { name: "dmi", run: dmi, seeds: &[Seed::Text("i-0abc1234def567890"), Seed::Text("m5.large")] },
    Target {
        name: "kernel_numbers",
        run: linux::fuzz_text,
        seeds: &[Seed::Text("18446744073709551615\nMemTotal: 12 kB\n")],
    },
];

/// The lines that are looked at.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// Each line says the same alone.
fn diskstats(text: &[u8]) {
    let alone: Vec<_> = lines(text).flat_map(diskstats::parse).collect();
    assert_eq!(diskstats::parse(text), alone);
}

/// Each line is an interface, counted, or one of two headers.
fn net_dev(text: &[u8]) {
    let read = net_dev::parse(text);
    let (count, told) = (lines(text).count(), read.interfaces.len() + read.malformed);
    assert!(told <= count && told + 2 >= count, "{told} of {count}");
    for interface in &read.interfaces {
        assert!(!interface.name.text().is_empty());
    }
}

/// What is said twice is as if said once.
fn meminfo(text: &[u8]) {
    assert_eq!(meminfo::parse(text), meminfo::parse(&[text, b"\n", text].concat()));
}

/// Each line counts alone.
fn cpuinfo(text: &[u8]) {
    let alone: u32 = lines(text).map(cpuinfo::count_processors).sum();
    assert_eq!(cpuinfo::count_processors(text), alone);
}

fn own(text: &[u8]) {
    let _ = (own::parse_stat(text), own::parse_status(text));
    process::fuzz_stat(text);
}

/// A table is the same for the reader of long ones, and every mount has a line.
fn mountinfo(text: &[u8]) {
    let mounts = mounts::parse_mountinfo(text);
    assert!(mounts.len() <= lines(text).count());
    assert_eq!(mounts, mounts::parse_as_long(text));
    for mount in &mounts {
        let _ = mounts::ebs::volume(&mount.mount_point);
    }
}

fn cgroup_files(text: &[u8]) {
    cgroup::fuzz_cpu(text);
    cgroup::fuzz_memory(text);
    cgroup::fuzz_io(text);
}

/// Levels above change nothing.
fn membership(text: &[u8]) {
    let mut deeper = Vec::new();
    for line in lines(text) {
        let path =
            line.iter().enumerate().filter(|(_, byte)| **byte == b':').nth(1).map_or(line.len(), |(at, _)| at + 1);
        let (start, path) = line.split_at(path);
        deeper.extend_from_slice(start);
        if path.starts_with(b"/") {
            deeper.extend_from_slice(b"/../..");
        }
        deeper.extend_from_slice(path);
        deeper.push(b'\n');
    }
    assert_eq!(cgroup::membership(text), cgroup::membership(&deeper));
    for place in cgroup::places(text) {
        assert!(place.pod_uid().is_some() || place.container_id.is_some());
        assert!(!place.path.starts_with('/'));
    }
}

fn cgroup_names(text: &[u8]) {
    on_text(text, |text| {
        let (parent, name) = text.split_once('/').unwrap_or(("", text));
        cgroup::fuzz_name(parent, name);
    });
}

/// What is shown of a number is read back, and a disk is its own disk.
fn device_names(text: &[u8]) {
    if let Some(device) = DeviceNumber::parse(text) {
        assert_eq!(DeviceNumber::parse(device.to_string().as_bytes()), Some(device));
    }
    block::fuzz_serial(text);
    on_text(text, |text| {
        if let Some(disk) = block::whole_disk_name(text) {
            assert!(text.contains(disk));
            assert_eq!(block::whole_disk_name(disk), Some(disk));
        }
    });
}

/// An id has its shape.
fn dmi(text: &[u8]) {
    on_text(text, |text| {
        let text = Some(text.into());
        let dmi = dmi::Dmi { sys_vendor: Some("Amazon EC2".into()), board_asset_tag: text.clone(), product_name: text };
        assert!(dmi.ec2_instance_id().is_none_or(|id| matches!(id.len(), 10 | 19) && id.starts_with("i-")));
        assert!(dmi.ec2_instance_type().is_none_or(|name| name.len() <= 64));
    });
}
