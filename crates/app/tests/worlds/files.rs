//! The files of a world's kernel, written into a root as they stand at a tick; what was there keeps its inode.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::kernel::{self, DiskIo, Group};
use crate::tenants::Overlay;
use crate::world::{Layout, Pod, State, World};

/// The hierarchies that a group of version 1 is in.
pub const V1: [&str; 2] = ["cpu,cpuacct", "memory"];

/// Writes a file below the root in place, with the folders above it.
pub fn put(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    let written = match fs::write(&path, text.as_ref()) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
            fs::write(&path, text.as_ref())
        }
        written => written,
    };
    written.unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
}

/// The folders of a cgroup below the root, one for each hierarchy it is in.
pub fn folders(world: &World, path: &str) -> Vec<String> {
    match world.layout {
        Layout::V2 => vec![format!("sys/fs/cgroup/{path}")],
        Layout::V1 | Layout::Hybrid => V1.iter().map(|name| format!("sys/fs/cgroup/{name}/{path}")).collect(),
    }
}

/// Writes the files of a cgroup.
pub fn put_group(root: &Path, world: &World, path: &str, group: &Group) {
    let Group { anon, file, mapped, inactive_file, pgfault, pgmajfault, swap, .. } = group;
    let is_root = path.is_empty();
    if world.is_v2() {
        let folder = format!("sys/fs/cgroup/{path}");
        let cpu = format!(
            "usage_usec {}\nuser_usec {}\nsystem_usec {}\n",
            group.user_usec + group.system_usec,
            group.user_usec,
            group.system_usec
        );
        put(root, &format!("{folder}/cpu.stat"), cpu);
        let memory = format!(
            "anon {anon}\nfile {file}\nkernel 1048576\nfile_mapped {mapped}\ninactive_file {inactive_file}\npgfault {pgfault}\npgmajfault {pgmajfault}\n"
        );
        put(root, &format!("{folder}/memory.stat"), memory);
        if !is_root {
            put(root, &format!("{folder}/memory.current"), format!("{}\n", group.current));
            put(root, &format!("{folder}/memory.peak"), format!("{}\n", group.peak));
            put(root, &format!("{folder}/memory.swap.current"), format!("{swap}\n"));
        }
        return;
    }
    let [cpu, memory] = V1.map(|name| format!("sys/fs/cgroup/{name}/{path}"));
    let ticks = [group.user_usec, group.system_usec].map(|usec| usec / 10_000);
    put(root, &format!("{cpu}/cpuacct.usage"), format!("{}\n", group.usage_nsec()));
    put(root, &format!("{cpu}/cpuacct.stat"), format!("user {}\nsystem {}\n", ticks[0], ticks[1]));
    put(root, &format!("{memory}/memory.usage_in_bytes"), format!("{}\n", group.current));
    put(root, &format!("{memory}/memory.max_usage_in_bytes"), format!("{}\n", group.peak));
    put(root, &format!("{memory}/memory.failcnt"), format!("{}\n", group.failcnt));
    let stat = format!(
        "cache 4096\nrss 4096\nmapped_file 0\nswap 0\npgfault {}\npgmajfault {}\ninactive_file 0\n\
         total_cache {file}\ntotal_rss {anon}\ntotal_mapped_file {mapped}\ntotal_swap {swap}\ntotal_pgfault {pgfault}\n\
         total_pgmajfault {pgmajfault}\ntotal_inactive_file {inactive_file}\n",
        pgfault / 2,
        pgmajfault / 2,
    );
    put(root, &format!("{memory}/memory.stat"), stat);
}

/// The text of `net/dev`.
pub fn net_dev(world: &World, owner: &str, names: &[&str], tick: u64) -> String {
    let mut text = "Inter-|   Receive                                                |  Transmit\n \
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
         lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0\n"
        .to_owned();
    for name in names {
        let columns = kernel::interface(world, owner, name, tick).map(|column| column.to_string()).join(" ");
        let _ = writeln!(text, "{name:>6}: {columns}");
    }
    text
}

/// The path of a process as its `cgroup` file has it.
pub fn membership(world: &World, path: &str) -> String {
    match world.layout {
        Layout::V2 => format!("0::/{path}\n"),
        Layout::V1 => format!("6:memory:/{path}\n5:blkio:/{path}\n2:cpu,cpuacct:/{path}\n1:name=systemd:/{path}\n"),
        Layout::Hybrid => format!("6:memory:/{path}\n5:blkio:/{path}\n2:cpu,cpuacct:/{path}\n0::/{path}\n"),
    }
}

