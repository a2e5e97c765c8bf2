//! Tests of reservations over trees that look like a container instance's.

use super::*;
use crate::tree::Tree;

const TASK: &str = "529630467358463ab6bbba4e73afe704";
const CONTAINER: &str = "d5a5e1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e";
const UNLIMITED: &str = "9223372036854771712\n";
const MIB: u64 = 1 << 20;

const V1: &str = "30 1 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n\
                  31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                  32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
const V2: &str = "30 1 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";

fn machine(mounts: &str, files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new(&[("proc/1/mountinfo", mounts)]);
    for directory in ["cpu", "memory"] {
        tree.directory(&format!("sys/fs/cgroup/{directory}"));
    }
    tree.write("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    for (file, text) in files {
        tree.write(&format!("sys/fs/cgroup/{file}").replace("TASK", TASK).replace("CONTAINER", CONTAINER), text);
    }
    tree
}

fn read(tree: &Tree) -> (Option<u64>, Option<u64>) {
    let mut buffer = Buffer::new();
    let mut tasks = Tasks::discover(&tree.root(), &mut buffer).unwrap();
    let task = Task { id: TASK, cluster: "default", containers: &[CONTAINER] };
    let Reservation { cpu_shares, memory_bytes } = tasks.read(&task, &mut buffer);
    (cpu_shares, memory_bytes)
}

#[test]
fn a_tasks_own_limits_are_what_it_reserves() {
    let files = [
        ("cpu/ecs/TASK/cpu.cfs_quota_us", "250\n"),
        ("cpu/ecs/TASK/cpu.cfs_period_us", "1000\n"),
        ("cpu/ecs/TASK/cpu.shares", "128\n"),
        ("memory/ecs/TASK/memory.limit_in_bytes", "536870912\n"),
    ];
    assert_eq!(read(&machine(V1, &files)), (Some(256), Some(512 * MIB)));
    let files = [
        ("ecstasks.slice/ecstasks-TASK.slice/cpu.max", "250 1000\n"),
        ("ecstasks.slice/ecstasks-TASK.slice/cpu.weight", "5\n"),
        ("ecstasks.slice/ecstasks-TASK.slice/memory.max", "536870912\n"),
    ];
    assert_eq!(read(&machine(V2, &files)), (Some(256), Some(512 * MIB)));
}

#[test]
fn without_limits_shares_count_and_what_the_containers_reserve() {
    let v1 = [
        ("cpu/ecs/default/TASK/cpu.cfs_quota_us", "-1\n"),
        ("cpu/ecs/default/TASK/cpu.cfs_period_us", "100000\n"),
        ("cpu/ecs/default/TASK/cpu.shares", "128\n"),
        ("memory/ecs/default/TASK/memory.limit_in_bytes", UNLIMITED),
        ("memory/ecs/default/TASK/CONTAINER/memory.soft_limit_in_bytes", "67108864\n"),
        ("memory/ecs/default/TASK/CONTAINER/memory.limit_in_bytes", "134217728\n"),
    ];
    assert_eq!(read(&machine(V1, &v1)), (Some(128), Some(64 * MIB)));
    let slice = "ecstasks.slice/ecstasks-TASK.slice";
    let v2 = [
        (&*format!("{slice}/cpu.max"), "max 100000\n"),
        (&format!("{slice}/cpu.weight"), "39\n"),
        (&format!("{slice}/memory.max"), "max\n"),
        (&format!("{slice}/docker-CONTAINER.scope/memory.low"), "0\n"),
        (&format!("{slice}/docker-CONTAINER.scope/memory.max"), "134217728\n"),
    ];
    assert_eq!(read(&machine(V2, &v2)), (Some(1024), Some(128 * MIB)));
}

#[test]
fn a_weight_of_either_formula_is_what_the_task_asked_for() {
    let slice = "ecstasks.slice/ecstasks-TASK.slice";
    let weight = |weight: &str, host_config: Option<&str>| {
        let files = [(&*format!("{slice}/cpu.max"), "max 100000\n"), (&format!("{slice}/cpu.weight"), weight)];
        let tree = machine(V2, &files);
        if let Some(text) = host_config {
            tree.write(&format!("var/lib/docker/containers/{CONTAINER}/hostconfig.json"), text);
        }
        read(&tree).0
    };
    assert_eq!((weight("39\n", None), weight("100\n", None)), (Some(1024), Some(1024)));
    assert_eq!(weight("59\n", Some(r#"{"Binds":null,"CpuShares":512,"Memory":0}"#)), Some(512));
    assert_eq!(weight("59\n", Some(r#"{"CpuShares":1536}"#)), Some(1536));
    assert_eq!(weight("59\n", Some("{")), Some(1536));
    assert_eq!(weight("1\n", Some(r#"{"CpuShares":2}"#)), Some(0));
    assert_eq!(weight("what\n", None), Some(0));
}

#[test]
fn what_reserves_nothing_is_zero_and_what_is_not_found_is_unknown() {
    let files = [
        ("cpu/ecs/TASK/cpu.cfs_quota_us", "-1\n"),
        ("cpu/ecs/TASK/cpu.shares", "2\n"),
        ("memory/ecs/TASK/memory.limit_in_bytes", UNLIMITED),
        ("memory/ecs/TASK/CONTAINER/memory.soft_limit_in_bytes", UNLIMITED),
        ("memory/ecs/TASK/CONTAINER/memory.limit_in_bytes", UNLIMITED),
    ];
    assert_eq!(read(&machine(V1, &files)), (Some(0), Some(0)));
    assert_eq!(read(&machine(V1, &files[2..])), (None, Some(0)));
    assert_eq!(read(&machine(V1, &[])), (None, None));
    assert_eq!(read(&machine(V2, &[])), (None, None));
}
