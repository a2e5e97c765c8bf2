//! The kernel's text tables: what was written comes back with any noise between the lines, and a cut costs only what it hit.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use linux::cgroup::Hierarchy;
use linux::{Buffer, Root, cpuinfo, diskstats, meminfo, mounts, net_dev, own};
use proptest::prelude::*;

/// Numbers that the kernel may write: small ones, and those at the end.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![0..1000_u64, 0..1_u64 << 40, (u64::MAX - 5)..=u64::MAX]
}

/// Lines that no table has.
fn noise() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("noise".to_owned()),
        Just("  ".to_owned()),
        Just("x y z -1 1e9".to_owned()),
        Just("\u{1b}[2J \u{fffd}".to_owned()),
        "[a-z]{1,9} [a-z]{1,9}",
    ]
}

/// The lines with noise before each of them.
fn between(lines: &[String], noise: &[String]) -> String {
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some(noise) = noise.get(number) {
            let _ = writeln!(text, "{noise}");
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The text without what stands behind a place, and how many of its lines are whole.
fn cut(lines: &[String], at: usize) -> (String, usize) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let part = &text[..at.min(text.len())];
    (part.to_owned(), part.matches('\n').count())
}

/// A machine's files below a folder.
fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Root) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    for (name, text) in files {
        put(folder.path(), name, text);
    }
    let root = Root::open(folder.path()).expect("it can be opened");
    (folder, root)
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}

