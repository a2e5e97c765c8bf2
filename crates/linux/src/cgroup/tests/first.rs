//! Values of version 1, from text of real kernels.

use proptest::prelude::*;

use super::*;
use crate::DeviceNumber;

const CPU: &str = "sys/fs/cgroup/cpu,cpuacct";
const MEMORY: &str = "sys/fs/cgroup/memory";
const BLKIO: &str = "sys/fs/cgroup/blkio";

/// `memory.stat` of Linux 6.18, shortened.
const STAT: &str = "cache 15712256\nrss 6672384\nrss_huge 0\nmapped_file 7012352\nswap 1\npgpgin 22967\npgfault 20346\n\
                    pgmajfault 3\ninactive_file 290816\nhierarchical_memory_limit 9223372036854771712\n\
                    total_cache 4247703552\ntotal_rss 612823040\ntotal_mapped_file 205103104\ntotal_swap 4096\n\
                    total_pgfault 29395343\ntotal_pgmajfault 2724\ntotal_inactive_file 1919995904\n";

fn memory_files(tree: &Tree, use_hierarchy: &str) {
    tree.write(&format!("{MEMORY}/memory.use_hierarchy"), use_hierarchy);
    tree.write(&format!("{MEMORY}/memory.usage_in_bytes"), "3824402432\n");
    tree.write(&format!("{MEMORY}/memory.max_usage_in_bytes"), "9244008448\n");
    tree.write(&format!("{MEMORY}/memory.failcnt"), "7\n");
    tree.write(&format!("{MEMORY}/memory.stat"), STAT);
}

#[test]
fn cpu_time_is_in_nanoseconds() {
    let tree = machine(HYBRID);
    tree.write(&format!("{CPU}/cpuacct.usage"), "2225446583444\n");
    tree.write(&format!("{CPU}/cpuacct.stat"), "user 198721\nsystem 23823\n");
    let cpu = refreshed(&tree).root().read_cpu(&mut Buffer::new()).unwrap();
    let expected = Cpu {
        usage_nsec: Some(2_225_446_583_444),
        user_nsec: Some(1_987_210_000_000),
        system_nsec: Some(238_230_000_000),
        faults: 0,
    };
    assert_eq!(cpu, expected);
}

#[test]
fn memory_speaks_of_everything_below_where_usage_does() {
    let tree = machine(HYBRID);
    memory_files(&tree, "1\n");
    let memory = refreshed(&tree).root().read_memory(&mut Buffer::new()).unwrap();
    let expected = Memory {
        usage_bytes: Some(3_824_402_432),
        cache_bytes: Some(4_247_703_552),
        rss_bytes: Some(612_823_040),
        max_usage_bytes: Some(9_244_008_448),
        swap_bytes: Some(4096),
        failcnt: Some(7),
        mapped_file_bytes: Some(205_103_104),
        inactive_file_bytes: Some(1_919_995_904),
        pgfault: Some(20_346),
        pgmajfault: Some(3),
        hierarchical_pgfault: Some(29_395_343),
        hierarchical_pgmajfault: Some(2724),
        memory_events_max: None,
        faults: 0,
    };
    assert_eq!(memory, expected);
}

#[test]
fn memory_speaks_of_the_cgroup_alone_where_hierarchy_is_off() {
    let tree = machine(HYBRID);
    memory_files(&tree, "0\n");
    let memory = refreshed(&tree).root().read_memory(&mut Buffer::new()).unwrap();
    assert_eq!((memory.cache_bytes, memory.inactive_file_bytes), (Some(15_712_256), Some(290_816)));
    assert_eq!((memory.pgfault, memory.hierarchical_pgfault), (Some(20_346), Some(29_395_343)));
}

