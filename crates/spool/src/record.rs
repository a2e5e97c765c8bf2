//! The values that go into a spool and come out.

use std::sync::Arc;

use crate::stats::Dropped;

/// What is kept: a record before it has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The stream it belongs to: where it goes. At most 65535 bytes.
    pub key: &'a [u8],
    /// Its time in milliseconds of the owner's clock; the spool only hands it back.
    pub time_ms: i64,
    /// How many things the body holds: what is lost is counted in them.
    pub items: u32,
    /// The body, as it is before compression.
    pub body: &'a [u8],
}

/// A record read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The stream it belongs to.
    pub key: Arc<[u8]>,
    /// Its time in milliseconds.
    pub time_ms: i64,
    /// How many things the body holds.
    pub items: u32,
    /// The body.
    pub body: Vec<u8>,
}

/// A record that waits, without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending<'a> {
    /// Its id: larger than that of every record before it that is still there, also after a restart.
    pub id: u64,
    /// The stream it belongs to.
    pub key: &'a [u8],
    /// Its time in milliseconds.
    pub time_ms: i64,
    /// How many things the body holds.
    pub items: u32,
    /// Length of the body in bytes, before compression.
    pub bytes: u32,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The record's id.
    pub id: u64,
    /// What had to go, the oldest first, to stay within the budget, appends that failed since the last one included.
    pub dropped: Dropped,
}
