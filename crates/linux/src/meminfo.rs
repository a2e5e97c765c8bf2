//! The machine's memory: `/proc/meminfo` (proc(5)).

use crate::text::{key_and_value, kilobytes, lines};
use crate::{Buffer, Error, Root};

/// Sizes in bytes; `None` where the file has no such line or not a number in kB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meminfo {
    /// Usable memory: `MemTotal`.
    pub total_bytes: Option<u64>,
    /// What could be had without swapping, as the kernel estimates it: `MemAvailable`.
    pub available_bytes: Option<u64>,
    /// All swap space: `SwapTotal`.
    pub swap_total_bytes: Option<u64>,
    /// Unused swap space: `SwapFree`.
    pub swap_free_bytes: Option<u64>,
}

/// Reads `<root>/proc/meminfo`.
pub fn read(root: &Root, buffer: &mut Buffer) -> Result<Meminfo, Error> {
    root.read("proc/meminfo", buffer).map(parse)
}

/// Parses the text of `/proc/meminfo`.
pub fn parse(text: &[u8]) -> Meminfo {
    let mut meminfo = Meminfo::default();
    for (key, value) in lines(text).filter_map(key_and_value) {
        let field = match key {
            b"MemTotal:" => &mut meminfo.total_bytes,
            b"MemAvailable:" => &mut meminfo.available_bytes,
            b"SwapTotal:" => &mut meminfo.swap_total_bytes,
            b"SwapFree:" => &mut meminfo.swap_free_bytes,
            _ => continue,
        };
        *field = kilobytes(value);
    }
    meminfo
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn memory_is_in_bytes() {
        let text = "MemTotal:       24683656 kB\nMemFree:        19175164 kB\nMemAvailable:   23365464 kB\n\
                    SwapCached:            0 kB\nSwapTotal:             8 kB\nSwapFree:              4 kB\n";
        let expected = Meminfo {
            total_bytes: Some(24_683_656 * 1024),
            available_bytes: Some(23_365_464 * 1024),
            swap_total_bytes: Some(8192),
            swap_free_bytes: Some(4096),
        };
        assert_eq!(parse(text.as_bytes()), expected);
    }

    #[test]
    fn garbage_costs_its_own_line() {
        let text = b"MemTotal: many kB\nSwapTotal: 1 MB\nSwapFree: 18446744073709551616 kB\nMemAvailable: 1 kB\n";
        assert_eq!(parse(text), Meminfo { available_bytes: Some(1024), ..Meminfo::default() });
    }

    #[test]
    fn a_number_below_zero_stays_one_that_cannot_be() {
        // What the kernel's unsigned format makes of -1 kB.
        let meminfo = parse(b"SwapTotal: 8 kB\nSwapFree: 18446744073709551615 kB\n");
        assert_eq!((meminfo.swap_total_bytes, meminfo.swap_free_bytes), (Some(8192), Some(u64::MAX)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = parse(&text);
        }
    }
}
