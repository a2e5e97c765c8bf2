//! The spool against a plain list: whatever is done, and wherever a crash or damage falls, only what it hit is missing.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which stop where something is off")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::Index;
use spool::{Entry, Error, Options, Recovered, Spool};

const SEGMENT_HEADER: u64 = 24;

#[derive(Debug, Clone)]
enum Step {
    Append {
        key: u8,
        body: Vec<u8>,
    },
    Read(Index),
    Acknowledge(Index),
    Sync,
    Reopen,
    /// A crash that leaves only part of what was last written.
    Cut(u64),
    /// A byte of some segment changes while nobody has it open.
    Damage {
        segment: Index,
        at: Index,
        bit: u8,
    },
    /// A whole segment is gone.
    Lose(Index),
}

fn steps(losses: bool) -> impl Strategy<Value = Vec<Step>> {
    let body = (proptest::collection::vec(any::<u8>(), 0..40), 1usize..40).prop_map(|(part, times)| part.repeat(times));
    let lossless = prop_oneof![
        10 => (0u8..3, body).prop_map(|(key, body)| Step::Append { key, body }),
        4 => any::<Index>().prop_map(Step::Read),
        5 => any::<Index>().prop_map(Step::Acknowledge),
        1 => Just(Step::Sync),
        2 => Just(Step::Reopen),
    ];
    let lossy = prop_oneof![
        2 => (1u64..200).prop_map(Step::Cut),
        2 => (any::<Index>(), any::<Index>(), 0u8..8).prop_map(|(segment, at, bit)| Step::Damage { segment, at, bit }),
        1 => any::<Index>().prop_map(Step::Lose),
    ];
    let step = if losses { prop_oneof![6 => lossless, 1 => lossy].boxed() } else { lossless.boxed() };
    proptest::collection::vec(step, 1..80)
}

#[derive(Debug, Clone, PartialEq)]
struct Kept {
    key: u8,
    body: Vec<u8>,
    /// Its segment and the bytes it takes there.
    file: PathBuf,
    bytes: Range<u64>,
}

struct Model {
    options: Options,
    spool: Option<Spool>,
    pending: BTreeMap<u64, Kept>,
    /// Acknowledged or lost: a mark that is damaged later gives them again.
    ended: BTreeMap<u64, Kept>,
    largest_id: u64,
    /// What the last opening said of files that it passed over.
    passed_over: Vec<String>,
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "segment")).collect();
    found.sort();
    found
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(SEGMENT_HEADER, |metadata| metadata.len())
}

impl Model {
    fn new(directory: &Path) -> Self {
        let options = Options { segment_bytes: 1500, ..Options::new(directory) };
        let (spool, recovered) = Spool::open(options.clone()).unwrap();
        assert_eq!(recovered, Recovered::default());
        Model {
            options,
            spool: Some(spool),
            pending: BTreeMap::new(),
            ended: BTreeMap::new(),
            largest_id: 0,
            passed_over: Vec::new(),
        }
    }

    fn spool(&mut self) -> &mut Spool {
        self.spool.as_mut().unwrap()
    }

    fn reopen(&mut self) -> Recovered {
        self.spool = None;
        let (spool, recovered) = Spool::open(self.options.clone()).unwrap();
        self.spool = Some(spool);
        self.passed_over = recovered.passed_over_words.clone();
        recovered
    }

    fn append(&mut self, key: u8, body: Vec<u8>) {
        let before = segments(&self.options.directory).last().map(|path| (path.clone(), length(path)));
        let id = self.largest_id as u32;
        let entry = Entry { key: &[key], time_ms: i64::from(id) - 50, items: id, body: &body };
        let appended = self.spool().append(&entry).unwrap();
        assert_eq!(appended.dropped, Default::default());
        assert!(appended.id > self.largest_id, "id {} again", appended.id);
        self.largest_id = appended.id;
        let file = segments(&self.options.directory).pop().unwrap();
        let start = before.filter(|(path, _)| *path == file).map_or(0, |(_, length)| length).max(SEGMENT_HEADER);
        let bytes = start..length(&file);
        self.pending.insert(appended.id, Kept { key, body, file, bytes });
    }

    fn chosen(&self, index: Index) -> Option<u64> {
        (!self.pending.is_empty()).then(|| *self.pending.keys().nth(index.index(self.pending.len())).unwrap())
    }

