//! The machine's mount table: `/proc/<pid>/mountinfo` (proc_pid_mountinfo(5)).

use crate::text::{lines, number};
use crate::{Buffer, DeviceNumber, Error, Root};

pub mod ebs;
mod long;
mod table;
mod visible;

#[cfg(fuzzing)]
pub use long::fuzz as parse_as_long;
pub use table::Table;

/// The mount table of the machine's first process: the host's view, also from another mount namespace.
pub(crate) const TABLE: &str = "proc/1/mountinfo";
/// The mount table of this process, for where the first one's is hidden (`hidepid`) or in another pid namespace.
const OWN_TABLE: &str = "proc/self/mountinfo";

/// One mount. Text that is not UTF-8 carries U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The mount's id.
    pub id: u32,
    /// The id of the mount it is mounted on.
    pub parent: u32,
    /// The file system's number, `st_dev` of what is in it (but see btrfs in [`crate::statfs`]).
    pub device: DeviceNumber,
    /// Which directory of the file system is mounted; `/` unless it is a bind mount, a subvolume or the like.
    pub root: Box<str>,
    /// Where it is mounted, as the first process sees it.
    pub mount_point: Box<str>,
    /// The file system's type, such as `ext4`.
    pub fs_type: Box<str>,
    /// What is mounted, such as `/dev/nvme0n1p1`; free text for file systems without a device.
    pub source: Box<str>,
    /// The file system's own options, separated by commas; a cgroup v1 mount names its controllers here.
    pub super_options: Box<str>,
}

/// Reads the machine's mounts that can be reached, as [`Table`] does.
pub fn read(root: &Root, buffer: &mut Buffer) -> Result<Vec<Mount>, Error> {
    let mut table = Table::default();
    table.refresh(root, buffer)?;
    Ok(table.into_mounts())
}

/// The mounts below a directory, by their mount points as that directory's own `/` has them.
fn below(mounts: Vec<Mount>, directory: &str) -> Vec<Mount> {
    let directory = directory.trim_end_matches('/');
    let inside = |mut mount: Mount| {
        let rest = mount.mount_point.strip_prefix(directory)?;
        let place = if rest.is_empty() { "/" } else { rest };
        mount.mount_point = place.starts_with('/').then(|| place.into())?;
        Some(mount)
    };
    mounts.into_iter().filter_map(inside).collect()
}

/// Parses a mount table and keeps, in its order, the mounts that can be reached by their mount point.
///
/// Left out are malformed lines, a mount with another one on the same mount point, and one below a directory over which
/// something was mounted later.
pub fn parse_mountinfo(text: &[u8]) -> Vec<Mount> {
    let mounts: Vec<Mount> = lines(text).filter_map(parse_line).collect();
    visible::only_visible(mounts)
}

fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let mut next = || fields.next();
    let id = u32::try_from(number(next()?)?).ok()?;
    let parent = u32::try_from(number(next()?)?).ok()?;
    let device = DeviceNumber::parse(next()?)?;
    let root = unescape(next()?);
    let mount_point = unescape(next()?);
    let _options = next()?;
    // Any number of optional fields, then a lone dash.
    while next()? != b"-" {}
    let fs_type = unescape(next()?);
    let source = unescape(next()?);
    let super_options = unescape(next().unwrap_or_default());
    Some(Mount { id, parent, device, root, mount_point, fs_type, source, super_options })
}

/// Turns `\040` and the like, by which the kernel writes blank, tab, newline, backslash and `#`, back into bytes.
fn unescape(text: &[u8]) -> Box<str> {
    if !text.contains(&b'\\') {
        return crate::text::owned(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        match octal(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[4..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    crate::text::owned(&bytes)
}

/// The byte written as a backslash and three octal digits at the start of the text.
fn octal(text: &[u8]) -> Option<u8> {
    let &[b'\\', high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', ..] = text else { return None };
    Some((high - b'0') << 6 | (middle - b'0') << 3 | (low - b'0'))
}

#[cfg(test)]
mod tests;
