//! Permissions, links, and what else may lie where the spool's files should be.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which stop where something is off")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use spool::{Entry, Error, Options, Recovered, Spool};

fn open(directory: &Path) -> Result<(Spool, Recovered), Error> {
    Spool::open(Options::new(directory))
}

fn append(spool: &mut Spool, body: &[u8]) -> Result<u64, Error> {
    spool.append(&Entry { key: b"stream", time_ms: 1, items: 1, body }).map(|appended| appended.id)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn only_segment(directory: &Path) -> std::path::PathBuf {
    let found = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    found.filter(|path| path.extension().is_some()).max().unwrap()
}

#[test]
fn a_missing_directory_is_made_for_its_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("var/lib/agent");
    let (mut spool, recovered) = open(&directory).unwrap();
    assert_eq!(recovered, Recovered::default());
    append(&mut spool, b"body").unwrap();
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&place.path().join("var/lib")), 0o700);
    assert_eq!(mode(&directory.join("lock")), 0o600);
    assert_eq!(mode(&only_segment(&directory)), 0o600);
}

#[test]
fn written_permissions_are_kept_and_so_are_those_of_a_directory_that_exists() {
    let place = tempfile::tempdir().unwrap();
    let made = place.path().join("made");
    drop(Spool::open(Options { permissions: 0o777, ..Options::new(&made) }).unwrap());
    assert_eq!(mode(&made), 0o777);
    fs::set_permissions(&made, Permissions::from_mode(0o755)).unwrap();
    drop(open(&made).unwrap());
    assert_eq!(mode(&made), 0o755);
}

#[test]
fn no_link_is_followed() {
    let place = tempfile::tempdir().unwrap();
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let linked = place.path().join("linked");
    symlink(&elsewhere, &linked).unwrap();
    assert!(matches!(open(&linked), Err(Error::NotOwn { .. })));

    let target = place.path().join("target");
    fs::write(&target, "precious").unwrap();
    let directory = place.path().join("spool");
    fs::create_dir(&directory).unwrap();
    symlink(&target, directory.join("lock")).unwrap();
    assert!(matches!(open(&directory), Err(Error::NotOwn { .. })));
    fs::remove_file(directory.join("lock")).unwrap();

    symlink(&target, directory.join("0000000000000001.segment")).unwrap();
    let (mut spool, recovered) = open(&directory).unwrap();
    assert_eq!(recovered.passed_over, 1);
    symlink(&target, directory.join("0000000000000002.segment")).unwrap();
    // A link that comes later where the next segment goes is no file of ours: it is replaced, not followed.
    append(&mut spool, b"body").unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert!(fs::symlink_metadata(directory.join("0000000000000001.segment")).unwrap().is_symlink());
}

#[test]
fn a_pipe_or_a_directory_in_a_files_place_is_refused_at_once() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    rustix::fs::mknodat(rustix::fs::CWD, &lock, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(matches!(open(place.path()), Err(Error::NotOwn { .. })));
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    assert!(open(place.path()).is_err());
}

fn segment(directory: &Path, first_id: u64) -> std::path::PathBuf {
    directory.join(format!("{first_id:016x}.segment"))
}

/// A header of another format, as a later version would write it, with the right checksum.
fn later_format(first_id: u64) -> Vec<u8> {
    let mut header = b"cispool\n".to_vec();
    header.extend(2u32.to_le_bytes());
    header.extend(first_id.to_le_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&header);
    header.extend(sum.sum().to_le_bytes());
    header.extend(b"whatever comes");
    header
}

/// A spool with a record in each of three segments, closed; the first ids of the segments.
fn three_segments(directory: &Path) -> Vec<u64> {
    let options = Options { segment_bytes: 1, ..Options::new(directory) };
    let (mut spool, _) = Spool::open(options).unwrap();
    (0..3).map(|number| append(&mut spool, format!("body {number}").as_bytes()).unwrap()).collect()
}

