//! Tests of disks: trees that look like sysfs, and this machine's own.

use proptest::prelude::*;

use super::*;
use crate::tree::Tree;

#[test]
fn only_whole_visible_disks_count() {
    let tree = Tree::new(&[
        ("sys/devices/nvme1n1/dev", "259:4\n"),
        ("sys/devices/nvme1n1/hidden", "0\n"),
        ("sys/block/dm-0/dev", "253:0\n"),
        ("sys/block/loop0/dev", "7:0\n"),
        ("sys/block/ram0/dev", "1:0\n"),
        ("sys/block/sr0/dev", "11:0\n"),
        ("sys/block/nvme0c0n1/hidden", "1\n"),
        ("sys/block/nvme0c0n1/dev", "259:9\n"),
        ("sys/block/broken/dev", "what\n"),
    ]);
    // As in sysfs, an entry is a link.
    std::os::unix::fs::symlink("../devices/nvme1n1", tree.path().join("sys/block/nvme1n1")).unwrap();
    let disks = read_disks(&tree.root(), &mut Buffer::new()).unwrap();
    let seen: Vec<_> = disks.iter().map(|disk| (&*disk.name, disk.device.to_string())).collect();
    assert_eq!(seen, [("dm-0", "253:0".to_owned()), ("nvme1n1", "259:4".to_owned())]);
}

#[test]
fn a_disk_whose_name_has_a_slash_is_named_as_below_dev() {
    let tree = devices(&[
        ("104:0", "pci0000:00/cciss0/c0d0/block/cciss!c0d0"),
        ("104:1", "pci0000:00/cciss0/c0d0/block/cciss!c0d0/cciss!c0d0p1"),
    ]);
    tree.write("sys/devices/pci0000:00/cciss0/c0d0/block/cciss!c0d0/cciss!c0d0p1/partition", "1\n");
    tree.write("sys/block/cciss!c0d0/dev", "104:0\n");
    let disks = read_disks(&tree.root(), &mut Buffer::new()).unwrap();
    assert_eq!(&*disks[0].name, "cciss/c0d0");
    for number in [b"104:0", b"104:1"] {
        let device = DeviceNumber::parse(number).unwrap();
        assert_eq!(whole_disk(&tree.root(), device).as_deref(), Some("cciss/c0d0"));
    }
}

#[test]
fn a_machine_without_sysfs_says_so() {
    assert!(read_disks(&Tree::new(&[]).root(), &mut Buffer::new()).unwrap_err().is_gone());
}

const MODEL: &str = "Amazon Elastic Block Store              \n";

/// A tree with one NVMe disk of this model and serial number.
fn nvme(model: &str, serial: &str) -> Tree {
    Tree::new(&[
        ("sys/block/nvme1n1/dev", "259:4\n"),
        ("sys/block/nvme1n1/device/model", model),
        ("sys/block/nvme1n1/device/serial", serial),
    ])
}

fn check_volume(tree: &Tree, expected: Option<&str>) {
    let disks = read_disks(&tree.root(), &mut Buffer::new()).unwrap();
    assert_eq!(disks.len(), 1);
    assert_eq!(disks[0].ebs_volume_id.as_deref(), expected);
}

#[test]
fn an_ebs_volume_is_known_by_its_serial_number() {
    check_volume(&nvme(MODEL, "vol0d9f0816149eb2050\n"), Some("vol-0d9f0816149eb2050"));
    check_volume(&nvme(MODEL, "vol0d9f0816        \n"), Some("vol-0d9f0816"));
    check_volume(&nvme("Amazon EC2 NVMe Instance Storage\n", "AWS1A2B3C4D5E6F70819\n"), None);
    check_volume(&nvme("Amazon EC2 NVMe Instance Storage\n", "vol0d9f0816149eb2050\n"), None);
    check_volume(&nvme("Samsung SSD 970\n", "S5H9NS0N\n"), None);
}

#[test]
fn a_disk_without_a_good_serial_number_is_a_disk_all_the_same() {
    for serial in
        ["", "\n", "vol\n", "vol-\n", "vol0d9f08161\n", "vol0D9F0816\n", "0d9f0816149eb2050\n", "vol0d9f081z\n"]
    {
        check_volume(&nvme(MODEL, serial), None);
    }
    let tree = nvme(MODEL, "vol0d9f0816149eb2050\n");
    tree.remove_file("sys/block/nvme1n1/device/serial");
    check_volume(&tree, None);
    tree.remove("sys/block/nvme1n1/device");
    check_volume(&tree, None);
}

/// A tree whose `sys/dev/block` is as the kernel makes it.
fn devices(entries: &[(&str, &str)]) -> Tree {
    let tree = Tree::new(&[]);
    tree.directory("sys/dev/block");
    for (number, path) in entries {
        tree.directory(&format!("sys/devices/{path}"));
        let link = tree.path().join("sys/dev/block").join(number);
        std::os::unix::fs::symlink(format!("../../devices/{path}"), link).unwrap();
    }
    tree
}

#[test]
fn a_partition_belongs_to_the_disk_above_it_and_to_no_other() {
    let tree = devices(&[
        ("259:0", "pci0000:00/nvme/nvme1/nvme1n1"),
        ("259:1", "pci0000:00/nvme/nvme1/nvme1n1/nvme1n1p1"),
        ("259:9", "pci0000:00/nvme/nvme1/nvme1n10"),
        ("259:20", "virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1"),
        ("202:6912", "vbd-51712/block/xvdaa"),
        ("253:0", "virtual/block/dm-0"),
        ("9:0", "virtual/block/md0/md0p1"),
    ]);
    tree.write("sys/devices/pci0000:00/nvme/nvme1/nvme1n1/nvme1n1p1/partition", "1\n");
    tree.write("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1/nvme0n1p1/partition", "1\n");
    tree.write("sys/devices/virtual/block/md0/md0p1/partition", "1\n");
    for (number, disk) in [
        ("259:0", Some("nvme1n1")),
        ("259:1", Some("nvme1n1")),
        ("259:9", Some("nvme1n10")),
        ("259:20", Some("nvme0n1")),
        ("202:6912", Some("xvdaa")),
        ("253:0", None),
        ("9:0", None),
        ("8:0", None),
    ] {
        let device = DeviceNumber::parse(number.as_bytes()).unwrap();
        assert_eq!(whole_disk(&tree.root(), device).as_deref(), disk, "{number}");
    }
}

#[test]
fn every_disk_of_this_machine_is_its_own() {
    let root = Root::open(std::path::Path::new("/")).unwrap();
    let is_virtual = |name: &str| root.read_link(&format!("sys/block/{name}")).unwrap().contains("/virtual/block/");
    for disk in read_disks(&root, &mut Buffer::new()).unwrap() {
        let expected = (!is_virtual(&disk.name)).then(|| disk.name.clone());
        assert_eq!(whole_disk(&root, disk.device), expected, "{}", disk.name);
    }
}

proptest! {
    #[test]
    fn any_serial_number_is_survived(serial: Vec<u8>) {
        let _ = volume_id(&serial);
    }

    #[test]
    fn every_volume_is_found_whatever_follows_it(digits in "[0-9a-f]{8}|[0-9a-f]{17}", blanks in "[ \n]{0,9}") {
        let expected = format!("vol-{digits}");
        let serial = format!("vol{digits}{blanks}");
        let found = volume_id(serial.as_bytes());
        prop_assert_eq!(found.as_deref(), Some(&*expected));
    }
}
