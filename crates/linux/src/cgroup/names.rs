//! What the name of a cgroup says: a pod, a container, or neither.
//!
//! The kubelet names a pod's cgroup `pod<uid>` (cgroupfs driver) or `…-pod<uid with _ for ->.slice` (systemd driver).
//! Every runtime puts the container's id, 64 hexadecimal digits, into the name of the container's: alone, as
//! `cri-containerd-<id>.scope`, `docker-<id>.scope`, `crio-<id>.scope`, `libpod-<id>.scope`, or as
//! `<slice>:cri-containerd:<id>` where the drivers of kubelet and containerd differ.

/// Length of a container's id.
const ID: usize = 64;
/// Endings of systemd units that are no container although an id may stand in their names.
const OTHER_UNITS: [&str; 8] = [".mount", ".automount", ".service", ".slice", ".socket", ".swap", ".timer", ".device"];
/// Beginnings of cgroups that belong to a container or pod of a runtime without being one of its containers.
const HELPERS: [&str; 4] = ["crio-conmon-", "libpod-conmon-", "conmon-", "libpod_pod_"];

/// What a cgroup is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// A pod's, with the uid as it is written: perhaps `_` for `-`.
    Pod { uid: &'a str },
    /// A container's, with the pod's uid where the name carries it.
    Container { id: &'a str, pod_uid: Option<&'a str> },
    /// Anything else.
    Other,
}

/// Sorts a cgroup by its own name and the name of the one above it.
pub(super) fn classify<'a>(parent: &str, name: &'a str) -> Name<'a> {
    if let Some(id) = container_id(name) {
        let pod_uid = name.split_once(':').and_then(|(slice, _)| pod_uid("", slice));
        return Name::Container { id, pod_uid };
    }
    match pod_uid(parent, name) {
        Some(uid) => Name::Pod { uid },
        None => Name::Other,
    }
}

/// Whether a cgroup of this name is the kubelet's own root, which all its pods are below: `kubepods`, `kubepods.slice`, and
/// below a `--cgroup-root` with the systemd driver `kubelet-kubepods.slice` and the like.
pub(super) fn is_kubelets_root(name: &str) -> bool {
    name == "kubepods"
        || name.strip_suffix("kubepods.slice").is_some_and(|before| before.is_empty() || before.ends_with('-'))
}

/// Whether the kubelet may have made a cgroup of this name above those of pods: its root, or that of a QoS class.
pub(super) fn is_kubelets(name: &str) -> bool {
    let slice = name.strip_suffix(".slice");
    let class = slice.and_then(|slice| slice.rsplit_once('-')).map_or(name, |(_, class)| class);
    is_kubelets_root(name) || matches!(class, "burstable" | "besteffort")
}

/// A uid as Kubernetes writes it.
pub(super) fn plain_uid(uid: &str) -> Box<str> {
    uid.replace('_', "-").into_boxed_str()
}

fn container_id(name: &str) -> Option<&str> {
    if name.len() < ID || OTHER_UNITS.iter().any(|unit| name.ends_with(unit)) {
        return None;
    }
    if HELPERS.iter().any(|helper| name.starts_with(helper)) {
        return None;
    }
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let bytes = name.as_bytes();
    let mut start = 0;
    while start + ID <= bytes.len() {
        let run = bytes[start..].iter().take_while(|byte| is_hex(byte)).count();
        if run == ID {
            return Some(&name[start..start + ID]);
        }
        start += run + 1;
    }
    None
}

fn pod_uid<'a>(parent: &str, name: &'a str) -> Option<&'a str> {
    let (uid, of_kubelet) = match name.strip_suffix(".slice") {
        Some(slice) => {
            let at = slice.rfind("-pod")?;
            (&slice[at + 4..], slice[..at].contains("kubepods"))
        }
        None => (name.strip_prefix("pod")?, matches!(parent, "kubepods" | "burstable" | "besteffort")),
    };
    (is_uid(uid) || of_kubelet && is_word(uid)).then_some(uid)
}

/// Whether it is a UUID, with `-` or `_`, or the 32-digit hash of a static pod.
fn is_uid(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.len() {
        32 => bytes.iter().all(u8::is_ascii_hexdigit),
        36 => bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => matches!(byte, b'-' | b'_'),
            _ => byte.is_ascii_hexdigit(),
        }),
        _ => false,
    }
}

