//! What the network interfaces are: `/sys/class/net` (Documentation/ABI/testing/sysfs-class-net).

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::net_dev::Name;
use crate::{Error, Root};

/// Whether a physical (or virtio) device stands behind the interface: `<root>/sys/class/net/<name>/device` exists.
///
/// Bridges, veth, tunnels and the loopback have none. An interface that is not there is [`Error::Gone`].
pub fn has_device(root: &Root, name: &Name) -> Result<bool, Error> {
    let interface = format!("sys/class/net/{name}");
    let failed = |errno| Error::from_errno(root.full_path(&interface), errno);
    // A name is one path component and has no slash; these would look elsewhere.
    if matches!(name.as_bytes(), b"." | b"..") {
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
    use crate::tree::Tree;

    #[test]
    fn an_interface_with_a_device_is_physical() {
        let tree = Tree::new(&[
            ("sys/class/net/eth0/device/uevent", ""),
            ("sys/class/net/wan|0/device/uevent", ""),
            ("sys/class/net/cni0/mtu", "1500\n"),
        ]);
        let root = tree.root();
        let has_device = |name: &str| {
            let text = format!("{name}: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
            super::has_device(&root, &crate::net_dev::parse(text.as_bytes()).interfaces[0].name)
        };
        assert!(has_device("eth0").unwrap());
        assert!(has_device("wan|0").unwrap());
        assert!(!has_device("cni0").unwrap());
        for name in ["eth1", "..", "."] {
            assert!(has_device(name).unwrap_err().is_gone(), "{name}");
        }
    }
}
