//! CPU time of one round of readings against opening, reading and closing the same files by path:
//! `cargo run --release -p container-insights-linux --example cost [pods]`, with the right to make cgroups.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use linux::cgroup::{Group, Hierarchy, Version};
use linux::{Buffer, Root};
use rustix::fs::{Mode, OFlags, open};

const ROUNDS: u32 = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let pods: usize = std::env::args().nth(1).map_or(Ok(110), |count| count.parse())?;
    let mut buffer = Buffer::new();
    let mut hierarchy = Hierarchy::discover(&Root::open(Path::new("/"))?, &mut buffer)?;
    let (tops, files): (&[&str], [&[&str]; 2]) = match hierarchy.version() {
        Version::V1 => (
            &["/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/memory"],
            [
                &["cpuacct.usage", "cpuacct.stat"],
                &["memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt", "memory.stat"],
            ],
        ),
        Version::V2 => (
            &["/sys/fs/cgroup"],
            [&["cpu.stat", "memory.current", "memory.peak", "memory.swap.current", "memory.stat"], &[]],
        ),
    };
    let mut directories: Vec<PathBuf> = (0..pods).flat_map(below).map(PathBuf::from).collect();
    directories.sort();
    directories.dedup();
    let paths: Vec<String> = tops
        .iter()
        .zip(files)
        .flat_map(|(top, files)| {
            directories.iter().flat_map(move |directory| {
                files.iter().map(move |file| format!("{top}/{}/{file}", directory.display()))
            })
        })
        .filter(|path| path.contains("/pod"))
        .collect();
    for top in tops {
        for directory in &directories {
            let directory = Path::new(top).join(directory);
            if !directory.exists() {
                fs::create_dir(&directory)?;
            }
            let control = directory.join("cgroup.subtree_control");
            if control.exists() {
                fs::write(control, "+cpu +memory")?;
            }
        }
    }
    hierarchy.refresh(&mut buffer)?;
    let floor = mean(|| read_by_path(&paths));
    let refresh = mean(|| hierarchy.refresh(&mut buffer).is_ok());
    let read = mean(|| read_all(&hierarchy, &mut buffer));
    println!("{} pods, {} files, {:?}", hierarchy.pods().len(), paths.len(), hierarchy.version());
    println!("by path {floor:?}  refresh {refresh:?}  read {read:?}");
    println!("ratio {:.2}", (refresh + read).as_secs_f64() / floor.as_secs_f64());
    for top in tops {
        for directory in directories.iter().rev() {
            let _ = fs::remove_dir(Path::new(top).join(directory));
        }
    }
    Ok(())
}

/// The directories of one pod and those above it, from the top down.
fn below(pod: usize) -> [String; 5] {
    let path = format!("kubepods-cost/burstable/pod{pod:032x}");
    let container = |kind: usize| format!("{path}/{:064x}", pod * 2 + kind);
    ["kubepods-cost".into(), "kubepods-cost/burstable".into(), path.clone(), container(0), container(1)]
}

/// The mean CPU time of several runs: the kernel counts it in steps of a few milliseconds.
fn mean<T>(mut work: impl FnMut() -> T) -> Duration {
    let start = cpu_time();
    for _ in 0..ROUNDS {
        std::hint::black_box(work());
    }
    cpu_time().saturating_sub(start) / ROUNDS
}

/// What this thread has run so far, user and system: the first number of its schedstat.
fn cpu_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nsec| nsec.parse().ok()).unwrap_or_default())
}

fn read_by_path(paths: &[String]) -> usize {
    let mut bytes = [0; 16 * 1024];
    let read = |path: &String| {
        let file = open(path.as_str(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        rustix::io::read(file, &mut bytes).ok()
    };
    paths.iter().filter_map(read).sum()
}

fn read_all(hierarchy: &Hierarchy, buffer: &mut Buffer) -> u64 {
    let mut sum = 0;
    let mut read = |group: &Group| {
        sum += group.read_cpu(buffer).ok().and_then(|cpu| cpu.usage_nsec).unwrap_or_default();
        sum += group.read_memory(buffer).ok().and_then(|memory| memory.usage_bytes).unwrap_or_default();
    };
    for pod in hierarchy.pods() {
        read(&pod.group);
        pod.containers.iter().for_each(|container| read(&container.group));
    }
    sum
}
