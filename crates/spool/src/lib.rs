//! Records on disk until they are acknowledged.
//!
//! A [`Spool`] is a directory of segment files. [`Spool::append`] has written a record before it returns, so that
//! the record survives a kill of the process; [`Spool::sync`] makes it survive a loss of power. What is
//! [acknowledged](Spool::acknowledge) is marked in place and its segment removed once all of it is. Records are handed out
//! at least once: one that was acknowledged comes again only if the crash came before its mark was on disk.
//!
//! # On disk
//!
//! | file | holds |
//! |---|---|
//! | `lock` | the process id of the owner, who holds an exclusive `flock(2)` on it |
//! | `<id of its first record, 16 hexadecimal digits>.segment` | a segment header, then record frames, one behind the other |
//!
//! Both headers are described beside their code, in `segment/header.rs` and `frame.rs`. Numbers are little-endian, checksums
//! CRC-32 as in zlib, bodies raw deflate (RFC 1951) where that is smaller. A frame whose header doesn't match its checksum
//! costs itself: the next one is searched by its first bytes, its checksum and an id that may stand there.
//!
//! An error of the disk is the caller's to bridge: each call tries anew, so that the spool works again once the disk does.
//! Only where the directory itself was removed does it take opening another one.
//!
//! The crate knows nothing of what it keeps, sees no clock and starts no thread: the owner calls, and each call may block on
//! the disk.

mod coding;
mod directory;
mod error;
mod frame;
mod options;
mod record;
mod recover;
mod segment;
mod spool;
mod stats;

pub use error::Error;
pub use options::Options;
pub use record::{Appended, Entry, Pending, Record};
#[cfg(fuzzing)]
pub use recover::fuzz as fuzz_segment;
pub use spool::Spool;
pub use stats::{Dropped, Recovered, Stats};
