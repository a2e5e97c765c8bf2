//! What must be said of a world: computed from its numbers alone, by the documented meaning of each metric.

use std::collections::BTreeMap;

use crate::kernel::{self, DiskIo, Group, container_bytes, usage};
use crate::kubelet::resources;
use crate::world::{Pod, SECONDS, State, World};

/// Metrics by what they are of, as `Type` and the attributes that tell one record of the type from another.
pub type Expected = BTreeMap<Vec<String>, BTreeMap<&'static str, f64>>;

/// The names of network metrics without their beginnings, and the columns of `net/dev`.
const NETWORK: [(&str, usize); 8] = [
    ("rx_bytes", 0),
    ("rx_packets", 1),
    ("rx_errors", 2),
    ("rx_dropped", 3),
    ("tx_bytes", 8),
    ("tx_packets", 9),
    ("tx_errors", 10),
    ("tx_dropped", 11),
];

/// Everything that a round at a tick must say. Rates are over the time since the tick before.
pub fn of(world: &World, tick: u64) -> Expected {
    let mut expected = Expected::new();
    expected.insert(vec!["Node".into()], node(world, tick));
    for disk in &world.disks {
        disks(world, disk, tick, &mut expected);
    }
    for name in &world.interfaces {
        let metrics = network(world, "host", &[name], tick, "node_interface_network_");
        expected.insert(vec!["NodeNet".into(), (*name).into()], metrics);
    }
    for pod in world.pods_at(tick) {
        pods(world, pod, tick, &mut expected);
    }
    expected
}

/// A name that lives as long as the test: there are few.
fn leak(name: String) -> &'static str {
    use std::collections::HashSet;
    use std::sync::Mutex;
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().expect("no thread panics with it");
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(&*name) {
        return known;
    }
    let name: &'static str = Box::leak(name.into_boxed_str());
    names.insert(name);
    name
}

fn rate(now: u64, before: u64) -> f64 {
    (now - before) as f64 / SECONDS as f64
}

fn node(world: &World, tick: u64) -> BTreeMap<&'static str, f64> {
    let mut metrics = group(world, "node", tick, &|tick| Group::root(world, tick), true);
    metrics.extend(network(world, "host", &world.interfaces, tick, "node_network_"));
    metrics.insert("node_cpu_limit", world.cpus as f64 * 1000.0);
    metrics.insert("node_memory_limit", world.memory_bytes as f64);
    let pods = || world.pods_at(tick);
    metrics.insert("node_number_of_running_pods", pods().filter(|pod| pod.runs()).count() as f64);
    let containers = pods().flat_map(|pod| &pod.containers);
    let running = containers.clone().filter(|container| container.state == State::Running);
    metrics.insert("node_number_of_running_containers", running.count() as f64);
    let asked: Vec<_> = containers.map(|container| resources(world, &container.key)).collect();
    let cpu = asked.iter().map(|of| of[0]).sum::<u64>() as f64;
    let memory = (asked.iter().map(|of| of[1]).sum::<u64>() << 20) as f64;
    metrics.insert("node_cpu_request", cpu);
    metrics.insert("node_memory_request", memory);
    metrics.insert("node_cpu_reserved_capacity", cpu / (world.cpus as f64 * 1000.0) * 100.0);
    metrics.insert("node_memory_reserved_capacity", memory / world.memory_bytes as f64 * 100.0);
    metrics
}

/// CPU and memory of a cgroup.
fn group(
    world: &World,
    prefix: &str,
    tick: u64,
    at: &dyn Fn(u64) -> Group,
    is_root: bool,
) -> BTreeMap<&'static str, f64> {
    let (now, before) = (at(tick), at(tick - 1));
    let mut metrics = BTreeMap::new();
    let mut put = |name: &str, value: f64| {
        metrics.insert(leak(format!("{prefix}_{name}")), value);
    };
    // Millicores: thousandths of a second of CPU in a second.
    let millicores = |now: u64, before: u64| rate(now, before) / 1e6;
    let total = millicores(now.usage_nsec(), before.usage_nsec());
    put("cpu_usage_total", total);
    put("cpu_utilization", total / (world.cpus as f64 * 1000.0) * 100.0);
    // Version 1 counts user and system time in hundredths of a second.
    let step = if world.is_v2() { 1 } else { 10_000 };
    let nsec = |usec: u64| usec / step * step * 1000;
    put("cpu_usage_user", millicores(nsec(now.user_usec), nsec(before.user_usec)));
    put("cpu_usage_system", millicores(nsec(now.system_usec), nsec(before.system_usec)));
    // The root of version 2 says neither what is charged nor what was at most.
    let usage = if is_root && world.is_v2() { now.anon + now.file } else { now.current };
    put("memory_usage", usage as f64);
    put("memory_cache", now.file as f64);
    put("memory_rss", now.anon as f64);
    put("memory_mapped_file", now.mapped as f64);
    put("memory_working_set", (usage - now.inactive_file) as f64);
    put("memory_utilization", (usage - now.inactive_file) as f64 / world.memory_bytes as f64 * 100.0);
    if !(is_root && world.is_v2()) {
        put("memory_max_usage", now.peak as f64);
    }
    let swap = if is_root && world.is_v2() { now.swap / 1024 * 1024 } else { now.swap };
    put("memory_swap", swap as f64);
    put("memory_failcnt", if world.is_v2() { 0.0 } else { now.failcnt as f64 });
    put("memory_hierarchical_pgfault", rate(now.pgfault, before.pgfault));
    put("memory_hierarchical_pgmajfault", rate(now.pgmajfault, before.pgmajfault));
    let own = if world.is_v2() { 1 } else { 2 };
    put("memory_pgfault", rate(now.pgfault / own, before.pgfault / own));
    put("memory_pgmajfault", rate(now.pgmajfault / own, before.pgmajfault / own));
    metrics
}

