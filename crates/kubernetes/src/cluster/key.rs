//! By what objects of a cluster are told apart.

/// A namespace and a name in it.
pub(super) type Key = (Box<str>, Box<str>);