#[test]
fn garbage_in_one_file_costs_its_own_value() {
    let tree = machine(HYBRID);
    memory_files(&tree, "1\n");
    tree.write(&format!("{MEMORY}/memory.usage_in_bytes"), "lots\n");
    tree.write(&format!("{MEMORY}/memory.stat"), &format!("what\n{}", STAT.replace("612823040", "-1")));
    tree.remove_file(&format!("{MEMORY}/memory.failcnt"));
    let memory = refreshed(&tree).root().read_memory(&mut Buffer::new()).unwrap();
    assert_eq!((memory.usage_bytes, memory.rss_bytes, memory.failcnt), (None, None, None));
    assert_eq!(memory.faults, 2, "a missing file is none");
    assert_eq!(memory.cache_bytes, Some(4_247_703_552));
}

#[test]
fn a_cgroup_without_one_controller_still_has_the_others() {
    let tree = machine(HYBRID);
    let pod = format!("kubepods/burstable/pod{UID}");
    tree.write(&format!("{CPU}/{pod}/cpuacct.usage"), "5\n");
    let hierarchy = refreshed(&tree);
    let group = &hierarchy.pods()[0].group;
    let mut buffer = Buffer::new();
    assert_eq!(group.read_cpu(&mut buffer).unwrap(), Cpu { usage_nsec: Some(5), ..Cpu::default() });
    let error = group.read_memory(&mut buffer).unwrap_err();
    assert!(error.is_gone());
    assert!(error.path().ends_with(format!("{MEMORY}/{pod}/memory.stat")), "{error}");
}

/// `blkio.throttle.*` of a disk with a throttling rule.
const ROWS: &str =
    "254:0 Read 10\n254:0 Write 20\n254:0 Sync 25\n254:0 Async 5\n254:0 Discard 1\n254:0 Total 31\nTotal 31\n";

#[test]
fn disks_are_told_apart_and_a_lone_total_is_none() {
    let tree = machine(HYBRID);
    tree.write(&format!("{BLKIO}/blkio.bfq.io_serviced_recursive"), "Total 0\n");
    tree.write(&format!("{BLKIO}/blkio.throttle.io_serviced_recursive"), &format!("259:0 Read 3\n{ROWS}"));
    tree.write(&format!("{BLKIO}/blkio.throttle.io_service_bytes_recursive"), &ROWS.replace(" 10\n", " 5120\n"));
    tree.write(&format!("{BLKIO}/blkio.throttle.io_serviced"), "1:0 Read 1\n");
    let disks = refreshed(&tree).root().read_io(&mut Buffer::new()).unwrap();
    let serviced = Operations {
        read: Some(10),
        write: Some(20),
        sync: Some(25),
        async_: Some(5),
        discard: Some(1),
        total: Some(31),
    };
    let vda = DiskIo {
        device: DeviceNumber { major: 254, minor: 0 },
        counter: Counter::Throttle,
        serviced,
        service_bytes: Operations { read: Some(5120), ..serviced },
    };
    assert_eq!(disks.len(), 2);
    assert_eq!(disks[1], vda);
    assert_eq!(disks[0].serviced, Operations { read: Some(3), ..Operations::default() });
}

