//! Prints what is read of this machine: `cargo run -p container-insights-linux --example dump [root]`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::PathBuf;
use std::time::Duration;

use linux::cgroup::{Group, Hierarchy};
use linux::{Buffer, Error, Root, block, cpuinfo, diskstats, meminfo, mounts, net_class, net_dev, process, statfs};

fn main() -> Result<(), Error> {
    let path = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let root = Root::open(&path)?;
    let mut buffer = Buffer::new();
    println!("root {} live {}", root.path().display(), root.is_live());
    println!("cpus {:?}", cpuinfo::read_logical_cpus(&root, &mut buffer));
    println!("{:?}", meminfo::read(&root, &mut buffer));
    print_cgroups(&root, &mut buffer)?;
    for disk in block::read_disks(&root, &mut buffer).unwrap_or_default() {
        println!("disk {} {}", disk.name, disk.device);
    }
    for disk in diskstats::read(&root, &mut buffer).unwrap_or_default() {
        println!("diskstats {disk:?}");
    }
    match net_dev::read(&root, 1, &mut buffer) {
        Ok(seen) => {
            for interface in seen.interfaces {
                println!("net {:?} {interface:?}", net_class::has_device(&root, &interface.name).ok());
            }
        }
        Err(error) => println!("net {error}"),
    }
    let mounts = mounts::read(&root, &mut buffer)?;
    for (index, usage) in statfs::Prober::new(&root)?.probe(&mounts, Duration::from_secs(2)) {
        println!("mount {} {} {usage:?}", mounts[index].mount_point, mounts[index].source);
    }
    let mut processes = 0;
    process::for_each(&root, &mut buffer, |_, _| processes += 1)?;
    println!("processes {processes}");
    Ok(())
}

fn print_cgroups(root: &Root, buffer: &mut Buffer) -> Result<(), Error> {
    let mut hierarchy = Hierarchy::discover(root, buffer)?;
    hierarchy.refresh(buffer)?;
    println!("cgroup {:?} unreadable {}", hierarchy.version(), hierarchy.walked().unreadable);
    print_group("root", hierarchy.root(), buffer);
    println!("  io {:?}", hierarchy.root().read_io(buffer));
    for pod in hierarchy.pods() {
        print_group(&pod.uid, &pod.group, buffer);
        for container in &pod.containers {
            print_group(&container.id, &container.group, buffer);
        }
    }
    for container in hierarchy.containers() {
        print_group(&container.id, &container.group, buffer);
    }
    Ok(())
}

fn print_group(name: &str, group: &Group, buffer: &mut Buffer) {
    println!("{name} {} {}", group.path(), group.inode());
    println!("  {:?}", group.read_cpu(buffer));
    println!("  {:?}", group.read_memory(buffer));
}