/// Writes a process.
pub fn put_process(root: &Path, pid: u64, membership: &str, net_dev: &str) {
    put(root, &format!("proc/{pid}/cgroup"), membership);
    // The number of a process is the order in which it began.
    let stat = format!("{pid} (main) S 1 {pid} {pid} 0 -1 4194304 100 0 0 0 1 1 0 0 20 0 1 0 {} 0 0\n", pid * 10);
    put(root, &format!("proc/{pid}/stat"), stat);
    put(root, &format!("proc/{pid}/net/dev"), net_dev);
}

/// Writes a pod's cgroups and processes.
pub fn put_pod(root: &Path, world: &World, pod: &Pod, tick: u64) {
    let path = world.pod_path(pod);
    put_group(root, world, &path, &Group::part(world, &pod.key, tick));
    let host = net_dev(world, "host", &world.interfaces, tick);
    let network = if pod.host_network { host } else { net_dev(world, &pod.key, &["eth0"], tick) };
    let running = pod.containers.iter().filter(|container| container.state == State::Running);
    let groups = running.map(|container| (&*container.id, &*container.key)).chain([(&*pod.sandbox, "sandbox")]);
    for (number, (id, key)) in groups.enumerate() {
        let path = format!("{path}/{}", world.container_name(id));
        put_group(root, world, &path, &Group::part(world, key, tick));
        // The sandbox's process is the first.
        let pid = if key == "sandbox" { pod.pid } else { pod.pid + 1 + number as u64 };
        put_process(root, pid, &membership(world, &path), &network);
    }
}

/// Removes what a pod had.
fn remove_pod(root: &Path, world: &World, pod: &Pod) {
    for folder in folders(world, &world.pod_path(pod)) {
        let _ = fs::remove_dir_all(root.join(folder));
    }
    for pid in pod.pid..pod.pid + 10 {
        let _ = fs::remove_dir_all(root.join(format!("proc/{pid}")));
    }
}

/// Writes the whole machine.
pub fn put_world(root: &Path, world: &World, tick: u64, overlay: &Overlay) {
    let machine = Group::root(world, tick);
    put_group(root, world, "", &machine);
    for slice in ["init.scope", "system.slice", "system.slice/containerd.service", "user.slice"] {
        put_group(root, world, slice, &Group::part(world, slice, tick));
    }
    if !world.is_v2() {
        put(root, "sys/fs/cgroup/memory/memory.use_hierarchy", "1\n");
    }
    put_disks(root, world, tick, overlay);
    put_mounts(root, world, tick, overlay);
    let cpus: String = (0..world.cpus).map(|cpu| format!("processor\t: {cpu}\nmodel name\t: made up\n\n")).collect();
    put(root, "proc/cpuinfo", cpus);
    let total = world.memory_bytes / 1024;
    let swap_free = 1_000_000 - machine.swap / 1024;
    let available = total - total / 3;
    let meminfo = format!(
        "MemTotal:       {total} kB\nMemFree:        {} kB\nMemAvailable:   {available} kB\nSwapTotal:      1000000 kB\nSwapFree:       {swap_free} kB\n",
        total / 2
    );
    put(root, "proc/meminfo", meminfo);
    put(root, "proc/sys/kernel/hostname", "node-1\n");
    let host = net_dev(world, "host", &world.interfaces, tick);
    let network = [host.as_bytes(), &overlay.net_dev].concat();
    put(root, "proc/1/net/dev", network);
    put(root, "proc/1/cgroup", membership(world, "init.scope"));
    put(root, "proc/1/stat", "1 (systemd) S 0 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 1 0 0\n");
    for pod in world.pods.iter().filter(|pod| pod.runs()) {
        if tick < pod.ends_at {
            put_pod(root, world, pod, tick);
        } else if tick == pod.ends_at {
            remove_pod(root, world, pod);
        }
    }
}

