//! The numbers of a world: each follows from the seed, a name and the tick, so that nothing that is added changes another.

use std::ops::Range;

/// Where the numbers of one world come from.
#[derive(Debug, Clone, Copy)]
pub struct Numbers(pub u64);

impl Numbers {
    /// 64 bits for a name at a tick.
    pub fn hash(self, name: &str, tick: u64) -> u64 {
        let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.0, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        state = state.wrapping_add(tick.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^ (state >> 31)
    }

    /// A number that stays what it is.
    pub fn pick(self, name: &str, range: Range<u64>) -> u64 {
        self.gauge(name, range, u64::MAX)
    }

    /// One of some things.
    pub fn one<T: Copy>(self, name: &str, of: &[T]) -> T {
        of[usize::try_from(self.pick(name, 0..of.len() as u64)).expect("a place in a list")]
    }

    /// Whether something of which one in `of` is so is so.
    pub fn is(self, name: &str, of: u64) -> bool {
        self.pick(name, 0..of) == 0
    }

    /// A number that goes up and down.
    pub fn gauge(self, name: &str, range: Range<u64>, tick: u64) -> u64 {
        range.start + self.hash(name, tick) % (range.end - range.start)
    }

    /// A number that grows at each tick by less than twice its pace, and never falls.
    pub fn counter(self, name: &str, pace: u64, tick: u64) -> u64 {
        let pace = pace.max(1);
        self.pick(name, 0..1_000_000) + tick * pace + self.hash(name, tick) % pace
    }

    /// `count` hexadecimal digits.
    pub fn hex(self, name: &str, count: usize) -> String {
        let digits: String = (0..4).map(|part| format!("{:016x}", self.hash(name, part))).collect();
        digits[..count].to_owned()
    }
}