/// A static pod's manifest may give any uid; right below the kubelet's own cgroups it is believed.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// What a name says of a pod or container has the shape of an id, and lies in the name.
#[cfg(fuzzing)]
pub fn fuzz(parent: &str, name: &str) {
    match classify(parent, name) {
        Name::Pod { uid } => assert!(is_word(uid) && name.contains(uid)),
        Name::Container { id, .. } => assert!(id.len() == ID && name.contains(id)),
        Name::Other => {}
    }
    let _ = is_kubelets(name);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID64: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "6a5b1c2d-3e4f-4a6b-8c7d-9e0f1a2b3c4d";
    const UID_: &str = "6a5b1c2d_3e4f_4a6b_8c7d_9e0f1a2b3c4d";
    const HASH: &str = "361368846409f3ffbb2498960fd35f1d";

    #[test]
    fn pods_of_both_drivers_are_known_by_their_uid() {
        for (name, uid) in [
            (format!("pod{UID}"), UID),
            (format!("pod{HASH}"), HASH),
            (format!("kubepods-burstable-pod{UID_}.slice"), UID_),
            (format!("kubepods-pod{UID_}.slice"), UID_),
            (format!("kubelet-kubepods-besteffort-pod{HASH}.slice"), HASH),
        ] {
            assert_eq!(classify("", &name), Name::Pod { uid }, "{name}");
        }
        assert_eq!(&*plain_uid(UID_), UID);
        assert_eq!(&*plain_uid(UID), UID);
    }

    #[test]
    fn a_static_pod_may_have_any_uid_below_the_kubelets_own_cgroups() {
        assert_eq!(classify("burstable", "podmine-1"), Name::Pod { uid: "mine-1" });
        assert_eq!(classify("", "kubepods-burstable-podmine_1.slice"), Name::Pod { uid: "mine_1" });
        for (parent, name) in
            [("system.slice", "podman"), ("", "podmine-1"), ("", "user-podx.slice"), ("kubepods", "pod")]
        {
            assert_eq!(classify(parent, name), Name::Other, "{name}");
        }
    }

    #[test]
    fn containers_of_every_runtime_are_known_by_their_id() {
        for name in [
            ID64.to_owned(),
            format!("cri-containerd-{ID64}.scope"),
            format!("docker-{ID64}.scope"),
            format!("crio-{ID64}.scope"),
            format!("crio-{ID64}"),
            format!("libpod-{ID64}.scope"),
            format!("nerdctl-{ID64}.scope"),
        ] {
            assert_eq!(classify("", &name), Name::Container { id: ID64, pod_uid: None }, "{name}");
        }
    }

    #[test]
    fn a_container_beside_its_pod_carries_the_pods_uid() {
        let name = format!("kubepods-burstable-pod{UID_}.slice:cri-containerd:{ID64}");
        assert_eq!(classify("containerd.service", &name), Name::Container { id: ID64, pod_uid: Some(UID_) });
    }

    #[test]
    fn helpers_units_and_other_hashes_are_no_containers() {
        for name in [
            format!("crio-conmon-{ID64}.scope"),
            format!("libpod-conmon-{ID64}.scope"),
            format!("var-lib-docker-containers-{ID64}-mounts-shm.mount"),
            format!("run-containerd-{ID64}-rootfs.mount"),
            format!("{ID64}.service"),
            format!("{ID64}.timer"),
            format!("machine-libpod_pod_{ID64}.slice"),
            format!("libpod_pod_{ID64}"),
            format!("{ID64}0"),
            ID64[1..].to_owned(),
            ID64.to_uppercase(),
            "system.slice".to_owned(),
        ] {
            assert_eq!(classify("", &name), Name::Other, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_survived(parent: String, name: String) {
            let _ = classify(&parent, &name);
        }

        #[test]
        fn an_id_is_found_behind_any_prefix_that_is_not_hexadecimal(prefix in "([g-z]{1,9}-)?", id in "[0-9a-f]{64}") {
            let name = format!("{prefix}{id}.scope");
            prop_assert_eq!(classify("", &name), Name::Container { id: &id, pod_uid: None });
        }
    }
}