/// Each kind of strange file in each place: it costs what it replaced and no more, stays as it is, and is told at each start.
#[test]
fn a_strange_file_costs_itself_and_stays() {
    type Make = fn(&Path);
    let kinds: [(&str, Make, &str); 6] = [
        ("pipe", |path| rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap(), "a link or no file"),
        ("directory", |path| fs::create_dir(path).unwrap(), "a link or no file"),
        ("link", |path| symlink("/nowhere/at/all", path).unwrap(), "a link or no file"),
        ("later format", |path| fs::write(path, later_format(1)).unwrap(), "format 2"),
        ("rubbish", |path| fs::write(path, [0; 5000]).unwrap(), "nothing whole"),
        ("sparse", |path| fs::File::create(path).unwrap().set_len(1 << 42).unwrap(), "longer than any segment"),
    ];
    for (kind, make, words) in kinds {
        for place in 0..3 {
            let folder = tempfile::tempdir().unwrap();
            let ids = three_segments(folder.path());
            let path = segment(folder.path(), ids[place]);
            fs::remove_file(&path).unwrap();
            make(&path);
            let before = fs::symlink_metadata(&path).unwrap();
            let mut given = Vec::new();
            for _ in 0..2 {
                let (mut spool, recovered) = open(folder.path()).unwrap();
                assert_eq!((recovered.passed_over, spool.stats().passed_over), (1, 1), "{kind} {place}");
                let told = &recovered.passed_over_words[0];
                assert!(told.contains(words) && told.contains(path.to_str().unwrap()), "{kind}: {told}");
                given = spool.pending().map(|pending| pending.id).collect();
                let new = append(&mut spool, b"new").unwrap();
                assert!(!ids.contains(&new), "{kind} {place}: {new}");
                assert!(given.iter().all(|id| spool.read(*id).is_ok()), "{kind} {place}");
            }
            let kept = ids.iter().filter(|id| given.contains(id)).count();
            assert_eq!(kept, 2, "{kind} {place}: {given:?}");
            let after = fs::symlink_metadata(&path).unwrap();
            assert_eq!(
                (before.ino(), before.len(), before.mtime_nsec()),
                (after.ino(), after.len(), after.mtime_nsec())
            );
        }
    }
}

#[test]
fn a_segment_under_anothers_name_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let ids = three_segments(folder.path());
    // The names of two are swapped by way of a third one, and a copy of the last lies beside it.
    let [first, second, third] = [0, 1, 2].map(|at| segment(folder.path(), ids[at]));
    fs::rename(&first, segment(folder.path(), 70)).unwrap();
    fs::rename(&second, segment(folder.path(), 5)).unwrap();
    fs::copy(&third, segment(folder.path(), 80)).unwrap();
    let (mut spool, recovered) = open(folder.path()).unwrap();
    assert_eq!((recovered.records, recovered.passed_over), (3, 1), "{:?}", recovered.passed_over_words);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(spool.read(*id).unwrap().body, format!("body {number}").as_bytes());
    }
    assert!(first.exists() && second.exists() && segment(folder.path(), 80).exists());
    assert!(append(&mut spool, b"new").unwrap() > 80);
}

#[test]
fn a_strange_file_with_the_highest_name_uses_up_no_ids() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(segment(folder.path(), 1 << 62)).unwrap();
    let (mut spool, recovered) = open(folder.path()).unwrap();
    assert_eq!(recovered.passed_over, 1);
    let id = append(&mut spool, b"body").unwrap();
    drop(spool);
    let (mut spool, recovered) = open(folder.path()).unwrap();
    assert_eq!(recovered.records, 1);
    assert_eq!(spool.read(id).unwrap().body, b"body");
}

#[test]
fn a_directory_made_where_the_next_segment_goes_is_passed_by() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(folder.path()).unwrap();
    for id in 1..4 {
        fs::create_dir(segment(folder.path(), id)).unwrap();
        assert!(matches!(append(&mut spool, b"body"), Err(Error::Io { .. })));
    }
    let id = append(&mut spool, b"body").unwrap();
    assert_eq!(spool.read(id).unwrap().body, b"body");
}

/// Whoever can put a file there decides what is sent with the agent's credentials.
#[test]
fn a_directory_that_others_can_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |directory: &Path, options: Options| match Spool::open(options) {
        Err(error @ Error::Foreign { .. }) => {
            let words = error.to_string();
            assert!(words.contains(directory.to_str().unwrap()), "{words}");
            words
        }
        other => panic!("{other:?}"),
    };
    let directory = folder.path().join("spool");
    drop(open(&directory).unwrap());
    for bits in [0o777, 0o1777, 0o702, 0o2707] {
        fs::set_permissions(&directory, Permissions::from_mode(bits)).unwrap();
        let words = refused(&directory, Options::new(&directory));
        assert!(words.contains("chmod 0700") && words.contains(&format!("{bits:04o}")), "{words}");
    }
    // A group of the agent's own is what a volume's fsGroup gives; any other group is a foreign one.
    fs::set_permissions(&directory, Permissions::from_mode(0o2770)).unwrap();
    drop(open(&directory).unwrap());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&directory, None, Some(4321)).unwrap();
        refused(&directory, Options::new(&directory));
        fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
        std::os::unix::fs::chown(&directory, Some(4321), None).unwrap();
        let words = refused(&directory, Options::new(&directory));
        assert!(words.contains("user 4321") && words.contains("chown"), "{words}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing was made in it but what was there");
    }
}