/// Disks, and how many operations they read and wrote.
type Rows<'a> = &'a [(&'a str, u64, u64)];

/// The files of each pair that `FILES_V1` names, with these lines of operations; bytes are a thousand times as many.
fn pairs(tree: &Tree, files: &[(&str, Rows<'_>)]) {
    for (name, disks) in files {
        let text = |unit: u64| -> String {
            let line = |(disk, read, write): &(&str, u64, u64)| {
                format!(
                    "{disk} Read {}\n{disk} Write {}\n{disk} Total {}\n",
                    read * unit,
                    write * unit,
                    (read + write) * unit
                )
            };
            disks.iter().map(line).collect::<String>() + "Total 1\n"
        };
        let (before, after) = name.split_once("io_").unwrap();
        assert_eq!(after, "serviced", "the pair goes by its first file");
        let recursive = if before.contains("alone") { "" } else { "_recursive" };
        let before = before.replace("alone.", "");
        tree.write(&format!("{BLKIO}/{before}io_serviced{recursive}"), &text(1));
        tree.write(&format!("{BLKIO}/{before}io_service_bytes{recursive}"), &text(1000));
    }
}

/// Disks as number, counter, operations read and written, bytes read.
fn counted(tree: &Tree) -> Vec<(String, Counter, u64, u64, u64)> {
    let disks = refreshed(tree).root().read_io(&mut Buffer::new()).unwrap();
    let row = |disk: &DiskIo| {
        let (operations, bytes) = (disk.serviced, disk.service_bytes);
        (
            disk.device.to_string(),
            disk.counter,
            operations.read.unwrap(),
            operations.write.unwrap(),
            bytes.read.unwrap(),
        )
    };
    disks.iter().map(row).collect()
}

#[test]
fn each_disk_is_counted_by_the_first_pair_of_files_that_has_it() {
    for (scheduler, counter) in [("blkio.bfq.io_serviced", Counter::Bfq), ("blkio.io_serviced", Counter::Cfq)] {
        let tree = machine(HYBRID);
        pairs(
            &tree,
            &[
                (scheduler, &[("8:0", 3, 1)]),
                ("blkio.throttle.io_serviced", &[("8:0", 4, 2), ("259:0", 12, 5)]),
                ("blkio.throttle.alone.io_serviced", &[("8:16", 9, 9)]),
            ],
        );
        let expected =
            [("8:0".to_owned(), counter, 3, 1, 3000), ("259:0".to_owned(), Counter::Throttle, 12, 5, 12_000)];
        assert_eq!(counted(&tree), expected);
    }
}

#[test]
fn what_a_scheduler_does_not_see_is_taken_from_the_throttling_policy() {
    let tree = machine(HYBRID);
    pairs(
        &tree,
        &[
            ("blkio.io_serviced", &[("8:0", 3, 0), ("8:16", 7, 0)]),
            ("blkio.throttle.io_serviced", &[("8:0", 3, 50), ("8:16", 7, 0)]),
        ],
    );
    let expected = [("8:0".to_owned(), Counter::Throttle, 3, 50, 3000), ("8:16".to_owned(), Counter::Cfq, 7, 0, 7000)];
    assert_eq!(counted(&tree), expected);
}

#[test]
fn a_kernel_that_counts_without_children_says_so() {
    let tree = machine(HYBRID);
    pairs(&tree, &[("blkio.throttle.alone.io_serviced", &[("8:0", 3, 1)])]);
    assert_eq!(counted(&tree), [("8:0".to_owned(), Counter::ThrottleAlone, 3, 1, 3000)]);
}

#[test]
fn no_disk_at_all_is_an_answer() {
    let tree = machine(HYBRID);
    let mut buffer = Buffer::new();
    assert!(refreshed(&tree).root().read_io(&mut buffer).unwrap_err().is_gone());
    for name in ["blkio.bfq.io_serviced_recursive", "blkio.bfq.io_service_bytes_recursive"] {
        tree.write(&format!("{BLKIO}/{name}"), "Total 0\n");
    }
    assert_eq!(refreshed(&tree).root().read_io(&mut buffer).unwrap(), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_in_any_file_is_survived(text in prop_oneof![
        ".*",
        "((total_)?(cache|rss|pgfault|swap) [0-9a-]{0,25}\n){0,4}",
        "((user|system|8:0|8:0 Read) ?[0-9a-z]{0,25}\n){0,4}",
    ]) {
        let tree = machine(HYBRID);
        for file in ["memory/memory.stat", "memory/memory.usage_in_bytes", "cpu,cpuacct/cpuacct.usage",
            "cpu,cpuacct/cpuacct.stat", "blkio/blkio.throttle.io_serviced", "blkio/blkio.throttle.io_service_bytes"] {
            tree.write(&format!("sys/fs/cgroup/{file}"), &text);
        }
        let (hierarchy, mut buffer) = (refreshed(&tree), Buffer::new());
        prop_assert!(hierarchy.root().read_cpu(&mut buffer).is_ok());
        prop_assert!(hierarchy.root().read_memory(&mut buffer).is_ok());
        prop_assert!(hierarchy.root().read_io(&mut buffer).is_ok());
    }
}