    /// The spool holds exactly what the list holds.
    fn check(&mut self) {
        let held: Vec<_> = self.spool().pending().map(|p| (p.id, p.key.to_vec(), p.bytes as usize)).collect();
        let listed: Vec<_> = self.pending.iter().map(|(id, kept)| (*id, vec![kept.key], kept.body.len())).collect();
        assert_eq!(held, listed);
        let backwards: Vec<_> = self.spool().pending().rev().map(|p| p.id).collect();
        assert!(backwards.iter().rev().eq(self.pending.keys()));
        let stats = self.spool().stats();
        assert_eq!(stats.records, self.pending.len() as u64);
        assert_eq!(stats.bytes, self.pending.values().map(|kept| kept.body.len() as u64).sum::<u64>());
        assert_eq!(stats.items, self.spool().pending().map(|p| u64::from(p.items)).sum::<u64>());
        let mut files = segments(&self.options.directory);
        files.retain(|path| !self.passed_over.iter().any(|words| words.contains(path.to_str().unwrap())));
        assert_eq!(stats.segments, files.len() as u64);
        assert_eq!(stats.disk_bytes, files.iter().map(|path| length(path).next_multiple_of(4096)).sum::<u64>());
    }

    fn check_bodies(&mut self) {
        for (id, kept) in self.pending.clone() {
            let record = self.spool().read(id).unwrap();
            assert_eq!((&record.key[..], record.body), (&[kept.key][..], kept.body));
        }
    }

    /// Forgets what is no longer given after a loss; that must lie in these bytes of the file.
    fn forgive(&mut self, file: &Path, hit: Range<u64>) -> u64 {
        let unreadable: Vec<u64> = {
            let ids: Vec<u64> = self.pending.keys().copied().collect();
            let given: Vec<u64> = self.spool().pending().map(|p| p.id).collect();
            let mut bad = |id: &u64| {
                !given.contains(id) || matches!(self.spool.as_mut().unwrap().read(*id), Err(Error::Damaged { .. }))
            };
            ids.into_iter().filter(|id| bad(id)).collect()
        };
        for id in &unreadable {
            let kept = self.pending.remove(id).unwrap();
            let overlaps = kept.bytes.start < hit.end && hit.start < kept.bytes.end;
            assert!(kept.file == file && overlaps, "record {id} at {:?} went with {hit:?}", kept.bytes);
            self.ended.insert(*id, kept);
        }
        unreadable.len() as u64
    }

    /// Ids of what was taken from the end may come again: nobody has them any more.
    fn forget_ids(&mut self) {
        self.largest_id = self.pending.keys().next_back().copied().unwrap_or(0);
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Append { key, body } => self.append(key, body),
            Step::Read(index) => {
                let Some(id) = self.chosen(index) else { return };
                let record = self.spool().read(id).unwrap();
                assert_eq!(record.body, self.pending[&id].body);
            }
            Step::Acknowledge(index) => {
                let Some(id) = self.chosen(index) else { return };
                assert!(self.spool().acknowledge(id));
                assert!(!self.spool().acknowledge(id));
                assert!(matches!(self.spool().read(id), Err(Error::NotPending { .. })));
                let kept = self.pending.remove(&id).unwrap();
                self.ended.insert(id, kept);
            }
            Step::Sync => self.spool().sync().unwrap(),
            Step::Reopen => {
                let recovered = self.reopen();
                assert_eq!(recovered.records, self.pending.len() as u64);
                assert_eq!(recovered.torn_bytes, 0);
            }
            Step::Cut(bytes) => {
                self.spool = None;
                let Some(file) = segments(&self.options.directory).pop() else {
                    self.reopen();
                    return;
                };
                let end = length(&file);
                let start = end.saturating_sub(bytes);
                OpenOptions::new().write(true).open(&file).unwrap().set_len(start).unwrap();
                let recovered = self.reopen();
                self.forgive(&file, start..end);
                self.forget_ids();
                assert!(recovered.torn_bytes <= start);
                assert_eq!(self.reopen().torn_bytes, 0, "cut once");
            }
            Step::Damage { segment, at, bit } => self.damage(segment, at, bit),
            Step::Lose(segment) => {
                self.spool = None;
                let files = segments(&self.options.directory);
                if !files.is_empty() {
                    let file = segment.get(&files);
                    let end = length(file);
                    fs::remove_file(file).unwrap();
                    self.reopen();
                    self.forgive(file, 0..end);
                    self.forget_ids();
                } else {
                    self.reopen();
                }
            }
        }
    }

    fn damage(&mut self, segment: Index, at: Index, bit: u8) {
        self.spool = None;
        let files = segments(&self.options.directory);
        let lengths: Vec<u64> = files.iter().map(|file| length(file)).collect();
        if lengths.iter().all(|length| *length == 0) {
            self.reopen();
            return;
        }
        let chosen = segment.index(files.len());
        let (file, end) = (&files[chosen], lengths[chosen]);
        if end == 0 {
            self.reopen();
            return;
        }
        let at = at.index(end as usize) as u64;
        let handle = OpenOptions::new().read(true).write(true).open(file).unwrap();
        let mut byte = [0];
        handle.read_exact_at(&mut byte, at).unwrap();
        handle.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
        let recovered = self.reopen();
        // A damaged mark gives a record again, as does a bit of a lost one that turns back; nothing else does.
        let given: Vec<u64> = self.spool().pending().map(|p| p.id).collect();
        let again: Vec<u64> = given.into_iter().filter(|id| !self.pending.contains_key(id)).collect();
        for id in again {
            let kept = self.ended.remove(&id).expect("a record nobody wrote");
            assert!(kept.file == *file && kept.bytes.contains(&at), "record {id} at {:?} again by {at}", kept.bytes);
            self.pending.insert(id, kept);
        }
        let lost = self.forgive(file, at..at + 1);
        if recovered.torn_bytes > 0 {
            self.forget_ids();
        }
        assert!(lost <= 1);
        let told = recovered.damaged_records
            + self.spool().stats().damaged.records
            + recovered.torn_bytes
            + recovered.passed_over;
        assert!(lost == 0 || told > 0, "a loss nobody was told of: {recovered:?}");
    }
}

