//! Misbehaviour in what the whole machine shows: mounts, interfaces, disks.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use super::{Mischief, Overlay, Tenant};
use crate::files::put;

impl Tenant {
    /// Adds what it has of the machine's tables at a tick.
    pub(super) fn machine(&self, root: &Path, tick: u64, overlay: &mut Overlay) {
        let (device, number) = (self.device(), self.major());
        match self.mischief {
            Mischief::FuseMounts => {
                for mount in 0..50 {
                    let source = ["/dev/vdap1", "/dev/nvme0n1p1", "overlay", "cgroup2", "/dev/\\040\\012x"][mount % 5];
                    let _ = writeln!(
                        overlay.mounts,
                        "{} 1 0:{} / /home/u/\\134\\011{mount}\\040x rw,nosuid - fuse.ext4 {source} rw,user_id=1000",
                        2000 + self.place * 100 + mount as u64,
                        900 + mount,
                    );
                }
                // Text that isn't UTF-8, and lines that are cut off.
                overlay.mounts.extend_from_slice(
                    b"2999 1 0:999 / /home/u/\xff\xfe rw - fuse.\xff \xff rw\n3000 1 0:9\n\n- - -\n",
                );
            }
            Mischief::ManyMounts => {
                let below = "s".repeat(1900);
                for mount in 0..2500 {
                    let _ = writeln!(
                        overlay.mounts,
                        "{} 1 0:77 /{below} /var/lib/kubelet/pods/{}/volume-subpaths/{mount} rw,relatime shared:9 - tmpfs tmpfs rw",
                        10_000 + self.place * 5000 + mount,
                        self.pod.uid,
                    );
                }
            }
            Mischief::FileSystem => {
                for mount in 0..4 {
                    let point = format!("/var/lib/kubelet/pods/{}/{mount}", self.pod.uid);
                    let _ = writeln!(
                        overlay.mounts,
                        "{} 1 {number}:{mount} / {point} rw - ext4 /dev/{device}{mount} rw",
                        4000 + self.place * 10 + mount
                    );
                    let end = u64::MAX - tick;
                    overlay.statfs.push(match mount {
                        0 => format!(r#""{point}": {{"capacity": 1000, "free": {end}, "available": {end}, "inodes": 1, "inodes_free": {end}}}"#),
                        1 => format!(r#""{point}": {{"capacity": 0, "free": 0, "available": 0}}"#),
                        2 => format!(r#""{point}": {{"capacity": {end}, "free": {end}, "available": 0, "inodes": {end}, "inodes_free": 0}}"#),
                        _ => format!(r#""{point}": {{"capacity": 5, "free": 1, "available": 4}}"#),
                    });
                }
            }
            Mischief::Interface => {
                let name = self.interface();
                // The host's ends of pods' interfaces count for nothing.
                for veth in 0..300 {
                    let _ = writeln!(
                        overlay.net_dev,
                        "veth{name}{veth:x}: {}",
                        vec![(tick * 1_000_000).to_string(); 16].join(" ")
                    );
                }
                // What stands still adds nothing.
                let _ = writeln!(overlay.net_dev, "{name}|0: {}", ["18446744073709551615"; 16].join(" "));
                let _ = writeln!(overlay.net_dev, "{name}:a: {}", ["7"; 16].join(" "));
                let _ = writeln!(overlay.net_dev, "{name}b: {}", ["18446744073709551616"; 16].join(" "));
                let _ = writeln!(overlay.net_dev, "{name}c: 1 2 3");
                let _ = writeln!(overlay.net_dev, "{name}averyverylongname: {}", ["1"; 16].join(" "));
                overlay.net_dev.extend_from_slice(name.as_bytes());
                overlay.net_dev.extend_from_slice(b"\xff\xfe: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n:\n \n");
            }
            Mischief::Disk => {
                put(root, &format!("sys/block/{device}/dev"), format!("{number}:0\n"));
                put(root, &format!("sys/block/{device}x/dev"), "x:y\n");
                let end = u64::MAX;
                // The kernel's lines, and such as none writes.
                let _ = write!(
                    overlay.io_stat,
                    "{number}:16 {number}:0 rbytes={end} wbytes={end} rios={end} wios={end} dbytes={end} dios={end}\n\
                     {number}:32 rbytes=-1 wbytes=x rios= =5\n{number} rbytes=1\nrbytes=1\n{number}:48 {number}:64\n"
                );
                let _ = write!(
                    overlay.blkio,
                    "{number}:0 Read {end}\n{number}:0 Write {end}\n{number}:0 Total {end}\n{number}:16 Read -1\n{number}:16 Total\nRead 5\n"
                );
                let _ = write!(
                    overlay.diskstats,
                    " {number}       0 {device} {end} {end} {end} {end} {end} {end} {end} {end} {end} {end} {end}\n {number} x\n {number} 1 {device}1 1 2\n\n"
                );
            }
            _ => {}
        }
    }
}