fn put_disks(root: &Path, world: &World, tick: u64, overlay: &Overlay) {
    let (mut v2, mut bytes, mut operations, mut diskstats) =
        (String::new(), String::new(), String::new(), String::new());
    for disk in &world.disks {
        let (DiskIo { read_sectors, written_sectors, reads, writes }, major) =
            (DiskIo::of(world, disk, tick), disk.major);
        put(root, &format!("sys/block/{}/dev", disk.name), format!("{major}:0\n"));
        let (read, written) = (read_sectors * 512, written_sectors * 512);
        let _ = writeln!(v2, "{major}:0 rbytes={read} wbytes={written} rios={reads} wios={writes} dbytes=0 dios=0");
        for (text, read, write) in [(&mut bytes, read, written), (&mut operations, reads, writes)] {
            let total = read + write;
            let _ = writeln!(
                text,
                "{major}:0 Read {read}\n{major}:0 Write {write}\n{major}:0 Sync {total}\n{major}:0 Async 0\n{major}:0 Discard 0\n{major}:0 Total {total}"
            );
        }
        let name = &disk.name;
        let rest = format!("{reads} 0 {read_sectors} 5 {writes} 0 {written_sectors} 6 0 7 8 0 0 0 0 0 0");
        let _ = writeln!(diskstats, " {major}       0 {name} {rest}\n {major}       1 {name}p1 {rest}");
    }
    let _ = write!(diskstats, "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n{}", overlay.diskstats);
    put(root, "proc/diskstats", diskstats);
    if world.is_v2() {
        put(root, "sys/fs/cgroup/io.stat", v2 + &overlay.io_stat);
        return;
    }
    for (file, text) in [("io_serviced", &operations), ("io_service_bytes", &bytes)] {
        let text =
            if world.silent_blkio { "Total 0\n".to_owned() } else { format!("{text}{}Total 1\n", overlay.blkio) };
        put(root, &format!("sys/fs/cgroup/blkio/blkio.throttle.{file}"), &text);
        put(root, &format!("sys/fs/cgroup/blkio/blkio.throttle.{file}_recursive"), &text);
    }
}

fn put_mounts(root: &Path, world: &World, tick: u64, overlay: &Overlay) {
    let mut table = String::new();
    let mut statfs = Vec::new();
    // The last of the disks is mounted after the tenants' mounts.
    for number in (0..world.disks.len()).filter(|number| *number != 1) {
        put_mount(&mut table, world, number, tick, &mut statfs);
    }
    table += "24 1 0:22 / /proc rw,nosuid - proc proc rw\n25 1 0:23 / /sys rw,nosuid - sysfs sysfs rw\n";
    match world.layout {
        Layout::V2 => table += "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n",
        Layout::V1 | Layout::Hybrid => {
            table += "30 25 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n";
            for (number, name) in ["cpu,cpuacct", "memory", "blkio"].iter().enumerate() {
                let _ = writeln!(
                    table,
                    "{} 30 0:{} / /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}",
                    31 + number,
                    27 + number
                );
            }
            if world.layout == Layout::Hybrid {
                table += "36 30 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";
                put(root, "sys/fs/cgroup/unified/cgroup.controllers", "");
            }
        }
    }
    let mut table = [table.as_bytes(), &overlay.mounts].concat();
    if world.disks.len() > 1 {
        let mut last = String::new();
        put_mount(&mut last, world, 1, tick, &mut statfs);
        table.extend_from_slice(last.as_bytes());
    }
    put(root, "proc/1/mountinfo", table);
    statfs.extend(overlay.statfs.iter().cloned());
    put(root, "statfs.json", format!("{{{}}}", statfs.join(",\n")));
}

fn put_mount(table: &mut String, world: &World, number: usize, tick: u64, statfs: &mut Vec<String>) {
    let disk = &world.disks[number];
    let [free, available, inodes, inodes_free] = kernel::usage(world, disk, tick);
    let (id, parent) = if number == 0 { (1, 0) } else { (100 + number, 1) };
    let _ = writeln!(
        table,
        "{id} {parent} {}:1 / {} rw,relatime shared:1 - {} /dev/{}p1 rw",
        disk.major, disk.mount_point, disk.kind, disk.name
    );
    statfs.push(format!(
        r#""{}": {{"capacity": {}, "free": {free}, "available": {available}, "inodes": {inodes}, "inodes_free": {inodes_free}}}"#,
        disk.mount_point, disk.capacity
    ));
}
