//! File systems of the host that aren't to be seen below its root, but by a mount that the agent has of its own.
//!
//! A container's `/etc/hosts` is a file of the host's, mounted: a mount of any part of a file system tells how full all
//! of it is. A file system is known by its device number, so the container's own `/` is never taken for the host's.

use std::path::Path;
use std::time::Duration;

use linux::mounts::{Mount, Table};
use linux::statfs::{Prober, Usage};
use linux::{Buffer, Error, Root};

/// The agent's own mounts.
pub(super) struct OwnMounts {
    root: Root,
    table: Table,
    prober: Prober,
}

impl OwnMounts {
    /// `None` where the machine's root is the agent's own, or no running machine's.
    pub(super) fn new(root: &Root) -> Result<Option<Self>, Error> {
        if !root.is_live() || root.path() == Path::new("/") {
            return Ok(None);
        }
        let root = Root::open(Path::new("/"))?;
        let prober = Prober::new(&root)?;
        Ok(Some(Self { root, table: Table::of_this_process(), prober }))
    }

    /// How full those of the host's mounts are whose file system is mounted for the agent too.
    pub(super) fn probe<'m>(
        &mut self,
        wanted: &'m [Mount],
        patience: Duration,
        buffer: &mut Buffer,
    ) -> Vec<(&'m Mount, Usage)> {
        if wanted.is_empty() {
            return Vec::new();
        }
        // Without its own /proc the agent has no other way to find them.
        let Ok(own) = self.table.refresh(&self.root, buffer) else { return Vec::new() };
        let beside = |mount: &'m Mount| Some((mount, own.iter().find(|own| own.device == mount.device)?.clone()));
        let (hosts, owns): (Vec<_>, Vec<_>) = wanted.iter().filter_map(beside).unzip();
        let answers = self.prober.probe(&owns, patience);
        answers.into_iter().filter_map(|(number, answer)| Some((hosts[number], answer.ok()?))).collect()
    }
}
