//! Tests of the mount table.

use std::path::Path;

use proptest::prelude::*;

use super::*;

/// The mount points that are left, in order.
fn check(text: &str, expected: &[&str]) {
    let mounts = parse_mountinfo(text.as_bytes());
    let seen: Vec<&str> = mounts.iter().map(|mount| &*mount.source).collect();
    assert_eq!(seen, expected);
}

#[test]
fn every_field_of_a_line_is_where_the_kernel_puts_it() {
    let line = b"4032 27 259:1 /var/lib\\040x /mnt/a\\040b\\134c\\011d\\012e rw,relatime shared:1 master:2 - xfs /dev/nvme0n1p1 rw,attr2,noquota\n";
    let mounts = parse_mountinfo(line);
    let expected = Mount {
        id: 4032,
        parent: 27,
        device: DeviceNumber { major: 259, minor: 1 },
        root: "/var/lib x".into(),
        mount_point: "/mnt/a b\\c\td\ne".into(),
        fs_type: "xfs".into(),
        source: "/dev/nvme0n1p1".into(),
        super_options: "rw,attr2,noquota".into(),
    };
    assert_eq!(mounts, [expected]);
}

#[test]
fn a_backslash_that_is_no_escape_stays() {
    for (text, expected) in
        [("a\\", "a\\"), ("\\04", "\\04"), ("\\400", "\\400"), ("\\089", "\\089"), ("\\\\040", "\\ ")]
    {
        assert_eq!(&*unescape(text.as_bytes()), expected);
    }
}

#[test]
fn the_covered_start_of_a_machine_does_not_hide_what_lies_on_it() {
    check(
        "1 1 0:1 / / rw - rootfs rootfs rw\n22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw - ext4 /dev/vda rw\n",
        &["proc", "/dev/vda"],
    );
}

#[test]
fn a_mount_on_the_same_mount_point_hides_the_one_below() {
    check(
        "27 1 8:0 / / rw - ext4 root rw\n30 27 8:1 / /data rw - ext4 old rw\n31 30 8:2 / /data rw - ext4 new rw\n",
        &["root", "new"],
    );
}

#[test]
fn a_later_mount_above_hides_everything_below_it() {
    let text = "27 1 8:0 / / rw - ext4 root rw\n\
                30 27 8:1 / /data/a rw - ext4 a rw\n\
                31 30 8:2 / /data/a/deep rw - ext4 deep rw\n\
                32 27 8:3 / /data rw - ext4 over rw\n\
                33 32 8:4 / /data/a rw - ext4 again rw\n\
                34 27 8:5 / /database rw - ext4 beside rw\n";
    check(text, &["root", "over", "again", "beside"]);
}

#[test]
fn what_was_mounted_on_a_covered_mount_is_out_of_reach() {
    let text = "27 1 8:0 / / rw - ext4 root rw\n\
                30 27 8:1 / /data rw - ext4 below rw\n\
                31 30 8:2 / /data/x rw - ext4 x rw\n\
                32 30 8:3 / /data rw - ext4 top rw\n";
    check(text, &["root", "top"]);
}

#[test]
fn a_malformed_line_is_left_out() {
    check("27 1 8:0 / / rw - ext4 root rw\n30 27 8 / /a rw - ext4 a rw\n31 27 8:1 / /b rw ext4 b\nwhat\n", &["root"]);
}

#[test]
fn parents_in_a_ring_do_not_hang() {
    check("1 2 0:1 / /a rw - tmpfs a rw\n2 1 0:2 / /b rw - tmpfs b rw\n", &["a", "b"]);
}

#[test]
fn this_machine_has_its_root_and_proc() {
    let mounts = read(&Root::open(Path::new("/")).unwrap(), &mut Buffer::new()).unwrap();
    let at = |path: &str| mounts.iter().filter(|mount| &*mount.mount_point == path).count();
    assert_eq!((at("/"), at("/proc")), (1, 1));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(text: Vec<u8>) {
        let _ = parse_mountinfo(&text);
    }

    #[test]
    fn any_table_is_survived(rows in prop::collection::vec((0_u32..8, 0_u32..8, "(/[ab]){0,4}"), 0..12)) {
        let text: String = rows
            .iter()
            .map(|(id, parent, at)| format!("{id} {parent} 0:1 / /{} rw - tmpfs x rw\n", at.trim_start_matches('/')))
            .collect();
        prop_assert!(parse_mountinfo(text.as_bytes()).len() <= rows.len());
    }

    #[test]
    fn what_the_kernel_escapes_comes_back(path in "[a-z \t\n\\\\#]{0,12}") {
        let escaped: String = path
            .bytes()
            .map(|byte| if byte.is_ascii_lowercase() { char::from(byte).to_string() } else { format!("\\{byte:03o}") })
            .collect();
        prop_assert_eq!(&*unescape(escaped.as_bytes()), path.as_str());
    }
}
