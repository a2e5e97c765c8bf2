//! Disks that are full, read-only or fail, and come back. They are mounted, which needs root: `cargo xtask test` runs them.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which stop where something is off")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use spool::{Entry, Error, Options, Spool};

/// A file system of this test's own, gone with it.
struct Disk {
    place: tempfile::TempDir,
}

impl Disk {
    fn directory(&self) -> PathBuf {
        self.place.path().join("disk/spool")
    }

    fn mounted(&self) -> PathBuf {
        self.place.path().join("disk")
    }

    /// In memory, of this size.
    fn memory(size: &str) -> Disk {
        let disk = Disk::empty();
        let data = std::ffi::CString::new(format!("size={size}")).unwrap();
        mount("spool-test", disk.mounted(), "tmpfs", MountFlags::empty(), data.as_c_str()).unwrap();
        disk
    }

    /// A real one, in a file.
    fn ext4(size: &str) -> Disk {
        let disk = Disk::empty();
        let image = disk.place.path().join("image");
        run("truncate", &["-s", size, path(&image)]);
        run("mkfs.ext4", &["-q", "-m", "0", path(&image)]);
        run("mount", &["-o", "loop", path(&image), path(&disk.mounted())]);
        disk
    }

    fn empty() -> Disk {
        let disk = Disk { place: tempfile::tempdir().unwrap() };
        std::fs::create_dir(disk.mounted()).unwrap();
        disk
    }