proptest! {
    #[test]
    fn a_disks_counters_come_back(
        disks in proptest::collection::vec((0..4096_u32, proptest::array::uniform11(0..1_u64 << 40)), 1..5),
        noise in proptest::collection::vec(noise(), 0..5),
        at in 0..2000_usize,
    ) {
        let lines: Vec<String> = disks
            .iter()
            .map(|(major, columns)| {
                format!(" {major}       0 disk{major} {}", columns.map(|column| column.to_string()).join(" "))
            })
            .collect();
        let read = diskstats::parse(between(&lines, &noise).as_bytes());
        prop_assert_eq!(read.len(), disks.len());
        for (read, (major, columns)) in read.iter().zip(&disks) {
            prop_assert_eq!((read.device.major, &*read.name), (*major, &*format!("disk{major}")));
            prop_assert_eq!((read.reads, read.read_bytes), (columns[0], columns[2] * 512));
            prop_assert_eq!((read.writes, read.written_bytes), (columns[4], columns[6] * 512));
        }
        let (part, whole) = cut(&lines, at);
        let before = diskstats::parse(part.as_bytes());
        prop_assert!(before.len() >= whole && before[..whole] == read[..whole], "{}", part);
    }

    #[test]
    fn an_interfaces_counters_come_back(
        interfaces in proptest::collection::vec(("[a-z][a-z0-9.@-]{0,13}", proptest::array::uniform16(count())), 1..5),
        blank in any::<bool>(),
        at in 0..2000_usize,
    ) {
        let lines: Vec<String> = interfaces
            .iter()
            .map(|(name, columns)| {
                format!("{name:>6}:{}{}", if blank { " " } else { "" }, columns.map(|column| column.to_string()).join(" "))
            })
            .collect();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let read = net_dev::parse(text.as_bytes());
        prop_assert_eq!((read.interfaces.len(), read.malformed), (interfaces.len(), 0));
        for (read, (name, columns)) in read.interfaces.iter().zip(&interfaces) {
            prop_assert_eq!(&read.name.to_string(), name);
            let received = [read.rx_bytes, read.rx_packets, read.rx_errors, read.rx_dropped];
            let sent = [read.tx_bytes, read.tx_packets, read.tx_errors, read.tx_dropped];
            prop_assert_eq!((&received[..], &sent[..]), (&columns[0..4], &columns[8..12]));
        }
        let (part, whole) = cut(&lines, at);
        let before = net_dev::parse(part.as_bytes());
        prop_assert!(before.interfaces.len() >= whole && before.interfaces[..whole] == read.interfaces[..whole]);
    }

    #[test]
    fn the_machines_memory_comes_back_in_any_order(
        kilobytes in proptest::array::uniform4(0..1_u64 << 50),
        order in Just([0, 1, 2, 3]).prop_shuffle(),
        noise in proptest::collection::vec(noise(), 0..4),
    ) {
        let keys = ["MemTotal", "MemAvailable", "SwapTotal", "SwapFree"];
        let lines: Vec<String> = order.iter().map(|key| format!("{}: {:>12} kB", keys[*key], kilobytes[*key])).collect();
        let read = meminfo::parse(between(&lines, &noise).as_bytes());
        let fields = [read.total_bytes, read.available_bytes, read.swap_total_bytes, read.swap_free_bytes];
        prop_assert_eq!(fields, kilobytes.map(|count| Some(count * 1024)));
    }

    #[test]
    fn every_processor_counts_once(cpus in 0..300_u32, noise in proptest::collection::vec(noise(), 0..300)) {
        let lines: Vec<String> = (0..cpus).map(|cpu| format!("processor\t: {cpu}\nflags\t\t: fpu processor")).collect();
        prop_assert_eq!(cpuinfo::count_processors(between(&lines, &noise).as_bytes()), cpus);
    }

    #[test]
    fn resident_memory_comes_back(kilobytes in 0..1_u64 << 50, noise in proptest::collection::vec(noise(), 0..1)) {
        let lines = [format!("VmRSS:\t{kilobytes:>8} kB"), "RssAnon:\t 1 kB".to_owned()];
        prop_assert_eq!(own::parse_status(between(&lines, &noise).as_bytes()), Some(kilobytes * 1024));
    }

    #[test]
    fn mounts_beside_each_other_come_back_whatever_their_options(
        mounts in proptest::collection::vec(("[a-z]{1,8}", 0..255_u32, 0..3_usize), 1..6),
        noise in proptest::collection::vec(noise(), 0..6),
        at in 0..2000_usize,
    ) {
        let lines: Vec<String> = mounts
            .iter()
            .enumerate()
            .map(|(number, (name, minor, optional))| {
                let optional = [" shared:1", " shared:1 master:2", ""][*optional];
                format!("{} 1 8:{minor} / /mnt/{number}/{name} rw,relatime{optional} - ext4 /dev/{name} rw,x=y", number + 20)
            })
            .collect();
        let read = mounts::parse_mountinfo(between(&lines, &noise).as_bytes());
        prop_assert_eq!(read.len(), mounts.len());
        for (number, (read, (name, minor, _))) in read.iter().zip(&mounts).enumerate() {
            prop_assert_eq!((&*read.mount_point, &*read.source), (&*format!("/mnt/{number}/{name}"), &*format!("/dev/{name}")));
            prop_assert_eq!((read.device.major, read.device.minor), (8, *minor));
        }
        let (part, whole) = cut(&lines, at);
        let before = mounts::parse_mountinfo(part.as_bytes());
        prop_assert!(before.len() >= whole && before[..whole] == read[..whole], "{}", part);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_cgroups_numbers_come_back_in_any_order(
        usec in proptest::array::uniform3(0..1_u64 << 50),
        bytes in proptest::array::uniform4(0..1_u64 << 50),
        order in Just([0, 1, 2, 3, 4, 5, 6]).prop_shuffle(),
        noise in proptest::collection::vec(noise(), 0..4),
    ) {
        let keys = ["usage_usec", "user_usec", "system_usec", "anon", "file", "file_mapped", "inactive_file"];
        let numbers = [&usec[..], &bytes[..]].concat();
        let line = |key: &usize| format!("{} {}", keys[*key], numbers[*key]);
        let [cpu, memory]: [Vec<String>; 2] =
            [0..3, 3..7].map(|part| order.iter().filter(|key| part.contains(*key)).map(line).collect());
        let pod = "sys/fs/cgroup/kubepods/pod6a5b1c2d-3e4f-4a6b-8c7d-9e0f1a2b3c4d";
        let (_folder, root) = machine(&[
            ("proc/1/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            (&format!("{pod}/cpu.stat"), &between(&cpu, &noise)),
            (&format!("{pod}/memory.stat"), &between(&memory, &noise)),
        ]);
        let mut buffer = Buffer::new();
        let mut hierarchy = Hierarchy::discover(&root, &mut buffer).expect("there is one");
        hierarchy.refresh(&mut buffer).expect("it can be walked");
        let group = &hierarchy.pods()[0].group;
        let (cpu, memory) = (group.read_cpu(&mut buffer).expect("it is there"), group.read_memory(&mut buffer).expect("it is there"));
        prop_assert_eq!([cpu.usage_nsec, cpu.user_nsec, cpu.system_nsec], usec.map(|usec| Some(usec * 1000)));
        let read = [memory.rss_bytes, memory.cache_bytes, memory.mapped_file_bytes, memory.inactive_file_bytes];
        prop_assert_eq!(read, bytes.map(Some));
        prop_assert_eq!((cpu.faults, memory.faults), (0, 0));
    }
}