/// A few seconds' worth of cases, or as many as `PROPTEST_CASES` asks for.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { 32 };
    ProptestConfig { cases, failure_persistence: None, ..asked }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(steps in steps(false)) {
        let directory = tempfile::tempdir().unwrap();
        let mut model = Model::new(directory.path());
        for step in steps {
            model.apply(step);
            model.check();
        }
        model.check_bodies();
        let recovered = model.reopen();
        prop_assert_eq!(recovered.damaged_segments + recovered.damaged_records + recovered.torn_bytes, 0);
        model.check();
        model.check_bodies();
    }

    #[test]
    fn a_crash_or_damage_costs_what_it_hit_and_nothing_else(steps in steps(true)) {
        let directory = tempfile::tempdir().unwrap();
        let mut model = Model::new(directory.path());
        for step in steps {
            model.apply(step);
            model.check();
        }
        model.check_bodies();
    }

    #[test]
    fn within_a_budget_every_record_is_pending_acknowledged_or_counted_as_dropped(
        bodies in proptest::collection::vec((0usize..6000, any::<Index>(), any::<bool>()), 1..80),
        budget_bytes in 30_000u64..90_000,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let options = Options { budget_bytes, ..Options::new(directory.path()) };
        let (mut spool, _) = Spool::open(options.clone()).unwrap();
        let (mut dropped, mut dropped_items, mut acknowledged) = (0, 0, 0);
        let (mut appended, mut appended_items) = (0, 0);
        let mut acknowledged_items = 0;
        for (number, (bytes, index, acknowledge)) in bodies.into_iter().enumerate() {
            // Noise, so that it stays as long as it is.
            let mut seed = number as u32 + 1;
            let mut noise = || { seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); (seed >> 24) as u8 };
            let body: Vec<u8> = (0..bytes).map(|_| noise()).collect();
            let items = number as u32 % 7;
            let before: Vec<u64> = spool.pending().map(|p| p.id).collect();
            let done = spool.append(&Entry { key: b"stream", time_ms: 0, items, body: &body }).unwrap();
            let after: Vec<u64> = spool.pending().map(|p| p.id).collect();
            // What went are the oldest.
            prop_assert_eq!(&before[done.dropped.records as usize..], &after[..after.len() - 1]);
            prop_assert_eq!(after.last(), Some(&done.id));
            appended += 1;
            appended_items += u64::from(items);
            dropped += done.dropped.records;
            dropped_items += done.dropped.items;
            if acknowledge {
                let chosen = spool.pending().nth(index.index(after.len())).map(|p| (p.id, p.items)).unwrap();
                prop_assert!(spool.acknowledge(chosen.0));
                acknowledged += 1;
                acknowledged_items += u64::from(chosen.1);
            }
            let stats = spool.stats();
            let on_disk: u64 = segments(directory.path()).iter().map(|path| length(path).next_multiple_of(4096)).sum();
            prop_assert_eq!(stats.disk_bytes, on_disk);
            prop_assert!(on_disk <= budget_bytes);
            prop_assert_eq!(stats.records + acknowledged + dropped, appended);
            prop_assert_eq!(stats.items + acknowledged_items + dropped_items, appended_items);
            prop_assert_eq!((stats.dropped.records, stats.dropped.items), (dropped, dropped_items));
        }
        let held = spool.stats().records;
        drop(spool);
        let smaller = Options { budget_bytes: budget_bytes / 2, ..options };
        let (spool, recovered) = Spool::open(smaller).unwrap();
        prop_assert_eq!(recovered.records + recovered.dropped.records, held);
        prop_assert!(spool.stats().disk_bytes <= budget_bytes / 2);
    }
}