#[test]
fn a_segment_that_another_user_put_there_is_passed_over() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let ids = three_segments(folder.path());
    std::os::unix::fs::chown(segment(folder.path(), ids[1]), Some(4321), None).unwrap();
    let (spool, recovered) = open(folder.path()).unwrap();
    assert_eq!((recovered.records, recovered.passed_over), (2, 1));
    assert!(spool.pending().map(|pending| pending.id).eq([ids[0], ids[2]]));
    assert!(segment(folder.path(), ids[1]).exists());
}

#[test]
fn other_files_are_left_alone() {
    let place = tempfile::tempdir().unwrap();
    for name in ["1.segment", "000000000000000G.segment", "0000000000000001.segment.old", "notes"] {
        fs::write(place.path().join(name), "mine").unwrap();
    }
    let (mut spool, recovered) = open(place.path()).unwrap();
    assert_eq!(recovered, Recovered::default());
    append(&mut spool, b"body").unwrap();
    assert_eq!(fs::read_to_string(place.path().join("notes")).unwrap(), "mine");
    assert_eq!(fs::read_to_string(place.path().join("1.segment")).unwrap(), "mine");
}

#[test]
fn rubbish_in_a_segments_place_is_counted_and_costs_nothing_else() {
    let place = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(place.path()).unwrap();
    let id = append(&mut spool, b"good").unwrap();
    drop(spool);
    fs::write(place.path().join("0000000000000000.segment"), [0xf8; 100_000]).unwrap();
    let (mut spool, recovered) = open(place.path()).unwrap();
    assert_eq!((recovered.records, recovered.damaged_segments, recovered.passed_over), (1, 1, 1));
    assert_eq!(spool.read(id).unwrap().body, b"good");
}

#[test]
fn a_stale_record_in_reused_space_is_not_given() {
    let place = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(place.path()).unwrap();
    let first = append(&mut spool, b"one").unwrap();
    let stale = fs::read(only_segment(place.path())).unwrap().split_off(24);
    drop(spool);
    let (mut spool, _) = open(place.path()).unwrap();
    let second = append(&mut spool, b"two").unwrap();
    drop(spool);
    let path = only_segment(place.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(&stale);
    fs::write(&path, bytes).unwrap();
    let (spool, recovered) = open(place.path()).unwrap();
    assert!(spool.pending().map(|p| p.id).eq([first, second]));
    assert_eq!((recovered.torn_bytes, recovered.damaged_records), (stale.len() as u64, 0));
}

#[test]
fn records_that_were_deleted_from_outside_are_told_and_new_ones_are_safe() {
    let place = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(place.path()).unwrap();
    let lost = append(&mut spool, b"one").unwrap();
    fs::remove_file(only_segment(place.path())).unwrap();
    let kept = append(&mut spool, b"two").unwrap();
    assert!(matches!(spool.read(lost), Err(Error::Damaged { .. })));
    assert_eq!(spool.stats().damaged.records, 1);
    spool.sync().unwrap();
    drop(spool);
    let (mut spool, recovered) = open(place.path()).unwrap();
    assert_eq!(recovered.records, 1);
    assert_eq!(spool.read(kept).unwrap().body, b"two");
}

#[test]
fn ids_are_not_used_again_when_everything_was_acknowledged() {
    let place = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(place.path()).unwrap();
    let first = append(&mut spool, b"one").unwrap();
    spool.acknowledge(first);
    drop(spool);
    for _ in 0..3 {
        let (mut spool, recovered) = open(place.path()).unwrap();
        assert_eq!((recovered.records, spool.stats().segments), (0, 1));
        let next = append(&mut spool, b"next").unwrap();
        assert!(next > first);
        spool.acknowledge(next);
    }
}

#[test]
fn what_can_never_fit_is_told_from_what_does_not_fit_now() {
    let place = tempfile::tempdir().unwrap();
    let options = Options { budget_bytes: 8192, ..Options::new(place.path()) };
    let (mut spool, _) = Spool::open(options).unwrap();
    let mut seed = 1u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let noise: Vec<u8> = (0..9000).map(|_| noise()).collect();
    assert!(matches!(append(&mut spool, &noise), Err(Error::TooLarge { limit_bytes: 8168, .. })));
    let entry = Entry { key: &[0; 65536], time_ms: 0, items: 0, body: b"" };
    assert!(matches!(spool.append(&entry), Err(Error::TooLarge { bytes: 65536, limit_bytes: 65535 })));
    append(&mut spool, b"fits").unwrap();
}

#[test]
fn a_body_larger_than_any_segment_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(Options { budget_bytes: 1 << 40, ..Options::new(place.path()) }).unwrap();
    let body = vec![0; (1 << 30) + 1];
    assert!(matches!(append(&mut spool, &body), Err(Error::TooLarge { limit_bytes: 1_073_741_824, .. })));
    append(&mut spool, b"fits").unwrap();
}

