//! Misbehaviour in cgroups: a tenant's own, and those that are delegated to a user of the machine.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags, mkdirat, openat};
use rustix::thread::CapabilitySet;

use super::{Mischief, Tenant};
use crate::files::{self, folders, put};
use crate::kernel::Group;
use crate::world::World;

/// Where a user's own cgroups are.
const DELEGATED: &str = "user.slice/user-1000.slice/user@1000.service";

impl Tenant {
    /// Makes what it has of cgroups and processes at a tick, beside those of its pod.
    pub(super) fn cgroups(&self, world: &World, root: &Path, tick: u64) {
        let own = || format!("{}/{}", world.pod_path(&self.pod), world.container_name(&self.pod.containers[0].id));
        // A name that sorts before the kubelet's own cgroups, or behind them.
        // Outside users' own places a directory is a user's only if it was given to them.
        let before = self.numbers.is(&format!("delegated {}", self.place), 2) && may_give();
        let delegated = if before { format!("aaa.slice/tenant-{}", self.place) } else { DELEGATED.to_owned() };
        match self.mischief {
            Mischief::OwnFiles => self.own_files(world, root, tick),
            Mischief::BelowItsContainer => {
                for (number, pod) in world.pods.iter().enumerate() {
                    let name = world.pod_path(pod);
                    self.forge(world, root, &format!("{}/{name}", own()), tick);
                    self.forge(
                        world,
                        root,
                        &format!("{}/{}", own(), world.container_name(&pod.containers[0].id)),
                        tick,
                    );
                    self.process(world, root, number as u64, &format!("{}/{name}/x", own()), tick);
                }
            }
            Mischief::LongPaths if tick > 0 => self.nested(world, root, &delegated, 250, 20),
            Mischief::DeepTree if tick > 0 => self.nested(world, root, &delegated, 5, 100),
            Mischief::ManyDirectories if tick == 1 => {
                make_many(world, root, &delegated, 70_000, |number| format!("d{number}"));
            }
            Mischief::ManyContainerNames if tick == 1 => {
                make_many(world, root, &delegated, 30_000, |number| format!("{number:064x}"));
            }
            Mischief::ManyPodNames if tick == 1 => {
                let name = |number| format!("x-pod{}.slice", self.uid(number).replace('-', "_"));
                make_many(world, root, &delegated, 20_000, name);
            }
            Mischief::Forged => self.forged(world, root, &delegated, tick),
            Mischief::ForgedBeside => {
                if let Some(victim) = self.victim(world) {
                    let slice = format!("kubepods-pod{}.slice", victim.uid.replace('-', "_"));
                    let name = format!("{delegated}/{slice}:cri-containerd:{}", victim.containers[0].id);
                    self.forge(world, root, &name, tick);
                    give(world, root, &name, &delegated);
                }
            }
            Mischief::Unreadable => self.unreadable(world, root, &delegated),
            Mischief::HostileNames => self.hostile_names(world, root, &delegated),
            Mischief::Churn => {
                for number in 0..200 {
                    for folder in folders(world, &format!("{delegated}/churn-{}-{number}", tick.saturating_sub(1))) {
                        let _ = fs::remove_dir_all(root.join(folder));
                    }
                    for folder in folders(world, &format!("{delegated}/churn-{tick}-{number}/x")) {
                        fs::create_dir_all(root.join(folder)).expect("the folder can be made");
                    }
                }
            }
            Mischief::Processes => self.processes(world, root, &delegated, tick),
            _ => {}
        }
    }

    /// A cgroup with numbers of the tenant's own choice.
    fn forge(&self, world: &World, root: &Path, path: &str, tick: u64) {
        let group = Group { current: 1 << 40, anon: 1 << 39, ..Group::part(world, "forged", tick * 3) };
        files::put_group(root, world, path, &group);
    }

    /// A process in a cgroup, in a network of its own; older than those of any pod.
    fn process(&self, world: &World, root: &Path, number: u64, path: &str, tick: u64) {
        let network = files::net_dev(world, "forged", &["eth0", "eth9"], tick * 7);
        files::put_process(root, 200 + self.place * 100 + number, &files::membership(world, path), &network);
    }

    /// The pod of another one, by every name that it may have.
    fn forged(&self, world: &World, root: &Path, delegated: &str, tick: u64) {
        let Some(victim) = self.victim(world) else { return };
        let uid = &victim.uid;
        let written = uid.replace('-', "_");
        let names = [
            format!("x-pod{written}.slice"),
            format!("kubepods-burstable-pod{written}.slice"),
            format!("kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{written}.slice"),
            format!("kubepods/burstable/pod{uid}"),
            format!("pod{uid}"),
        ];
        for (number, name) in names.iter().enumerate() {
            let path = format!("{delegated}/{name}");
            self.forge(world, root, &path, tick);
            let container = format!("{path}/{}", world.container_name(&victim.containers[0].id));
            self.forge(world, root, &container, tick);
            self.process(world, root, number as u64, &container, tick);
            self.process(world, root, 10 + number as u64, &path, tick);
            give(world, root, &container, delegated);
        }
    }

