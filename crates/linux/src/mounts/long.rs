//! A mount table longer than the buffer, read line by line in constant memory.
//!
//! Tables of hundreds of thousands of lines occur: each container has an overlay, each volume and sandbox a line, and
//! leaked ones add up. What is wanted of a table, cgroups and file systems on devices, may stand anywhere in it; the rest is
//! only looked at for what it hides.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::visible::above;
use super::{Mount, parse_line};

/// Lines of a table that are looked at.
const MOST_LINES: usize = 256 * 1024;
/// Mounts that are kept of those that are wanted, and of all others.
const MOST_WANTED: usize = 8 * 1024;
const MOST_OTHERS: usize = 4 * 1024;

/// What is collected of a table while its lines come.
pub(super) struct Long {
    kept: Vec<(u32, Mount)>,
    wanted: usize,
    others: usize,
    /// Of each line the mount it lies on, a hash of its mount point, and its place: later ones hide earlier ones.
    places: HashMap<(u32, u64), u32>,
    hasher: RandomState,
    lines: u32,
    /// Mounts that were left out.
    pub(super) cut: usize,
}

impl Long {
    pub(super) fn new() -> Long {
        let (places, hasher) = (HashMap::new(), RandomState::new());
        Long { kept: Vec::new(), wanted: 0, others: 0, places, hasher, lines: 0, cut: 0 }
    }

    /// Takes one line.
    pub(super) fn take(&mut self, line: &[u8]) {
        let Some(mount) = parse_line(line) else { return };
        if self.places.len() >= MOST_LINES {
            self.cut += 1;
            return;
        }
        self.places.insert((mount.parent, self.hasher.hash_one(&*mount.mount_point)), self.lines);
        let (count, most) =
            if is_wanted(&mount) { (&mut self.wanted, MOST_WANTED) } else { (&mut self.others, MOST_OTHERS) };
        if *count < most {
            *count += 1;
            self.kept.push((self.lines, mount));
        } else if most == MOST_WANTED {
            self.cut += 1;
        }
        self.lines += 1;
    }

    /// The kept mounts that can be reached, as [`super::visible`] has it; of mounts that lie on one that isn't kept only the
    /// way from there on is looked at.
    pub(super) fn into_visible(self) -> Vec<Mount> {
        let Long { kept, places, hasher, .. } = self;
        let at = |parent: u32, path: &str| places.get(&(parent, hasher.hash_one(path))).copied();
        let by_id: HashMap<u32, usize> = kept.iter().enumerate().map(|(index, (_, mount))| (mount.id, index)).collect();
        let is_after =
            |(line, mount): &(u32, Mount), path: &str| at(mount.parent, path).is_some_and(|other| other > *line);
        let is_hidden = |index: usize| {
            let entry = &kept[index];
            let is_covered = at(entry.1.id, &entry.1.mount_point).is_some_and(|other| other != entry.0);
            if is_covered || is_after(entry, &entry.1.mount_point) {
                return true;
            }
            let mut index = index;
            for _ in 0..super::visible::DEEPEST {
                let entry = &kept[index];
                if above(&entry.1.mount_point).any(|directory| is_after(entry, directory)) {
                    return true;
                }
                match by_id.get(&entry.1.parent) {
                    Some(&parent) if parent != index => index = parent,
                    _ => return false,
                }
            }
            false
        };
        let hidden: Vec<bool> = (0..kept.len()).map(is_hidden).collect();
        kept.into_iter().zip(hidden).filter_map(|((_, mount), hidden)| (!hidden).then_some(mount)).collect()
    }
}

/// Cgroups, and what is on a device or is the machine's root.
fn is_wanted(mount: &Mount) -> bool {
    mount.fs_type.starts_with("cgroup") || mount.source.starts_with("/dev/") || &*mount.mount_point == "/"
}

/// What a long table's reader says of one that is short.
#[cfg(fuzzing)]
pub fn fuzz(text: &[u8]) -> Vec<Mount> {
    let mut long = Long::new();
    crate::text::lines(text).for_each(|line| long.take(line));
    long.into_visible()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mounts::parse_mountinfo;

    fn long(text: &str) -> (Vec<Mount>, usize) {
        let mut long = Long::new();
        text.lines().for_each(|line| long.take(line.as_bytes()));
        let cut = long.cut;
        (long.into_visible(), cut)
    }

    #[test]
    fn what_can_be_reached_is_what_a_short_table_says() {
        let text = "27 1 8:0 / / rw - ext4 /dev/a rw\n30 27 8:1 / /data rw - ext4 /dev/b rw\n\
                    31 30 8:2 / /data/x rw - ext4 /dev/c rw\n32 30 0:3 / /data rw - tmpfs over rw\n\
                    33 27 8:4 / /mnt rw - ext4 /dev/d rw\n34 33 8:5 / /mnt rw - ext4 /dev/e rw\nwhat\n";
        assert_eq!(long(text), (parse_mountinfo(text.as_bytes()), 0));
        assert_eq!(long(text).0.len(), 3);
    }

    #[test]
    fn what_is_wanted_is_found_behind_any_number_of_others() {
        let others = |from: usize| -> String {
            (from..from + 9000)
                .map(|id| format!("{id} 27 0:9 / /run/{id} rw - overlay overlay rw,lowerdir=/x\n"))
                .collect()
        };
        let text = format!(
            "27 1 8:0 / / rw - ext4 /dev/a rw\n{}30 27 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n{}",
            others(100),
            others(20000)
        );
        let (mounts, cut) = long(&text);
        assert_eq!((mounts.len(), cut), (2 + MOST_OTHERS, 0));
        assert!(mounts.iter().any(|mount| &*mount.fs_type == "cgroup2"));
    }

    #[test]
    fn more_wanted_mounts_than_are_kept_are_counted() {
        let text: String =
            (0..MOST_WANTED + 5).map(|id| format!("{} 1 8:0 / /data/{id} rw - ext4 /dev/a rw\n", id + 10)).collect();
        let (mounts, cut) = long(&text);
        assert_eq!((mounts.len(), cut), (MOST_WANTED, 5));
    }
}
