//! A made-up node: what runs on it, and what its kernel would say at each tick.

use crate::numbers::Numbers;

/// Seconds between two ticks.
pub const SECONDS: u64 = 10;

/// The interfaces that a machine may have.
const INTERFACES: [&[&str]; 3] = [&["eth0"], &["eth0", "eth1"], &["ens5", "eni0a", "cni0"]];

/// How the cgroups are mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Version 1, each controller for itself.
    V1,
    /// Version 2 alone.
    V2,
    /// Version 1 with an empty version 2 beside it.
    Hybrid,
}

/// Who names the cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// The kubelet itself.
    Cgroupfs,
    /// systemd.
    Systemd,
}

/// A node and all that behaves on it.
#[derive(Debug, Clone)]
pub struct World {
    pub numbers: Numbers,
    pub layout: Layout,
    pub driver: Driver,
    /// The kubelet's cgroups lie below another one, as in a node that is a container.
    pub nested: bool,
    pub cpus: u64,
    pub memory_bytes: u64,
    pub pods: Vec<Pod>,
    pub disks: Vec<Disk>,
    pub interfaces: Vec<&'static str>,
    /// Version 1 without a throttling rule: the block controller counts nothing.
    pub silent_blkio: bool,
    /// The tick at which the kubelet has no summary.
    pub summary_fails_at: Option<u64>,
    /// The tick at which the kubelet has no list of pods.
    pub pods_fail_at: Option<u64>,
}

/// A disk with a file system on its partition.
#[derive(Debug, Clone)]
pub struct Disk {
    pub name: String,
    pub major: u64,
    pub mount_point: String,
    pub kind: &'static str,
    pub capacity: u64,
}

/// A pod.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Names its numbers.
    pub key: String,
    pub uid: String,
    pub name: String,
    pub namespace: String,
    pub class: &'static str,
    pub is_static: bool,
    pub host_network: bool,
    pub phase: &'static str,
    pub sandbox: String,
    pub containers: Vec<Container>,
    pub pid: u64,
    /// From this tick on it is gone.
    pub ends_at: u64,
}

/// A container of a pod.
#[derive(Debug, Clone)]
pub struct Container {
    /// Names its numbers.
    pub key: String,
    pub name: String,
    pub id: String,
    pub state: State,
}

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    Waiting,
    Terminated,
}

impl World {
    /// The world of a number.
    pub fn new(seed: u64) -> Self {
        let numbers = Numbers(seed);
        let memory_bytes = numbers.pick("memory", 2..64) << 30;
        let mut disks = vec![Disk {
            name: "vda".into(),
            major: 254,
            mount_point: "/".into(),
            kind: numbers.one("root kind", &["ext4", "xfs"]),
            capacity: numbers.pick("root size", 1_000_000..9_000_000) * 4096,
        }];
        for disk in 0..numbers.pick("disks", 0..3) {
            let name = format!("nvme{disk}n1");
            disks.push(Disk {
                mount_point: format!("/var/lib/kubelet/pods/volume-{disk}"),
                major: 259 + disk,
                kind: numbers.one(&name, &["ext4", "xfs"]),
                capacity: numbers.pick(&format!("{name} size"), 1_000_000..9_000_000) * 4096,
                name,
            });
        }
        let pods = (0..numbers.pick("pods", 2..7)).map(|pod| Pod::new(numbers, &format!("pod-{pod}"), pod)).collect();
        Self {
            layout: numbers.one("layout", &[Layout::V1, Layout::V2, Layout::V2, Layout::Hybrid]),
            driver: numbers.one("driver", &[Driver::Cgroupfs, Driver::Systemd, Driver::Systemd]),
            nested: numbers.is("nested", 8),
            cpus: numbers.pick("cpus", 1..33),
            memory_bytes,
            pods,
            disks,
            interfaces: numbers.one("interfaces", &INTERFACES).to_vec(),
            silent_blkio: numbers.is("silent blkio", 3),
            summary_fails_at: numbers.is("summary fails", 6).then_some(2),
            pods_fail_at: numbers.is("pods fail", 6).then_some(1),
            numbers,
        }
    }

