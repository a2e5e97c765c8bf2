//! The statfs answers that a recorded tree carries: `statfs.json` at its root.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Usage;
use crate::mounts::Mount;
use crate::{Buffer, Error, Root};

const FILE: &str = "statfs.json";

/// One answer, in bytes and inodes.
#[derive(Deserialize)]
struct Answer {
    capacity: u64,
    free: u64,
    available: u64,
    inodes: Option<u64>,
    inodes_free: Option<u64>,
}

/// The recorded answers for the mounts, by mount point; one that was not recorded is [`Error::Gone`].
pub(super) fn read_answers(root: &Root, mounts: &[Mount], buffer: &mut Buffer) -> Vec<(usize, Result<Usage, Error>)> {
    let path = || root.full_path(FILE);
    let answers: BTreeMap<String, Answer> = match root.read(FILE, buffer).map(serde_json::from_slice) {
        Ok(Ok(answers)) => answers,
        Ok(Err(error)) => {
            let refused = || Error::Parse { path: path(), line: error.to_string() };
            return (0..mounts.len()).map(|index| (index, Err(refused()))).collect();
        }
        Err(_) => BTreeMap::new(),
    };
    let answer = |mount: &Mount| match answers.get(&*mount.mount_point) {
        Some(answer) => Ok(Usage {
            capacity_bytes: answer.capacity,
            free_bytes: answer.free,
            available_bytes: answer.available,
            inodes: answer.inodes,
            inodes_free: answer.inodes_free,
        }),
        None => Err(Error::Gone { path: root.full_path(&mount.mount_point) }),
    };
    mounts.iter().map(answer).enumerate().collect()
}
