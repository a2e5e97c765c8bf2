//! Mounts of Kubernetes volumes that are EBS volumes, by where the kubelet mounts them.

/// What a mount point says of the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Volume<'a> {
    /// The in-tree plug-in has zone and id in the path.
    InTree {
        /// The availability zone.
        zone: &'a str,
        /// The volume, such as `vol-0123456789abcdef0`.
        id: &'a str,
    },
    /// A CSI driver keeps what it knows in `vol_data.json` beside the mount.
    Csi {
        /// The directory that file is in, as the host sees it.
        directory: &'a str,
        /// Whether the path itself says that the driver is that of EBS.
        is_ebs: bool,
    },
}

/// The volume mounted at a mount point; `None` where it is no global mount of such a plug-in.
///
/// In-tree: `…/kubernetes.io/aws-ebs/mounts/aws/<zone>/<id>`. CSI: `…/kubernetes.io/csi/<driver>/<hash>/globalmount`, before
/// Kubernetes 1.24 `…/kubernetes.io/csi/pv/<name>/globalmount`.
#[must_use]
pub fn volume(mount_point: &str) -> Option<Volume<'_>> {
    let after = |marker: &str| mount_point.find(marker).map(|at| &mount_point[at + marker.len()..]);
    if let Some(rest) = after("/kubernetes.io/aws-ebs/mounts/aws/") {
        let (zone, id) = rest.split_once('/')?;
        let is_volume = id.starts_with("vol-") && id[4..].bytes().all(|byte| byte.is_ascii_hexdigit()) && id.len() > 4;
        return (is_volume && !zone.is_empty()).then_some(Volume::InTree { zone, id });
    }
    let rest = after("/kubernetes.io/csi/")?;
    let mut parts = rest.split('/');
    let (driver, name, last) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ebs = driver == "ebs.csi.aws.com";
    let is_global = last == "globalmount" && parts.next().is_none() && !name.is_empty() && (is_ebs || driver == "pv");
    is_global.then(|| Volume::Csi { directory: mount_point.trim_end_matches("/globalmount"), is_ebs })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KUBELET: &str = "/var/lib/kubelet/plugins";

    #[test]
    fn a_volumes_place_says_which_it_is() {
        let in_tree = format!("{KUBELET}/kubernetes.io/aws-ebs/mounts/aws/us-west-2b/vol-0d9f0816149eb2050");
        assert_eq!(volume(&in_tree), Some(Volume::InTree { zone: "us-west-2b", id: "vol-0d9f0816149eb2050" }));
        let directory = format!("{KUBELET}/kubernetes.io/csi/ebs.csi.aws.com/0a1b");
        let csi = format!("{directory}/globalmount");
        assert_eq!(volume(&csi), Some(Volume::Csi { directory: &directory, is_ebs: true }));
        let directory = format!("{KUBELET}/kubernetes.io/csi/pv/pvc-1");
        let old = format!("{directory}/globalmount");
        assert_eq!(volume(&old), Some(Volume::Csi { directory: &directory, is_ebs: false }));
    }

    #[test]
    fn other_mounts_are_no_volumes() {
        for other in [
            "/",
            "/var/lib/kubelet/pods/u/volumes/kubernetes.io~csi/pvc-1/mount",
            "/var/lib/kubelet/plugins/kubernetes.io/csi/efs.csi.aws.com/0a1b/globalmount",
            "/var/lib/kubelet/plugins/kubernetes.io/csi/ebs.csi.aws.com/0a1b/globalmount/deeper",
            "/var/lib/kubelet/plugins/kubernetes.io/aws-ebs/mounts/aws/us-west-2b/vol-",
            "/var/lib/kubelet/plugins/kubernetes.io/aws-ebs/mounts/aws/us-west-2b/other",
        ] {
            assert_eq!(volume(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_mount_point_is_survived(path in ".{0,60}") {
            let _ = volume(&path);
            let _ = volume(&format!("/kubernetes.io/csi/{path}"));
            let _ = volume(&format!("/kubernetes.io/aws-ebs/mounts/aws/{path}"));
        }
    }
}
