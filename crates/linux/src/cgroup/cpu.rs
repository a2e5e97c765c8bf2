//! CPU time of a cgroup: `cpuacct.usage` and `cpuacct.stat` (cgroup-v1/cpuacct.rst), `cpu.stat` (cgroup-v2.rst).

use super::mounted::Role;
use super::{Group, Version};
use crate::text::{key_and_value, lines, number};
use crate::{Buffer, Error};

/// Nanoseconds of a clock tick: USER_HZ is 100 on every machine this runs on.
const TICK_NSEC: u64 = 1_000_000_000 / 100;
const USEC_NSEC: u64 = 1000;

/// CPU time used since the cgroup was made, in nanoseconds; `None` where the kernel does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// All of it.
    pub usage_nsec: Option<u64>,
    /// In user mode; in whole ticks of 10 ms on version 1.
    pub user_nsec: Option<u64>,
    /// In kernel mode; in whole ticks of 10 ms on version 1.
    pub system_nsec: Option<u64>,
    /// Values that were there but could not be read or understood.
    pub faults: u32,
}

impl Group {
    /// Reads the CPU time; [`Error::Gone`] if the cgroup has vanished.
    pub fn read_cpu(&self, buffer: &mut Buffer) -> Result<Cpu, Error> {
        let mut cpu = Cpu::default();
        match self.controllers().version {
            Version::V1 => {
                match self.read(Role::Cpu, c"cpuacct.stat", buffer) {
                    Ok(text) => cpu.parse(text, &[(b"user", Field::User), (b"system", Field::System)], TICK_NSEC),
                    Err(error) if error.is_gone() => {}
                    Err(_) => cpu.faults += 1,
                }
                // The file that must be there comes last: a cgroup that vanished meanwhile shows.
                cpu.usage_nsec = number(self.read(Role::Cpu, c"cpuacct.usage", buffer)?);
                cpu.faults += u32::from(cpu.usage_nsec.is_none());
            }
            Version::V2 => {
                const KEYS: Keys<'_> =
                    &[(b"usage_usec", Field::Usage), (b"user_usec", Field::User), (b"system_usec", Field::System)];
                match self.read(Role::Cpu, c"cpu.stat", buffer) {
                    Ok(text) => cpu.parse(text, KEYS, USEC_NSEC),
                    // The root has no cpu.stat before Linux 5.8.
                    Err(error) if error.is_gone() && self.is_root() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(cpu)
    }
}

type Keys<'a> = &'a [(&'a [u8], Field)];

#[derive(Clone, Copy)]
enum Field {
    Usage,
    User,
    System,
}

impl Cpu {
    fn parse(&mut self, text: &[u8], keys: Keys<'_>, unit_nsec: u64) {
        for (key, value) in lines(text).filter_map(key_and_value) {
            let Some((_, field)) = keys.iter().find(|(known, _)| *known == key) else { continue };
            // The largest number stands for more than can be counted, which no CPU has done.
            let value = number(value).map(|value| value.saturating_mul(unit_nsec));
            self.faults += u32::from(value.is_none());
            match field {
                Field::Usage => self.usage_nsec = value,
                Field::User => self.user_nsec = value,
                Field::System => self.system_nsec = value,
            }
        }
    }
}

/// Any text of the CPU's files is survived.
#[cfg(fuzzing)]
pub fn fuzz(text: &[u8]) {
    let mut cpu = Cpu::default();
    let keys: Keys<'_> = &[(b"usage_usec", Field::Usage), (b"user", Field::User), (b"system_usec", Field::System)];
    cpu.parse(text, keys, TICK_NSEC);
    cpu.parse(text, keys, USEC_NSEC);
}