fn network(world: &World, owner: &str, names: &[&str], tick: u64, prefix: &str) -> BTreeMap<&'static str, f64> {
    let mut metrics = BTreeMap::new();
    let sum = |column: usize| -> f64 {
        let of = |name: &&str| {
            let [now, before] = [tick, tick - 1].map(|tick| kernel::interface(world, owner, name, tick)[column]);
            rate(now, before)
        };
        names.iter().map(of).sum()
    };
    for (name, column) in NETWORK {
        metrics.insert(leak(format!("{prefix}{name}")), sum(column));
    }
    metrics.insert(leak(format!("{prefix}total_bytes")), sum(0) + sum(8));
    metrics
}

fn disks(world: &World, disk: &crate::world::Disk, tick: u64, expected: &mut Expected) {
    let [now, before] = [tick, tick - 1].map(|tick| DiskIo::of(world, disk, tick));
    let read = rate(now.read_sectors * 512, before.read_sectors * 512);
    let written = rate(now.written_sectors * 512, before.written_sectors * 512);
    let (reads, writes) = (rate(now.reads, before.reads), rate(now.writes, before.writes));
    let metrics = BTreeMap::from([
        ("node_diskio_io_service_bytes_read", read),
        ("node_diskio_io_service_bytes_write", written),
        ("node_diskio_io_service_bytes_total", read + written),
        ("node_diskio_io_serviced_read", reads),
        ("node_diskio_io_serviced_write", writes),
        ("node_diskio_io_serviced_total", reads + writes),
    ]);
    expected.insert(vec!["NodeDiskIO".into(), format!("/dev/{}", disk.name)], metrics);
    let [free, available, inodes, inodes_free] = usage(world, disk, tick);
    let used = disk.capacity - free;
    let metrics = BTreeMap::from([
        ("node_filesystem_capacity", disk.capacity as f64),
        ("node_filesystem_usage", used as f64),
        ("node_filesystem_available", available as f64),
        ("node_filesystem_utilization", used as f64 / disk.capacity as f64 * 100.0),
        ("node_filesystem_inodes", inodes as f64),
        ("node_filesystem_inodes_free", inodes_free as f64),
    ]);
    expected.insert(vec!["NodeFS".into(), format!("/dev/{}p1", disk.name)], metrics);
}

fn pods(world: &World, pod: &Pod, tick: u64, expected: &mut Expected) {
    let uid = &pod.uid;
    if pod.runs() {
        let mut metrics = group(world, "pod", tick, &|tick| Group::part(world, &pod.key, tick), false);
        let (owner, names) = match pod.host_network {
            true => ("host", &world.interfaces[..]),
            false => (&*pod.key, &["eth0"][..]),
        };
        metrics.extend(network(world, owner, names, tick, "pod_network_"));
        metrics.insert("pod_number_of_containers", pod.containers.len() as f64);
        metrics.insert("pod_number_of_container_restarts", 0.0);
        expected.insert(vec!["Pod".into(), uid.clone()], metrics);
        for name in names {
            let metrics = network(world, owner, &[name], tick, "pod_interface_network_");
            expected.insert(vec!["PodNet".into(), uid.clone(), (*name).into()], metrics);
        }
    }
    for container in &pod.containers {
        let [cpu, memory, cpu_limit, memory_limit] = resources(world, &container.key);
        let mut metrics = BTreeMap::new();
        let name = [uid.clone(), container.name.clone()];
        if container.state == State::Running {
            metrics = group(world, "container", tick, &|tick| Group::part(world, &container.key, tick), false);
            if world.summary_fails_at != Some(tick) {
                let (layer, logs) = container_bytes(world, &container.key, tick);
                let root = &world.disks[0];
                let metrics = BTreeMap::from([
                    ("container_filesystem_usage", (layer + logs) as f64),
                    ("container_filesystem_capacity", root.capacity as f64),
                    ("container_filesystem_available", usage(world, root, tick)[1] as f64),
                ]);
                expected.insert([&["ContainerFS".to_owned()], &name[..]].concat(), metrics);
            }
        }
        metrics.insert("container_cpu_request", cpu as f64);
        metrics.insert("container_cpu_limit", cpu_limit as f64);
        metrics.insert("container_memory_request", (memory << 20) as f64);
        metrics.insert("container_memory_limit", (memory_limit << 20) as f64);
        expected.insert([&["Container".to_owned()], &name[..]].concat(), metrics);
    }
}
