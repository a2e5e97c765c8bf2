//! What the task knows of one of the lock's objects.

use std::time::Duration;

use super::super::lock::{Lock, Object};
use super::super::watch::Watch;

/// What is known of an object.
pub(super) enum Base {
    /// Nothing, or something that may be out of date.
    Unknown,
    /// That there is none, since this version.
    Absent(Option<Box<str>>),
    /// What it is.
    Object(Box<Object>),
}

/// One of the lock's objects as the task sees it.
pub(super) struct LockState<S> {
    pub(super) lock: Lock,
    pub(super) base: Base,
    /// Where a watch goes on, if that is later than the object's own version.
    pub(super) version: Option<Box<str>>,
    pub(super) watch: Option<Watch<S>>,
    pub(super) watch_due: Duration,
    /// When the present watch began.
    pub(super) watch_since: Duration,
    /// What was told about it last.
    pub(super) watched: Option<bool>,
    pub(super) fails: bool,
}
