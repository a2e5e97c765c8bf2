//! JSON read while it arrives: what is wanted of it is kept, everything else costs a glance at each byte.
//!
//! A server's answer may be a hundred times what is needed of it: environment variables, annotations and managed fields of
//! pods that anybody may create. [`Filter`] checks the grammar of every byte, keeps the members that a [`Shape`] names as
//! condensed JSON, and hands on each item of a list when it ends. Memory is bounded by the item in progress.

mod filter;
mod grammar;
mod labels;
mod output;
mod piece;
#[cfg(test)]
mod tests;

pub(crate) use filter::{Edge, Filter, Item};
pub use labels::{LABEL_BYTES, LabelRules};
pub(crate) use labels::{Labels, digest};

/// The most that is kept of one object, in bytes of condensed JSON; a larger one costs itself. An object in etcd has at
/// most 1.5 MiB, and of the largest honest pod some 20 KiB are kept.
pub const LARGEST_OBJECT: usize = 1 << 20;
/// The most that is kept of a list beside its items.
pub(crate) const LONGEST_HEAD: usize = 64 << 10;
/// Lists and objects in each other; `serde_json` has the same limit. What Kubernetes writes has some 20.
pub const DEEPEST: u32 = 128;

/// What is kept of a value.
#[derive(Debug)]
pub enum Shape {
    /// All of it.
    Whole,
    /// Of an object these members. A value of another type is kept whole, for its reader to refuse.
    Members(&'static [(&'static str, Shape)]),
    /// Of a list this of each item.
    Items(&'static Shape),
    /// A list whose items are handed on one by one; once in a document, and in its outermost object.
    Each(&'static Shape),
    /// The labels of a pod, as far as [`LabelRules`] go.
    Labels,
}
