//! What the network interfaces are: `/sys/class/net` (Documentation/ABI/testing/sysfs-class-net).

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::{Error, Root};

/// Whether a physical (or virtio) device stands behind the interface: `<root>/sys/class/net/<name>/device` exists.
///
/// Bridges, veth, tunnels and the loopback have none. An interface that is not there is [`Error::Gone`].
pub fn has_device(root: &Root, name: &str) -> Result<bool, Error> {
    let interface = format!("sys/class/net/{name}");
    let failed = |errno| Error::from_errno(root.full_path(&interface), errno);
    // A name is one path component; anything else would look elsewhere.
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        return Err(failed(Errno::NOENT));
    }
    root.open_below(&interface, OFlags::PATH | OFlags::DIRECTORY).map_err(failed)?;
    match root.open_below(&format!("{interface}/device"), OFlags::PATH) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(failed(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn an_interface_with_a_device_is_physical() {
        let tree = Tree::new(&[("sys/class/net/eth0/device/uevent", ""), ("sys/class/net/cni0/mtu", "1500\n")]);
        let root = tree.root();
        assert!(has_device(&root, "eth0").unwrap());
        assert!(!has_device(&root, "cni0").unwrap());
        for name in ["eth1", "..", "", "../net/eth0"] {
            assert!(has_device(&root, name).unwrap_err().is_gone(), "{name}");
        }
    }
}
