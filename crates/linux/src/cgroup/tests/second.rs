//! Values of version 2, from text of real kernels.

use proptest::prelude::*;

use super::*;
use crate::DeviceNumber;

const TOP: &str = "sys/fs/cgroup";

/// `memory.stat` of Linux 6.1, shortened.
const STAT: &str = "anon 1204224\nfile 16809984\nkernel 86016\nfile_mapped 0\nfile_dirty 4096\ninactive_anon 1200128\n\
                    inactive_file 16785408\nactive_file 24576\npgfault 2012\npgmajfault 3\n";

fn pod(tree: &Tree, files: &[(&str, &str)]) -> Hierarchy {
    tree.directory(&format!("{TOP}/kubepods/pod{UID}"));
    for (name, text) in files {
        tree.write(&format!("{TOP}/kubepods/pod{UID}/{name}"), text);
    }
    refreshed(tree)
}

#[test]
fn cpu_time_is_in_nanoseconds() {
    let text =
        "usage_usec 880000\nuser_usec 600000\nsystem_usec 280000\nnice_usec 0\nnr_periods 40\nthrottled_usec 1\n";
    let tree = machine(V2);
    let hierarchy = pod(&tree, &[("cpu.stat", text)]);
    let cpu = hierarchy.pods()[0].group.read_cpu(&mut Buffer::new()).unwrap();
    let expected =
        Cpu { usage_nsec: Some(880_000_000), user_nsec: Some(600_000_000), system_nsec: Some(280_000_000), faults: 0 };
    assert_eq!(cpu, expected);
}

#[test]
fn memory_has_no_failcnt_but_may_tell_its_events() {
    let files = [
        ("memory.current", "18350080\n"),
        ("memory.peak", "30000000\n"),
        ("memory.swap.current", "8192\n"),
        ("memory.stat", STAT),
        ("memory.events", "low 0\nhigh 0\nmax 12\noom 0\noom_kill 0\n"),
    ];
    let tree = machine(V2);
    let hierarchy = pod(&tree, &files);
    let group = &hierarchy.pods()[0].group;
    let mut buffer = Buffer::new();
    let expected = Memory {
        usage_bytes: Some(18_350_080),
        cache_bytes: Some(16_809_984),
        rss_bytes: Some(1_204_224),
        max_usage_bytes: Some(30_000_000),
        swap_bytes: Some(8192),
        failcnt: None,
        mapped_file_bytes: Some(0),
        inactive_file_bytes: Some(16_785_408),
        pgfault: Some(2012),
        pgmajfault: Some(3),
        hierarchical_pgfault: Some(2012),
        hierarchical_pgmajfault: Some(3),
        memory_events_max: None,
        faults: 0,
    };
    assert_eq!(group.read_memory(&mut buffer).unwrap(), expected);
    hierarchy.set_memory_events(true);
    assert_eq!(group.read_memory(&mut buffer).unwrap(), Memory { memory_events_max: Some(12), ..expected });
}

#[test]
fn an_older_kernel_has_no_peak() {
    let tree = machine(V2);
    let hierarchy = pod(&tree, &[("memory.current", "1\n"), ("memory.stat", STAT)]);
    let memory = hierarchy.pods()[0].group.read_memory(&mut Buffer::new()).unwrap();
    assert_eq!((memory.max_usage_bytes, memory.swap_bytes, memory.faults), (None, None, 0));
}

#[test]
fn the_roots_usage_is_what_its_stat_and_the_machine_say() {
    let tree = machine(V2);
    tree.write(&format!("{TOP}/memory.stat"), STAT);
    tree.write("proc/meminfo", "SwapTotal: 100 kB\nSwapFree: 40 kB\n");
    let memory = refreshed(&tree).root().read_memory(&mut Buffer::new()).unwrap();
    assert_eq!(memory.usage_bytes, Some(1_204_224 + 16_809_984));
    assert_eq!(memory.swap_bytes, Some(60 * 1024));
    assert_eq!((memory.max_usage_bytes, memory.faults), (None, 0));
}

