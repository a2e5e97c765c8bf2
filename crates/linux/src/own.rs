//! What this process uses itself: `/proc/self/stat` and `/proc/self/status` (proc_pid_stat(5), proc_pid_status(5)).

use crate::text::{kilobytes, lines, number, words};
use crate::{Buffer, Error, Root};

/// Clock ticks of a second in what procfs shows: `USER_HZ`, which is 100 on every architecture we build for and
/// independent of the kernel's own `HZ`.
const TICKS_PER_SECOND: u64 = 100;

/// Where `utime` and `stime` stand after the command's name, which ends with the last `)`.
const USER_TIME: usize = 11;

/// What this process has used; `None` where the kernel doesn't say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of all threads since the start, user and system, in microseconds; steps of 10 ms.
    pub cpu_usec: Option<u64>,
    /// Memory that is resident, in bytes: `VmRSS`.
    pub resident_bytes: Option<u64>,
}

/// Reads the two files of this process below a root that has this process's own procfs.
///
/// Each costs only its own values where it can't be read.
pub fn read(root: &Root, buffer: &mut Buffer) -> Result<Usage, Error> {
    let cpu = root.read("proc/self/stat", buffer).map(parse_stat);
    let resident = root.read("proc/self/status", buffer).map(parse_status);
    match (cpu, resident) {
        (Err(error), Err(_)) => Err(error),
        (cpu, resident) => {
            Ok(Usage { cpu_usec: cpu.unwrap_or_default(), resident_bytes: resident.unwrap_or_default() })
        }
    }
}

/// CPU time in microseconds from the text of `stat`.
pub fn parse_stat(text: &[u8]) -> Option<u64> {
    let name_end = text.iter().rposition(|&byte| byte == b')')?;
    let mut words = words(&text[name_end + 1..]).skip(USER_TIME);
    let ticks = number(words.next()?)?.checked_add(number(words.next()?)?)?;
    ticks.checked_mul(1_000_000 / TICKS_PER_SECOND)
}

/// Resident memory in bytes from the text of `status`.
pub fn parse_status(text: &[u8]) -> Option<u64> {
    kilobytes(lines(text).find_map(|line| line.strip_prefix(b"VmRSS:"))?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    const STAT: &str = "4121 (a) b (c) S 1 4121 4121 0 -1 4194560 1022 77 3 0 251 49 5 6 20 0 4 0 8211 51052544 3191 \
                        18446744073709551615 1 1 0 0 0 0 0 4096 17642 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

    #[test]
    fn cpu_time_is_user_and_system_whatever_the_commands_name() {
        assert_eq!(parse_stat(STAT.as_bytes()), Some(3_000_000));
        assert_eq!(parse_stat(b"1 (x) S 1 2"), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(parse_status(b"Name:\tVmRSS\nVmHWM:\t   13000 kB\nVmRSS:\t   12764 kB\n"), Some(12764 * 1024));
        assert_eq!(parse_status(b"Name:\tkthreadd\nThreads:\t1\n"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let root = Root::open(Path::new("/")).unwrap();
        let usage = read(&root, &mut Buffer::new()).unwrap();
        assert!(usage.resident_bytes.is_some_and(|bytes| bytes > 100_000), "{usage:?}");
        assert!(usage.cpu_usec.is_some(), "{usage:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = (parse_stat(&text), parse_status(&text));
        }

        #[test]
        fn both_times_are_counted_behind_any_name(name in "[^)]{0,9}|.{0,9}", user in 0_u64..1 << 40, system in 0_u64..1 << 40) {
            let text = format!("1 ({name}) S 1 1 1 0 -1 0 0 0 0 0 {user} {system} 0 0 20 0\n");
            prop_assert_eq!(parse_stat(text.as_bytes()), Some((user + system) * 10_000));
        }
    }
}