    /// Directories in one another, made one by one since their path is longer than one may be written.
    fn nested(&self, world: &World, root: &Path, below: &str, letters: usize, levels: usize) {
        for folder in folders(world, below) {
            fs::create_dir_all(root.join(&folder)).expect("the folder can be made");
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            let mut at = rustix::fs::open(root.join(&folder), flags, Mode::empty()).expect("it can be opened");
            for _ in 0..levels {
                let name = "p".repeat(letters);
                let _ = mkdirat(&at, &*name, Mode::from(0o755));
                at = openat(&at, &*name, flags, Mode::empty()).expect("it can be opened");
            }
        }
    }

    fn hostile_names(&self, world: &World, root: &Path, below: &str) {
        let names: [&[u8]; 9] = [
            b"\x1b[2J",
            b"new\nline",
            b"\"quotes\"",
            b"\xff\xfe",
            b"back\\slash",
            b" ",
            b"pod",
            b"-pod.slice",
            b"kubepods-pod.slice",
        ];
        for folder in folders(world, below) {
            for name in names {
                let folder = root.join(&folder).join(std::ffi::OsStr::from_bytes(name));
                fs::create_dir_all(folder.join("kubepods")).expect("the folder can be made");
            }
            let _ = std::os::unix::fs::symlink("..", root.join(&folder).join("loop"));
        }
    }

    /// Takes the right to read from its own cgroups and from delegated ones.
    fn unreadable(&self, world: &World, root: &Path, below: &str) {
        let own = world.pod_path(&self.pod);
        let container = format!("{own}/{}", world.container_name(&self.pod.containers[0].id));
        for path in [format!("{below}/closed"), format!("{own}/closed"), container] {
            for folder in folders(world, &path) {
                let folder = root.join(folder);
                fs::create_dir_all(folder.join("x")).expect("the folder can be made");
                fs::set_permissions(folder, fs::Permissions::from_mode(0o000)).expect("it can be closed");
            }
        }
    }

    fn own_files(&self, world: &World, root: &Path, tick: u64) {
        let texts: [&[u8]; 8] = [
            b"18446744073709551615\n",
            b"-1\n",
            b"",
            b"\xff\x00\n",
            b"anon 18446744073709551615\nfile 18446744073709551615\nusage_usec 18446744073709551615\nuser_usec -1\n",
            b"total_rss 99999999999999999999\ntotal_cache x\n",
            b"usage_usec 1\nusage_usec 2\nanon\n",
            b"max\n",
        ];
        let path = world.pod_path(&self.pod);
        for path in [path.clone(), format!("{path}/{}", world.container_name(&self.pod.containers[0].id))] {
            for folder in folders(world, &path) {
                for file in [
                    "cpu.stat",
                    "memory.stat",
                    "memory.current",
                    "memory.peak",
                    "cpuacct.usage",
                    "cpuacct.stat",
                    "memory.usage_in_bytes",
                ] {
                    let name = format!("{folder}/{file}");
                    let text = texts[usize::try_from(self.numbers.gauge(&name, 0..8, tick)).expect("a place")];
                    put(root, &name, text);
                }
            }
        }
    }

    fn processes(&self, world: &World, root: &Path, delegated: &str, tick: u64) {
        let folder = |number: u64| format!("proc/{}", 200 + self.place * 100 + number);
        let link = |number: u64, name: &str| {
            let folder = root.join(folder(number));
            fs::create_dir_all(&folder).expect("the folder can be made");
            // A link to itself: reading it is neither forbidden nor does it say that it is gone.
            let _ = std::os::unix::fs::symlink(name, folder.join(name));
        };
        link(0, "cgroup");
        put(root, &format!("{}/cgroup", folder(1)), vec![b'a'; 5_000_000]);
        put(root, &format!("{}/cgroup", folder(2)), b"\xff\xfe\n0::\n0\n::::\n");
        put(root, &format!("{}/cgroup", folder(3)), "");
        if let Some(victim) = self.victim(world) {
            let name = format!("kubepods-pod{}.slice", victim.uid.replace('-', "_"));
            let scope = world.container_name(&victim.sandbox);
            self.process(world, root, 4, &format!("{delegated}/{name}"), tick);
            self.process(world, root, 5, &format!("{delegated}/{name}/{scope}"), tick);
            self.process(world, root, 6, &format!("{delegated}/{scope}"), tick);
        }
    }
}

/// Whether this process may give a directory to another user.
fn may_give() -> bool {
    let own = rustix::thread::capabilities(None).expect("a thread may ask for its own");
    own.effective.contains(CapabilitySet::CHOWN)
}

/// Gives a cgroup to the user it is delegated to, and what is above it down from `delegated`, where that may be done.
fn give(world: &World, root: &Path, path: &str, delegated: &str) {
    let above = Path::new(path).ancestors().take_while(|above| above.starts_with(delegated));
    for path in above.filter(|_| may_give()) {
        for folder in folders(world, &path.display().to_string()) {
            std::os::unix::fs::chown(root.join(folder), Some(1000), Some(1000)).expect("it may be given away");
        }
    }
}

fn make_many(world: &World, root: &Path, below: &str, count: u64, name: impl Fn(u64) -> String) {
    // Only the hierarchy that is walked needs them.
    let folder = root.join(&folders(world, below)[0]);
    fs::create_dir_all(&folder).expect("the folder can be made");
    for number in 0..count {
        fs::create_dir(folder.join(name(number))).expect("the folder can be made");
    }
}
