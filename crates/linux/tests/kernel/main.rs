//! Files of the running kernel, of whichever version it is and has cgroups, compared with the files read one by one.
//!
//! Cgroups are made for it: without the right to, such a test is "not run". In a guest of the beds the same binary sees another
//! kernel and cgroup v2.
#![expect(clippy::unwrap_used, reason = "the helpers are part of the tests")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use linux::cgroup::{Hierarchy, Version, membership};
use linux::{Buffer, Root, net_dev, process};
use testkit::trials::{self, Outcome, Trial};

use made::{ID, TestPod};

mod files;
mod guest;
mod made;

macro_rules! trials {
    ($($ignored:literal: $($test:path),+;)+) => {
        &[$($(Trial { name: stringify!($test), ignored: $ignored, run: $test }),+),+]
    };
}

const TRIALS: &[Trial] = trials! {
    false: a_load_shows_and_agrees_with_the_files,
        page_cache_counts_as_usage_and_as_inactive_file,
        a_removed_cgroup_is_gone_and_one_made_anew_is_another,
        the_root_is_the_whole_machine,
        a_pod_without_rights_sees_the_machine_and_finds_another_pods_process,
        files::every_file_is_read_as_this_kernel_writes_it;
    true: guest::the_same_holds_on_the_kernel_of_a_guest;
};

fn main() -> ExitCode {
    trials::main(TRIALS)
}

fn discover(buffer: &mut Buffer) -> Hierarchy {
    let mut hierarchy = Hierarchy::discover(&Root::open(Path::new("/")).unwrap(), buffer).unwrap();
    hierarchy.refresh(buffer).unwrap();
    hierarchy
}

fn a_load_shows_and_agrees_with_the_files() -> Outcome {
    let made = match TestPod::make("load") {
        Ok(made) => made,
        Err(reason) => return Outcome::NotRun(reason),
    };
    let mut buffer = Buffer::new();
    let hierarchy = discover(&mut buffer);
    let pod = made.find(&hierarchy).unwrap();
    let container = &pod.containers[0];
    assert_eq!((&*pod.uid, &*container.id), (&*made.uid, ID));
    made.run(
        "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; dd if=/dev/zero of=/dev/null bs=1M count=200 2>/dev/null",
    );

    // The container is empty again, so its counters stand still.
    let cpu = container.group.read_cpu(&mut buffer).unwrap();
    let memory = container.group.read_memory(&mut buffer).unwrap();
    let usage = cpu.usage_nsec.unwrap();
    assert!((50_000_000..60_000_000_000).contains(&usage), "{usage}");
    let of_pod = pod.group.read_cpu(&mut buffer).unwrap().usage_nsec.unwrap();
    assert!(of_pod >= usage);
    assert_eq!((cpu.faults, memory.faults), (0, 0));
    match hierarchy.version() {
        Version::V1 => {
            assert_eq!(usage, made.number("cpuacct.usage", ""));
            assert_eq!(cpu.user_nsec, Some(made.number("cpuacct.stat", "user") * 10_000_000));
            assert_eq!(cpu.system_nsec, Some(made.number("cpuacct.stat", "system") * 10_000_000));
            assert_eq!(memory.max_usage_bytes, Some(made.number("memory.max_usage_in_bytes", "")));
            assert_eq!(memory.failcnt, Some(made.number("memory.failcnt", "")));
            assert_eq!(memory.pgfault, Some(made.number("memory.stat", "pgfault")));
            assert_eq!(memory.hierarchical_pgfault, Some(made.number("memory.stat", "total_pgfault")));
            // Of the pod's faults none are its own: they happened in the container below.
            let above = pod.group.read_memory(&mut buffer).unwrap();
            assert_eq!((above.pgfault, above.hierarchical_pgfault), (Some(0), memory.pgfault));
        }
        Version::V2 => {
            assert_eq!(usage, made.number("cpu.stat", "usage_usec") * 1000);
            assert_eq!(cpu.user_nsec, Some(made.number("cpu.stat", "user_usec") * 1000));
            assert_eq!(memory.max_usage_bytes, Some(made.number("memory.peak", "")));
            assert_eq!(memory.pgfault, Some(made.number("memory.stat", "pgfault")));
            assert_eq!(memory.failcnt, None);
            hierarchy.set_memory_events(true);
            let max = container.group.read_memory(&mut buffer).unwrap().memory_events_max;
            assert_eq!(max, Some(made.number("memory.events", "max")));
        }
    }
    assert!(memory.pgfault.unwrap() > 100);
    assert!(memory.max_usage_bytes.unwrap() > 100_000);
    Outcome::Passed
}

