//! Which mounts of a table can be reached by their mount point.
//!
//! Two things take a mount out of reach: another one mounted on its root, at the same mount point; and one mounted later
//! on the same parent over a directory above it. What is mounted on a mount that is out of reach in the second way is so
//! too; in the first way it is not, since that is how the covering mount itself lies.

use std::collections::HashMap;

use super::Mount;

/// Longest chain of parents that is followed; the table of a real kernel has no loops.
pub(super) const DEEPEST: usize = 128;

pub(super) fn only_visible(mounts: Vec<Mount>) -> Vec<Mount> {
    let hidden = {
        let table = Table::new(&mounts);
        (0..mounts.len()).map(|index| table.is_covered(index) || table.is_buried(index)).collect::<Vec<bool>>()
    };
    mounts.into_iter().zip(hidden).filter_map(|(mount, hidden)| (!hidden).then_some(mount)).collect()
}

struct Table<'a> {
    mounts: &'a [Mount],
    by_id: HashMap<u32, usize>,
    /// The last mount of the table on a parent at a mount point.
    last_at: HashMap<(u32, &'a str), usize>,
}

impl<'a> Table<'a> {
    fn new(mounts: &'a [Mount]) -> Table<'a> {
        let by_id = mounts.iter().enumerate().map(|(index, mount)| (mount.id, index)).collect();
        let last_at =
            mounts.iter().enumerate().map(|(index, mount)| ((mount.parent, &*mount.mount_point), index)).collect();
        Table { mounts, by_id, last_at }
    }

    /// Whether another mount lies on the root of this one, or took its place later on the same parent.
    fn is_covered(&self, index: usize) -> bool {
        let mount = &self.mounts[index];
        let on_its_root = self.last_at.get(&(mount.id, &*mount.mount_point)).is_some_and(|&other| other != index);
        on_its_root || self.is_after(index, &mount.mount_point)
    }

    /// Whether the way to this mount's mount point, or to that of a mount it lies on, leads through a later mount.
    fn is_buried(&self, index: usize) -> bool {
        let mut at = index;
        for _ in 0..DEEPEST {
            let mount = &self.mounts[at];
            if above(&mount.mount_point).any(|directory| self.is_after(at, directory)) {
                return true;
            }
            match self.by_id.get(&mount.parent) {
                Some(&parent) if parent != at => at = parent,
                _ => return false,
            }
        }
        false
    }

    /// Whether a later mount on the same parent lies at this path.
    fn is_after(&self, index: usize, path: &str) -> bool {
        self.last_at.get(&(self.mounts[index].parent, path)).is_some_and(|&other| other > index)
    }
}

/// The directories above a path, nearest first, `/` last.
pub(super) fn above(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        if rest.len() <= 1 {
            return None;
        }
        let slash = rest.rfind('/')?;
        rest = if slash == 0 { "/" } else { &rest[..slash] };
        Some(rest)
    })
}
