//! Tests of the prober: this machine's mounts, a recording, and servers that do not answer.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::Buffer;
use crate::mounts::{self, parse_mountinfo};
use crate::tree::Tree;

const PATIENCE: Duration = Duration::from_millis(100);

fn live() -> Root {
    Root::open(Path::new("/")).unwrap()
}

fn mounts_at(points: &[&str]) -> Vec<Mount> {
    let line = |(index, point): (usize, &&str)| format!("{} 1 0:{index} / {point} rw - tmpfs {point} rw\n", index + 10);
    parse_mountinfo(points.iter().enumerate().map(line).collect::<String>().as_bytes())
}

#[test]
fn the_root_of_this_machine_is_as_full_as_statvfs_says() {
    let root = live();
    let mut mounts = mounts::read(&root, &mut Buffer::new()).unwrap();
    mounts.retain(|mount| &*mount.mount_point == "/");
    let answers = Prober::new(&root).unwrap().probe(&mounts, Duration::from_secs(5));
    let usage = answers[0].1.as_ref().unwrap();
    let oracle = rustix::fs::statvfs("/").unwrap();
    assert_eq!(usage.capacity_bytes, oracle.f_blocks * oracle.f_frsize);
    assert!(usage.available_bytes <= usage.free_bytes && usage.free_bytes < usage.capacity_bytes);
}

#[test]
fn a_path_in_another_file_system_is_not_the_mount() {
    let root = live();
    let mut mounts = mounts::read(&root, &mut Buffer::new()).unwrap();
    mounts.retain(|mount| &*mount.mount_point == "/");
    let elsewhere = Mount { mount_point: "/proc".into(), ..mounts[0].clone() };
    let btrfs = Mount { fs_type: "btrfs".into(), ..mounts[0].clone() };
    let answers = Prober::new(&root).unwrap().probe(&[elsewhere, btrfs], Duration::from_secs(5));
    for (_, answer) in answers {
        assert!(matches!(answer, Err(Error::OtherMount { .. })), "{answer:?}");
    }
}

#[test]
fn a_recording_answers_from_its_file() {
    let text = r#"{"/": {"capacity": 100, "free": 40, "available": 30, "inodes": 10, "inodes_free": 9}, "/b": {"capacity": 1, "free": 1, "available": 1}}"#;
    let tree = Tree::new(&[("statfs.json", text)]);
    let mounts = mounts_at(&["/", "/b", "/none"]);
    let answers = Prober::new(&tree.root()).unwrap().probe(&mounts, PATIENCE);
    let of =
        |point: &str| answers.iter().find(|(index, _)| &*mounts[*index].mount_point == point).map(|(_, a)| a.as_ref());
    let whole =
        Usage { capacity_bytes: 100, free_bytes: 40, available_bytes: 30, inodes: Some(10), inodes_free: Some(9) };
    assert_eq!(*of("/").unwrap().unwrap(), whole);
    assert_eq!(of("/b").unwrap().unwrap().inodes, None);
    assert!(of("/none").unwrap().unwrap_err().is_gone());
}

#[test]
fn a_recording_with_a_broken_file_says_so() {
    let tree = Tree::new(&[("statfs.json", "{\"/\": 1}")]);
    let answers = Prober::new(&tree.root()).unwrap().probe(&mounts_at(&["/"]), PATIENCE);
    assert!(matches!(answers[0].1, Err(Error::Parse { .. })));
}

/// Waits as long as the flag is up, as a call to a dead server does.
fn wait_while(flag: &AtomicBool) {
    while flag.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_mount_that_hangs_is_skipped_until_it_answers_and_nothing_else_waits() {
    static DEAD: AtomicBool = AtomicBool::new(true);
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    fn ask(_: &Root, target: &Target) -> Result<Usage, Error> {
        if &*target.mount_point == "/dead" {
            CALLS.fetch_add(1, Ordering::SeqCst);
            wait_while(&DEAD);
        }
        Ok(Usage { capacity_bytes: 7, ..Usage::default() })
    }
    let mounts = mounts_at(&["/a", "/dead", "/b", "/c"]);
    let mut prober = Prober::asking(live(), ask);
    let hung = |prober: &mut Prober, patience| -> Vec<bool> {
        prober.probe(&mounts, patience).iter().map(|(_, answer)| matches!(answer, Err(Error::Hanging { .. }))).collect()
    };
    assert_eq!(hung(&mut prober, PATIENCE), [false, true, false, false]);
    // The dead one is not asked again while the first call is under way, and costs no patience.
    assert_eq!(hung(&mut prober, Duration::from_secs(60)), [false, true, false, false]);
    assert_eq!(CALLS.load(Ordering::SeqCst), 1);
    DEAD.store(false, Ordering::SeqCst);
    while hung(&mut prober, Duration::from_secs(60))[1] {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(CALLS.load(Ordering::SeqCst), 2);
}

#[test]
fn the_number_of_hanging_threads_is_bounded() {
    static DEAD: AtomicBool = AtomicBool::new(true);
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    fn ask(_: &Root, _: &Target) -> Result<Usage, Error> {
        CALLS.fetch_add(1, Ordering::SeqCst);
        wait_while(&DEAD);
        Ok(Usage::default())
    }
    let points: Vec<String> = (0..Prober::MAX_HANGING + 5).map(|index| format!("/dead{index}")).collect();
    let mounts = mounts_at(&points.iter().map(String::as_str).collect::<Vec<_>>());
    let mut prober = Prober::asking(live(), ask);
    let answers = prober.probe(&mounts, Duration::from_millis(5));
    assert_eq!(answers.len(), mounts.len());
    assert!(answers.iter().all(|(_, answer)| matches!(answer, Err(Error::Hanging { .. }))));
    DEAD.store(false, Ordering::SeqCst);
    assert!(CALLS.load(Ordering::SeqCst) <= Prober::MAX_HANGING);
}