    /// The pods that are there at a tick.
    pub fn pods_at(&self, tick: u64) -> impl Iterator<Item = &Pod> + Clone {
        self.pods.iter().filter(move |pod| tick < pod.ends_at)
    }

    /// Whether the controllers are those of version 2.
    pub fn is_v2(&self) -> bool {
        self.layout == Layout::V2
    }

    /// The cgroup of a pod, below the mount.
    pub fn pod_path(&self, pod: &Pod) -> String {
        self.pod_path_of(&pod.uid, pod.class)
    }

    /// The cgroup that the kubelet gives a pod of this UID and class.
    pub fn pod_path_of(&self, uid: &str, class: &str) -> String {
        let (prefix, above) = match (self.driver, self.nested) {
            (Driver::Cgroupfs, false) => ("", "kubepods".to_owned()),
            (Driver::Cgroupfs, true) => ("", "kubelet/kubepods".to_owned()),
            (Driver::Systemd, false) => ("", "kubepods.slice".to_owned()),
            (Driver::Systemd, true) => ("kubelet-", "kubelet.slice/kubelet-kubepods.slice".to_owned()),
        };
        match (self.driver, class) {
            (Driver::Cgroupfs, "") => format!("{above}/pod{uid}"),
            (Driver::Cgroupfs, class) => format!("{above}/{class}/pod{uid}"),
            (Driver::Systemd, "") => format!("{above}/{prefix}kubepods-pod{}.slice", uid.replace('-', "_")),
            (Driver::Systemd, class) => {
                let uid = uid.replace('-', "_");
                format!("{above}/{prefix}kubepods-{class}.slice/{prefix}kubepods-{class}-pod{uid}.slice")
            }
        }
    }

    /// The name of a container's cgroup in that of its pod.
    pub fn container_name(&self, id: &str) -> String {
        match (self.driver, self.numbers.one("runtime", &["cri-containerd", "crio"])) {
            (Driver::Cgroupfs, _) => id.to_owned(),
            (Driver::Systemd, runtime) => format!("{runtime}-{id}.scope"),
        }
    }

    /// What the runtime is called in a container's status.
    pub fn runtime(&self) -> &'static str {
        if self.numbers.one("runtime", &["cri-containerd", "crio"]) == "crio" { "cri-o" } else { "containerd" }
    }
}

impl Pod {
    /// A pod whose numbers have this name.
    pub fn new(numbers: Numbers, key: &str, place: u64) -> Self {
        let of = |what: &str| format!("{key}/{what}");
        let digits = numbers.hex(key, 32);
        let is_static = numbers.is(&of("static"), 5);
        let uid = match is_static {
            true => digits.clone(),
            false => [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-"),
        };
        let is_pending = numbers.is(&of("pending"), 8);
        let count = numbers.pick(&of("containers"), 1..4);
        let container = |number: u64| {
            let key = format!("{key}/container-{number}");
            Container {
                name: format!("c{number}"),
                id: numbers.hex(&key, 64),
                state: match (is_pending, number) {
                    (true, _) => State::Waiting,
                    (false, 0) => State::Running,
                    (false, _) => {
                        numbers.one(&key, &[State::Running, State::Running, State::Waiting, State::Terminated])
                    }
                },
                key,
            }
        };
        let namespace = numbers.one(&of("namespace"), &["default", "apps", "kube-system"]);
        Self {
            uid,
            name: format!("{key}-{}", &digits[..5]),
            namespace: namespace.into(),
            class: numbers.one(&of("class"), &["", "burstable", "besteffort"]),
            is_static,
            host_network: numbers.is(&of("host network"), 5),
            phase: if is_pending { "Pending" } else { "Running" },
            sandbox: numbers.hex(&of("sandbox"), 64),
            containers: (0..count).map(container).collect(),
            pid: 2000 + place * 100,
            ends_at: if numbers.is(&of("ends"), 8) { 3 } else { u64::MAX },
            key: key.to_owned(),
        }
    }

    /// Whether it has cgroups.
    pub fn runs(&self) -> bool {
        self.phase == "Running"
    }
}
