//! A machine with more cgroups than this process may open files is read all the same.

use std::fs;

use linux::cgroup::Hierarchy;
use linux::{Buffer, Root};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn a_low_limit_on_open_files_costs_handles_but_no_reading() {
    let machine = tempfile::tempdir().unwrap();
    let write = |path: String, text: &str| {
        let path = machine.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("proc/1/mountinfo".into(), "30 27 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    for pod in 0..100 {
        write(format!("sys/fs/cgroup/kubepods/pod{pod:032x}/cpu.stat"), &format!("usage_usec {pod}\n"));
    }
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(60), ..before }).unwrap();

    let open_files = || fs::read_dir("/proc/self/fd").unwrap().count();
    let mut buffer = Buffer::new();
    let root = Root::open(machine.path()).unwrap();
    let mut hierarchy = Hierarchy::discover(&root, &mut buffer).unwrap();
    let at_first = open_files();
    for _ in 0..3 {
        hierarchy.refresh(&mut buffer).unwrap();
        assert_eq!(open_files() - at_first, 30, "half of the limit is left to others");
        let read = hierarchy.pods().iter().map(|pod| pod.group.read_cpu(&mut buffer).unwrap().usage_nsec);
        assert_eq!(read.sum::<Option<u64>>(), Some((0..100).sum::<u64>() * 1000));
    }

    // With more room the others get theirs.
    setrlimit(Resource::Nofile, before).unwrap();
    hierarchy.refresh(&mut buffer).unwrap();
    assert_eq!(open_files() - at_first, 100);
    fs::remove_dir_all(machine.path().join("sys/fs/cgroup/kubepods")).unwrap();
    hierarchy.refresh(&mut buffer).unwrap();
    assert_eq!(open_files(), at_first, "handles of vanished cgroups are dropped");
}
