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

#[cfg(test)]
mod tests {
    use super::*;

    /// This machine's root by another name, as a container has it.
    fn mounted(folder: &tempfile::TempDir) -> Root {
        let path = folder.path().join("rootfs");
        std::os::unix::fs::symlink("/", &path).expect("a link can be made");
        Root::open(&path).expect("it can be opened")
    }

    #[test]
    fn a_file_system_is_asked_by_the_agents_own_mount_of_it() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let (root, mut buffer) = (mounted(&folder), Buffer::new());
        let mut own = OwnMounts::new(&root).expect("threads start later").expect("it is not the agent's own");
        let table = Table::of_this_process().refresh(&root, &mut buffer).expect("it can be read").to_vec();
        let here = table.iter().find(|mount| &*mount.mount_point == "/").expect("there is a root");
        let unseen = Mount { mount_point: "/not/here".into(), ..here.clone() };
        let other = Mount { device: linux::DeviceNumber::parse(b"4000:9").expect("it is one"), ..unseen.clone() };
        let answers = own.probe(std::slice::from_ref(&other), Duration::from_secs(5), &mut buffer).len();
        assert_eq!(answers, 0, "a file system that isn't mounted here");
        let wanted = [other, unseen];
        let answers = own.probe(&wanted, Duration::from_secs(5), &mut buffer);
        let mut prober = Prober::new(&root).expect("threads start later");
        let asked = prober.probe(std::slice::from_ref(here), Duration::from_secs(5)).remove(0).1.expect("it answers");
        assert_eq!(answers.len(), 1);
        assert_eq!((answers[0].0, answers[0].1.capacity_bytes), (&wanted[1], asked.capacity_bytes));
    }

    #[test]
    fn where_the_root_is_the_agents_own_there_is_nothing_beside_it() {
        let root = Root::open(Path::new("/")).expect("it can be opened");
        assert!(OwnMounts::new(&root).expect("nothing fails").is_none());
    }
}