    fn remount(&self, flags: MountFlags) -> rustix::io::Result<()> {
        mount_remount(self.mounted(), flags, c"")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = unmount(self.mounted(), UnmountFlags::DETACH);
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    output
}

/// Noise, which no compression makes smaller.
fn noise(number: u64, bytes: usize) -> Vec<u8> {
    let mut seed = number | 1 << 40;
    let next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

fn append(spool: &mut Spool, number: u64) -> Result<u64, Error> {
    let entry = Entry { key: b"stream", time_ms: 0, items: 1, body: &noise(number, 30_000) };
    spool.append(&entry).map(|appended| appended.id)
}

fn open(directory: &Path) -> Spool {
    Spool::open(Options { segment_bytes: 200_000, ..Options::new(directory) }).unwrap().0
}

/// Fills the disk through the spool, then settles it and sees it recover.
fn fills_and_recovers(disk: &Disk) {
    let mut spool = open(&disk.directory());
    let mut written = Vec::new();
    let error = loop {
        match append(&mut spool, written.len() as u64) {
            Ok(id) => written.push(id),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Full { .. }), "{error:?}");
    assert!(written.len() > 50);
    for _ in 0..20 {
        assert!(matches!(append(&mut spool, 1), Err(Error::Full { .. })));
    }
    let holds = |spool: &mut Spool, ids: &[u64]| {
        assert!(spool.pending().map(|p| p.id).eq(ids.iter().copied()));
        for id in ids {
            assert_eq!(spool.read(*id).unwrap().body, noise(id - 1, 30_000));
        }
    };
    holds(&mut spool, &written);

    // A restart on the full disk finds all of it, and nothing of what failed.
    drop(spool);
    let (mut spool, recovered) =
        Spool::open(Options { segment_bytes: 200_000, ..Options::new(disk.directory()) }).unwrap();
    assert_eq!((recovered.records, recovered.damaged_records), (written.len() as u64, 0));
    holds(&mut spool, &written);

    // Acknowledging needs no space and makes some.
    assert!(written[..20].iter().all(|id| spool.acknowledge(*id)));
    assert_eq!(spool.stats().unwritten_acknowledgements, 0);
    written.drain(..20);
    spool.sync().unwrap();
    let next = written.last().unwrap() + 1;
    let id = append(&mut spool, next - 1).unwrap();
    assert_eq!(id, next);
    written.push(id);
    drop(spool);
    holds(&mut open(&disk.directory()), &written);
}

#[test]
#[ignore = "mounts a file system"]
fn a_full_memory_disk_is_told_and_recovered_from() {
    fills_and_recovers(&Disk::memory("3m"));
}

#[test]
#[ignore = "mounts a file system"]
fn a_full_ext4_disk_is_told_and_recovered_from() {
    fills_and_recovers(&Disk::ext4("8m"));
}

#[test]
#[ignore = "mounts a file system"]
fn a_disk_filled_by_others_takes_records_again_when_they_leave() {
    let disk = Disk::memory("1m");
    let mut spool = open(&disk.directory());
    let first = append(&mut spool, 1).unwrap();
    let hog = disk.mounted().join("hog");
    assert!(std::fs::write(&hog, vec![1; 2 << 20]).is_err());
    for _ in 0..5 {
        assert!(matches!(append(&mut spool, 2), Err(Error::Full { .. })));
    }
    std::fs::remove_file(&hog).unwrap();
    let second = append(&mut spool, 2).unwrap();
    assert_eq!(second, first + 1);
    drop(spool);
    let mut spool = open(&disk.directory());
    assert_eq!(spool.read(first).unwrap().body, noise(1, 30_000));
    assert_eq!(spool.read(second).unwrap().body, noise(2, 30_000));
}

#[test]
#[ignore = "mounts a file system"]
fn a_new_spool_on_a_full_disk_is_told() {
    let disk = Disk::ext4("8m");
    let _ = std::fs::write(disk.mounted().join("hog"), vec![1; 16 << 20]);
    let result = Spool::open(Options::new(disk.directory()));
    match result {
        Err(Error::Full { .. }) => {}
        // Where a directory and an empty file still fit, many records don't.
        Ok((mut spool, _)) => {
            let told = (0..100).any(|number| matches!(append(&mut spool, number), Err(Error::Full { .. })));
            assert!(told);
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "mounts a file system"]
fn a_read_only_disk_gives_what_it_holds_and_takes_records_again_later() {
    let disk = Disk::ext4("8m");
    let mut spool = open(&disk.directory());
    let ids: Vec<u64> = (0..3).map(|number| append(&mut spool, number).unwrap()).collect();
    spool.sync().unwrap();
    drop(spool);
    let mut spool = open(&disk.directory());
    // The lock alone keeps nothing open for writing.
    disk.remount(MountFlags::RDONLY).unwrap();
    for _ in 0..3 {
        assert!(matches!(append(&mut spool, 9), Err(Error::ReadOnly { .. })));
    }
    assert_eq!(spool.read(ids[0]).unwrap().body, noise(0, 30_000));
    assert!(spool.acknowledge(ids[0]));
    assert!(!spool.acknowledge(ids[0]));
    assert_eq!(spool.stats().unwritten_acknowledgements, 1);
    assert!(matches!(spool.sync(), Err(Error::ReadOnly { .. })));

    // A start on the read-only disk: the mark was never written, so the record comes again.
    drop(spool);
    let mut spool = open(&disk.directory());
    assert_eq!(spool.pending().count(), 3);
    assert!(spool.acknowledge(ids[0]));
    assert!(matches!(append(&mut spool, 3), Err(Error::ReadOnly { .. })));

    disk.remount(MountFlags::empty()).unwrap();
    spool.sync().unwrap();
    assert_eq!(spool.stats().unwritten_acknowledgements, 0);
    let last = append(&mut spool, 3).unwrap();
    drop(spool);
    let mut spool = open(&disk.directory());
    assert!(spool.pending().map(|p| p.id).eq([ids[1], ids[2], last]));
    assert_eq!(spool.read(last).unwrap().body, noise(3, 30_000));
}

#[test]
#[ignore = "mounts a file system"]
fn no_new_spool_on_a_read_only_disk() {
    let disk = Disk::ext4("8m");
    disk.remount(MountFlags::RDONLY).unwrap();
    assert!(matches!(Spool::open(Options::new(disk.directory())), Err(Error::ReadOnly { .. })));
}

#[test]
#[ignore = "mounts a file system"]
fn a_disk_that_turns_read_only_under_an_open_segment_is_told() {
    let disk = Disk::ext4("8m");
    let mut spool = open(&disk.directory());
    let first = append(&mut spool, 1).unwrap();
    spool.sync().unwrap();
    // What the kernel does after an error of the device.
    run("mount", &["-o", "remount,abort", path(&disk.mounted())]);
    let error = append(&mut spool, 2).unwrap_err();
    assert!(matches!(error, Error::ReadOnly { .. } | Error::Io { .. }), "{error:?}");
    assert_eq!(spool.read(first).unwrap().body, noise(1, 30_000));
    assert!(spool.acknowledge(first));
    assert!(spool.sync().is_err());
    assert_eq!(spool.pending().count(), 0);
}
