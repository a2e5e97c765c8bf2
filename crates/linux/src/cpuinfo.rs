//! The machine's processors: `/proc/cpuinfo` (proc(5)).

use crate::text::lines;
use crate::{Buffer, Error, Root};

/// Reads the number of logical CPUs from `<root>/proc/cpuinfo`; a file that names none is an [`Error::Parse`].
pub fn read_logical_cpus(root: &Root, buffer: &mut Buffer) -> Result<u32, Error> {
    match count_processors(root.read("proc/cpuinfo", buffer)?) {
        0 => Err(Error::parse(root.full_path("proc/cpuinfo"), b"no processor")),
        count => Ok(count),
    }
}

/// Counts the `processor` entries, one for each logical CPU on x86, arm64 and User-Mode Linux.
pub fn count_processors(text: &[u8]) -> u32 {
    let is_processor = |line: &&[u8]| {
        let Some(rest) = line.strip_prefix(b"processor") else { return false };
        rest.trim_ascii_start().first() == Some(&b':')
    };
    u32::try_from(lines(text).filter(is_processor).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_processor_line_is_a_cpu() {
        let x86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu\n\nprocessor\t: 1\nvendor_id\t: x\n";
        let arm64 = "processor\t: 0\nBogoMIPS\t: 243.75\n\nprocessor\t: 1\n\nprocessor\t: 2\nCPU part\t: 0xd0c\n";
        let uml = "processor\t: 0\nvendor_id\t: User Mode Linux\nmodel name\t: UML\nmode\t\t: skas\n";
        for (text, count) in [(x86, 2), (arm64, 3), (uml, 1), ("processors: 3\n", 0), ("", 0)] {
            assert_eq!(count_processors(text.as_bytes()), count);
        }
    }

    #[test]
    fn this_machine_has_at_least_one() {
        let root = Root::open(Path::new("/")).unwrap();
        assert!(read_logical_cpus(&root, &mut Buffer::new()).unwrap() >= 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(text: Vec<u8>) {
            let _ = count_processors(&text);
        }
    }
}