fn page_cache_counts_as_usage_and_as_inactive_file() -> Outcome {
    let made = match TestPod::make("cache") {
        Ok(made) => made,
        Err(reason) => return Outcome::NotRun(reason),
    };
    let mut buffer = Buffer::new();
    let hierarchy = discover(&mut buffer);
    // A folder on a disk: what is in memory anyway is no page cache.
    let at = if Path::new("/mnt/lost+found").exists() { "/mnt" } else { env!("CARGO_TARGET_TMPDIR") };
    let file = format!("{at}/cache-{}", std::process::id());
    made.run(&format!("dd if=/dev/zero of={file} bs=1M count=16 conv=fsync 2>/dev/null"));
    let group = &made.find(&hierarchy).unwrap().containers[0].group;
    let memory = group.read_memory(&mut buffer).unwrap();
    let cache = memory.cache_bytes.unwrap();
    assert!((16 << 20..20 << 20).contains(&cache), "{cache}");
    assert!(memory.usage_bytes.unwrap() >= cache);
    assert!(memory.inactive_file_bytes.unwrap() >= 15 << 20);
    if hierarchy.version() == Version::V2 {
        let disks = group.read_io(&mut buffer).unwrap();
        let written: u64 = disks.iter().filter_map(|disk| disk.service_bytes.write).sum();
        assert!(written >= 16 << 20, "{disks:?}");
        assert!(disks.iter().all(|disk| disk.serviced.total.is_some()));
    }
    fs::remove_file(file).unwrap();
    Outcome::Passed
}

fn a_removed_cgroup_is_gone_and_one_made_anew_is_another() -> Outcome {
    let made = match TestPod::make("anew") {
        Ok(made) => made,
        Err(reason) => return Outcome::NotRun(reason),
    };
    let mut buffer = Buffer::new();
    let mut hierarchy = discover(&mut buffer);
    let inode = made.find(&hierarchy).unwrap().containers[0].group.inode();
    made.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
    for top in 0..made.tops.len() {
        fs::remove_dir(made.container(top)).unwrap();
    }
    let group = &made.find(&hierarchy).unwrap().containers[0].group;
    assert!(group.read_cpu(&mut buffer).unwrap_err().is_gone());
    assert!(group.read_memory(&mut buffer).unwrap_err().is_gone());
    for top in 0..made.tops.len() {
        fs::create_dir(made.container(top)).unwrap();
    }
    // The old entry stays what it was.
    assert!(made.find(&hierarchy).unwrap().containers[0].group.read_cpu(&mut buffer).unwrap_err().is_gone());
    hierarchy.refresh(&mut buffer).unwrap();
    let container = &made.find(&hierarchy).unwrap().containers[0];
    assert_ne!(container.group.inode(), inode);
    assert_eq!(container.group.read_cpu(&mut buffer).unwrap().usage_nsec, Some(0));
    assert!(container.group.read_memory(&mut buffer).is_ok());
    for top in 0..made.tops.len() {
        fs::remove_dir(made.container(top)).unwrap();
    }
    hierarchy.refresh(&mut buffer).unwrap();
    assert!(made.find(&hierarchy).unwrap().containers.is_empty());
    Outcome::Passed
}