#[test]
fn a_root_without_files_is_still_the_root() {
    let tree = machine(V2);
    let (hierarchy, mut buffer) = (refreshed(&tree), Buffer::new());
    assert_eq!(hierarchy.root().read_cpu(&mut buffer).unwrap(), Cpu::default());
    assert_eq!(hierarchy.root().read_memory(&mut buffer).unwrap().usage_bytes, None);
}

#[test]
fn block_io_names_disks_that_did_something() {
    let text = "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=4096 dios=1\n254:0 \n259:1\n7:0 rbytes=0 wbytes=0 rios=0 wios=0 dbytes=0 dios=0\nbroken\n";
    let tree = machine(V2);
    let hierarchy = pod(&tree, &[("io.stat", text)]);
    let disks = hierarchy.pods()[0].group.read_io(&mut Buffer::new()).unwrap();
    let counted = |read, write, discard| Operations {
        read: Some(read),
        write: Some(write),
        discard: Some(discard),
        total: Some(read + write),
        ..Operations::default()
    };
    let sdb = DiskIo {
        device: DeviceNumber { major: 8, minor: 16 },
        counter: Counter::IoStat,
        service_bytes: counted(1_459_200, 314_773_504, 4096),
        serviced: counted(192, 353, 1),
    };
    assert_eq!(disks.len(), 2);
    assert_eq!(disks[0], sdb);
}

/// Disks as number, bytes read and written.
fn read_and_written(text: &str) -> Vec<(String, u64, u64)> {
    let tree = machine(V2);
    let hierarchy = pod(&tree, &[("io.stat", text)]);
    let disks = hierarchy.pods()[0].group.read_io(&mut Buffer::new()).unwrap();
    let bytes = |disk: &DiskIo| (disk.service_bytes.read.unwrap(), disk.service_bytes.write.unwrap());
    disks.iter().map(|disk| (disk.device.to_string(), bytes(disk).0, bytes(disk).1)).collect()
}

#[test]
fn of_several_disks_on_a_line_the_counters_are_the_last_ones() {
    let row = |disk: &str, read, written| (disk.to_owned(), read, written);
    let sda_and_nvme = "8:16 8:0 rbytes=10000000 wbytes=5000000 rios=10000 wios=5000 dbytes=0 dios=0\n\
                        259:0 rbytes=409600 wbytes=819200 rios=100 wios=200 dbytes=0 dios=0\n";
    assert_eq!(read_and_written(sda_and_nvme), [row("8:0", 10_000_000, 5_000_000), row("259:0", 409_600, 819_200)]);
    let three = "8:32 8:16 8:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0\n8:16 rbytes=3 wbytes=4 rios=1 wios=1\n";
    assert_eq!(read_and_written(three), [row("8:0", 1, 2), row("8:16", 3, 4)]);
    // What other controllers add, and idle disks at the end.
    let extras =
        "8:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0 cost.usage=5 [NONE] use_delay=0 depth=max\n7:0 7:1 ";
    assert_eq!(read_and_written(extras), [row("8:0", 1, 2)]);
}

#[test]
fn a_cgroup_without_traffic_has_no_disk() {
    let tree = machine(V2);
    let hierarchy = pod(&tree, &[("io.stat", "")]);
    assert_eq!(hierarchy.pods()[0].group.read_io(&mut Buffer::new()).unwrap(), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_in_any_file_is_survived(text in prop_oneof![
        ".*",
        "((usage_usec|anon|file|pgfault|max) [0-9a-]{0,25}\n){0,4}",
        "(8:[0-9]( (rbytes|wbytes|rios|x)=?[0-9a-]{0,25}){0,3}\n){0,3}",
    ]) {
        let tree = machine(V2);
        let files = ["cpu.stat", "memory.current", "memory.peak", "memory.stat", "memory.events", "io.stat"];
        let hierarchy = pod(&tree, &files.map(|name| (name, text.as_str())));
        hierarchy.set_memory_events(true);
        let (group, mut buffer) = (&hierarchy.pods()[0].group, Buffer::new());
        prop_assert!(group.read_cpu(&mut buffer).is_ok());
        prop_assert!(group.read_memory(&mut buffer).is_ok());
        prop_assert!(group.read_io(&mut buffer).is_ok());
    }
}
