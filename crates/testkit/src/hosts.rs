//! Recorded nodes: trees of the files an agent reads, taken from real kernels by `beds/record.py`.
//!
//! `hosts/<name>/recording.json` says which kernel and how; `first/` and `second/` are two samples of the same node, each
//! a whole root (`proc`, `sys`, `var/log/pods`, `statfs.json`) with the kubelet's answers of that moment in `kubelet/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// The folder of the recording `name`.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hosts").join(name)
}

/// The names of all recordings, sorted.
///
/// # Panics
///
/// Where the folder of recordings can't be listed.
pub fn names() -> Vec<String> {
    let entries = fs::read_dir(path("")).expect("the recordings are part of the repository");
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("recording.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A recorded node.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its folder's name.
    pub name: String,
    /// The kernel's release, as `uname -r` gives it.
    pub kernel: String,
    /// How the node was made, in a sentence, and what about it isn't real.
    pub how: String,
    /// The first sample.
    pub first: Sample,
    /// The second sample, some seconds later and after real activity.
    pub second: Sample,
}

/// One of a recording's two samples.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The recorded machine's `/`.
    pub root: PathBuf,
    /// The wall time at which it was taken.
    pub wall_time: SystemTime,
    /// The recorded machine's monotonic clock at the same moment: the difference of two gives rates their divisor.
    pub monotonic: Duration,
    /// The kubelet's answer to `/pods`; `None` on a node without a kubelet.
    pub pods: Option<Vec<u8>>,
    /// The kubelet's answer to `/stats/summary`; `None` on a node without a kubelet.
    pub summary: Option<Vec<u8>>,
}

#[derive(Deserialize)]
struct Header {
    kernel: String,
    how: String,
    time_first: Time,
    time_second: Time,
}

#[derive(Deserialize)]
struct Time {
    unix_ms: u64,
    monotonic_ns: u64,
}

impl Recording {
    /// Loads the recording `name`.
    ///
    /// # Panics
    ///
    /// Where there is none of this name, or its header can't be read.
    #[track_caller]
    pub fn load(name: &str) -> Recording {
        let folder = path(name);
        let text = fs::read(folder.join("recording.json"))
            .unwrap_or_else(|error| panic!("no recording {name:?}: {error}; there are {:?}", names()));
        let header: Header =
            serde_json::from_slice(&text).unwrap_or_else(|error| panic!("recording.json of {name:?}: {error}"));
        Recording {
            name: name.to_owned(),
            kernel: header.kernel,
            how: header.how,
            first: Sample::load(folder.join("first"), &header.time_first),
            second: Sample::load(folder.join("second"), &header.time_second),
        }
    }
}

impl Sample {
    fn load(root: PathBuf, time: &Time) -> Sample {
        let answer = |name: &str| fs::read(root.join("kubelet").join(name)).ok();
        Sample {
            wall_time: UNIX_EPOCH + Duration::from_millis(time.unix_ms),
            monotonic: Duration::from_nanos(time.monotonic_ns),
            pods: answer("pods.json"),
            summary: answer("summary.json"),
            root,
        }
    }
}

#[cfg(test)]
mod tests;