fn the_root_is_the_whole_machine() -> Outcome {
    let mut buffer = Buffer::new();
    let hierarchy = discover(&mut buffer);
    let first = hierarchy.root().read_cpu(&mut buffer).unwrap();
    let memory = hierarchy.root().read_memory(&mut buffer).unwrap();
    let second = hierarchy.root().read_cpu(&mut buffer).unwrap();
    assert!(first.usage_nsec.unwrap() > 0 && second.usage_nsec >= first.usage_nsec);
    let total = linux::meminfo::read(&Root::open(Path::new("/")).unwrap(), &mut buffer).unwrap().total_bytes;
    assert!(memory.usage_bytes.unwrap() > 0 && memory.usage_bytes < total);
    assert!(memory.cache_bytes.is_some() && memory.rss_bytes.is_some() && memory.inactive_file_bytes.is_some());
    hierarchy.root().read_io(&mut buffer).unwrap();
    Outcome::Passed
}

/// Set for the process that looks from inside: where the machine's root is, the pid it must find, its cgroup's path.
const INSIDE: &str = "LINUX_TEST_INSIDE";

fn a_pod_without_rights_sees_the_machine_and_finds_another_pods_process() -> Outcome {
    if let Ok(given) = std::env::var(INSIDE) {
        look_from_inside(&given);
        return Outcome::Passed;
    }
    let (target, agent) = match (TestPod::make("target"), TestPod::make("agent")) {
        (Ok(target), Ok(agent)) => (target, agent),
        (Err(reason), _) | (_, Err(reason)) => return Outcome::NotRun(reason),
    };
    let mut sleeper = target.start("exec sleep 60");
    while fs::read_to_string(format!("/proc/{}/comm", sleeper.id())).unwrap() != "sleep\n" {
        std::thread::sleep(Duration::from_millis(1));
    }
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("rootfs");
    fs::create_dir(&root).unwrap();
    let own = std::env::current_exe().unwrap();
    let script = format!(
        "exec unshare --pid --cgroup --mount --fork sh -ec 'mount --rbind / {root}; mount -t proc proc /proc; \
         {INSIDE}=\"{root} {pid} {path} {uid}\" exec setpriv --reuid 65534 --regid 65534 --clear-groups \
         --bounding-set=-all --inh-caps=-all --no-new-privs {own} --exact --nocapture \
         a_pod_without_rights_sees_the_machine_and_finds_another_pods_process'",
        root = root.display(),
        pid = sleeper.id(),
        path = target.path,
        uid = target.uid,
        own = own.display(),
    );
    std::os::unix::fs::chown(scratch.path(), Some(65534), Some(65534)).unwrap();
    let inside = agent.start(&script).wait().unwrap();
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    assert!(inside.success());
    Outcome::Passed
}

fn look_from_inside(given: &str) {
    let [at, pid, path, uid] = given.split(' ').collect::<Vec<_>>()[..] else { panic!("{given}") };
    assert!(fs::write("/proc/sys/kernel/hostname", "x").is_err(), "it has rights");
    let root = Root::open(Path::new(at)).unwrap();
    let mut buffer = Buffer::new();
    let mut hierarchy = Hierarchy::discover(&root, &mut buffer).unwrap();
    hierarchy.refresh(&mut buffer).unwrap();
    let pod = hierarchy.pods().iter().find(|pod| pod.group.path() == path).unwrap();
    assert!(pod.containers[0].group.read_cpu(&mut buffer).unwrap().usage_nsec.is_some());
    assert!(pod.containers[0].group.read_memory(&mut buffer).unwrap().usage_bytes.unwrap() > 0);
    let mut found = Vec::new();
    process::for_each(&root, &mut buffer, |pid, text| {
        let shown = String::from_utf8_lossy(text).into_owned();
        if membership(text)
            .is_some_and(|of| of.pod_uid.as_deref() == Some(uid) && of.container_id.as_deref() == Some(ID))
        {
            found.push((pid, shown));
        }
    })
    .unwrap();
    let (pid, text) = found.iter().find(|(found, _)| found.to_string() == pid).unwrap();
    assert!(text.contains(":/../../../"), "{text}");
    assert!(!net_dev::read(&root, *pid, &mut buffer).unwrap().interfaces.is_empty());
}
