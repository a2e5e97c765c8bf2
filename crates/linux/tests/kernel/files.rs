//! Every file that the parsers know, as the running kernel writes it: what they say is what other code finds in the same text,
//! or what the C library's calls answer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use linux::cgroup::Hierarchy;
use linux::statfs::Prober;
use linux::{Buffer, Root, block, cpuinfo, diskstats, hostname, meminfo, mounts, net_class, net_dev, own, process};
use testkit::trials::Outcome;

pub(crate) fn every_file_is_read_as_this_kernel_writes_it() -> Outcome {
    let (root, mut buffer) = (Root::open(Path::new("/")).unwrap(), Buffer::new());
    memory(&root, &mut buffer);
    processors(&root, &mut buffer);
    disks(&root, &mut buffer);
    interfaces(&root, &mut buffer);
    file_systems(&root, &mut buffer);
    this_process(&root, &mut buffer);
    cgroups(&root, &mut buffer);
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(hostname::read(&root, &mut buffer).as_deref(), Some(name.trim_end()));
    Outcome::Passed
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The words of each line.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

fn memory(root: &Root, buffer: &mut Buffer) {
    let read = meminfo::read(root, buffer).unwrap();
    let text = text("/proc/meminfo");
    let named = |name: &str| -> Option<u64> {
        let row = rows(&text).into_iter().find(|row| row[0] == name)?;
        Some(row[1].parse::<u64>().unwrap() * 1024)
    };
    assert_eq!(read.total_bytes, named("MemTotal:"));
    assert_eq!(read.swap_total_bytes, named("SwapTotal:"));
    assert!(read.available_bytes.unwrap().abs_diff(named("MemAvailable:").unwrap()) < 256 << 20);
}

fn processors(root: &Root, buffer: &mut Buffer) {
    // Those this process may run on are all of a machine, or fewer.
    let allowed = u32::try_from(std::thread::available_parallelism().unwrap().get()).unwrap();
    let lines = text("/proc/stat").lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu ")).count();
    let read = cpuinfo::read_logical_cpus(root, buffer).unwrap();
    assert_eq!(read as usize, lines);
    assert!(allowed <= read);
}

fn disks(root: &Root, buffer: &mut Buffer) {
    let before = text("/proc/diskstats");
    let read = diskstats::read(root, buffer).unwrap();
    let after = text("/proc/diskstats");
    let (before, after) = (rows(&before), rows(&after));
    assert_eq!(read.len(), before.len());
    for ((disk, before), after) in read.iter().zip(&before).zip(&after) {
        assert_eq!(*disk.name, *before[2]);
        let between = |column: usize, value: u64, unit: u64| {
            let bounds = [before, after].map(|row| row[column].parse::<u64>().unwrap() * unit);
            assert!((bounds[0]..=bounds[1]).contains(&value), "{}: column {column}: {value}, {bounds:?}", disk.name);
        };
        between(3, disk.reads, 1);
        between(5, disk.read_bytes, 512);
        between(7, disk.writes, 1);
        between(9, disk.written_bytes, 512);
        // Since 4.18, and we run on no older one.
        between(14, disk.discards.unwrap(), 1);
        between(16, disk.discarded_bytes.unwrap(), 512);
    }
    let whole: BTreeSet<String> =
        block::read_disks(root, buffer).unwrap().into_iter().map(|disk| disk.name.into()).collect();
    let listed: BTreeSet<String> = fs::read_dir("/sys/block")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !["loop", "ram", "sr"].iter().any(|kind| name.starts_with(kind)))
        .collect();
    assert_eq!(whole, listed);
}

fn interfaces(root: &Root, buffer: &mut Buffer) {
    let before = text("/proc/1/net/dev");
    let read = net_dev::read(root, 1, buffer).unwrap();
    let after = text("/proc/1/net/dev");
    assert_eq!(read.malformed, 0);
    assert_eq!(read.interfaces.len(), before.lines().count() - 2);
    for (interface, (before, after)) in read.interfaces.iter().zip(before.lines().zip(after.lines()).skip(2)) {
        let values = |line: &str| -> Vec<u64> {
            let (name, rest) = line.split_once(':').unwrap();
            assert_eq!(name.trim(), &*interface.name.text());
            rest.split_whitespace().map(|word| word.parse().unwrap()).collect()
        };
        let (before, after) = (values(before), values(after));
        let seen = [
            (0, interface.rx_bytes),
            (1, interface.rx_packets),
            (2, interface.rx_errors),
            (3, interface.rx_dropped),
            (8, interface.tx_bytes),
            (9, interface.tx_packets),
            (10, interface.tx_errors),
            (11, interface.tx_dropped),
        ];
        for (column, value) in seen {
            assert!((before[column]..=after[column]).contains(&value), "{}: column {column}", interface.name);
        }
        let device = Path::new("/sys/class/net").join(&*interface.name.text()).join("device");
        assert_eq!(net_class::has_device(root, &interface.name).unwrap(), device.exists(), "{}", interface.name);
    }
}

fn file_systems(root: &Root, buffer: &mut Buffer) {
    let read = mounts::read(root, buffer).unwrap();
    let text = text("/proc/1/mountinfo");
    let table: BTreeSet<(&str, &str)> = rows(&text).into_iter().map(|row| (row[0], row[2])).collect();
    for mount in &read {
        let device = format!("{}:{}", mount.device.major, mount.device.minor);
        assert!(table.contains(&(&*mount.id.to_string(), &*device)), "{mount:?}");
    }
    let mount = read.iter().find(|mount| &*mount.mount_point == "/").unwrap();
    let answer = Prober::new(root).unwrap().probe(std::slice::from_ref(mount), Duration::from_secs(20)).remove(0).1;
    let df = std::process::Command::new("df").args(["-B1", "--output=size", "/"]).output().unwrap();
    let size: u64 = String::from_utf8(df.stdout).unwrap().lines().nth(1).unwrap().trim().parse().unwrap();
    assert_eq!(answer.unwrap().capacity_bytes, size);
}

fn this_process(root: &Root, buffer: &mut Buffer) {
    let usage = own::read(root, buffer).unwrap();
    assert!(usage.cpu_usec.is_some());
    assert!((100_000..1 << 30).contains(&usage.resident_bytes.unwrap()));
    let mut found = false;
    let own = std::process::id();
    process::for_each(root, buffer, |pid, text| {
        found |= pid == own && text == fs::read("/proc/self/cgroup").unwrap();
    })
    .unwrap();
    assert!(found, "this process is not among those that were read");
}

fn cgroups(root: &Root, buffer: &mut Buffer) {
    let mut hierarchy = Hierarchy::discover(root, buffer).unwrap();
    hierarchy.refresh(buffer).unwrap();
    assert_eq!(hierarchy.walked().unreadable, 0);
    let top = hierarchy.root();
    assert_eq!(top.read_cpu(buffer).unwrap().faults, 0);
    assert_eq!(top.read_memory(buffer).unwrap().faults, 0);
    for disk in top.read_io(buffer).unwrap() {
        let path = format!("/sys/dev/block/{}:{}", disk.device.major, disk.device.minor);
        assert!(Path::new(&path).exists(), "{path}");
    }
}