#[test]
fn records_beyond_those_of_a_segment_begin_the_next() {
    let place = tempfile::tempdir().unwrap();
    let (mut spool, _) = open(place.path()).unwrap();
    for _ in 0..4096 {
        append(&mut spool, b"").unwrap();
    }
    assert_eq!(spool.stats().segments, 1);
    append(&mut spool, b"").unwrap();
    assert_eq!((spool.stats().segments, spool.stats().records), (2, 4097));
}

#[test]
fn a_huge_sparse_file_in_a_segments_place_is_not_read() {
    let place = tempfile::tempdir().unwrap();
    let file = fs::File::create(place.path().join("0000000000000001.segment")).unwrap();
    file.set_len(1 << 42).unwrap();
    let (mut spool, recovered) = open(place.path()).unwrap();
    assert_eq!((recovered.records, recovered.passed_over), (0, 1));
    assert_eq!(spool.stats().disk_bytes, 0);
    append(&mut spool, b"body").unwrap();
}

#[test]
fn a_name_with_the_last_of_all_ids_is_no_segment() {
    let place = tempfile::tempdir().unwrap();
    let strange = [u64::MAX, u64::MAX - 1, (1 << 62) + 1].map(|id| segment(place.path(), id));
    strange.iter().for_each(|path| fs::write(path, "").unwrap());
    let (mut spool, recovered) = open(place.path()).unwrap();
    assert_eq!((recovered.passed_over, recovered.passed_over_words.len()), (3, 3));
    let words = &recovered.passed_over_words[2];
    assert!(words.contains("ffffffffffffffff.segment") && words.contains("no record has"), "{words}");
    assert_eq!(append(&mut spool, b"body").unwrap(), 1);
    append(&mut spool, b"body").unwrap();
    assert!(strange.iter().all(|path| path.exists()));
}

#[test]
fn a_removed_directory_is_an_error_until_the_spool_is_opened_anew() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("spool");
    let (mut spool, _) = open(&directory).unwrap();
    append(&mut spool, b"lost").unwrap();
    fs::remove_dir_all(&directory).unwrap();
    assert!(matches!(append(&mut spool, b"body"), Err(Error::Io { action: "open", .. })));
    let (mut spool, _) = open(&directory).unwrap();
    append(&mut spool, b"body").unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_a_segments_place_open_without_harm(
        bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..8),
        changes in proptest::collection::vec((any::<Index>(), any::<Index>(), 0usize..60), 0..6),
        rubbish in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let place = tempfile::tempdir().unwrap();
        let (mut spool, _) = open(place.path()).unwrap();
        for body in &bodies {
            append(&mut spool, body).unwrap();
        }
        drop(spool);
        let path = place.path().join("0000000000000001.segment");
        let mut bytes = fs::read(&path).unwrap_or_default();
        bytes.extend(rubbish);
        // Stretches copied over others: whole heads end up where they don't belong.
        for (from, to, length) in changes {
            if !bytes.is_empty() {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                let length = length.min(bytes.len() - from.max(to));
                bytes.copy_within(from..from + length, to);
            }
        }
        fs::write(&path, &bytes).unwrap();
        let (mut spool, _) = open(place.path()).unwrap();
        let given: Vec<u64> = spool.pending().map(|p| p.id).collect();
        for id in given {
            match spool.read(id) {
                Ok(record) => prop_assert!(bodies.contains(&record.body)),
                Err(error) => prop_assert!(matches!(error, Error::Damaged { .. }), "{}", error),
            }
        }
        let id = append(&mut spool, b"after").unwrap();
        prop_assert_eq!(spool.read(id).unwrap().body, b"after");
    }
}
