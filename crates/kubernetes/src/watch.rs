//! Lists and watches of one kind of object.

use crate::error::ParseError;

/// Who takes in the objects.
pub trait Consumer {
    /// A new list begins.
    fn restart(&mut self);
    /// An object that is there, or has changed.
    fn apply(&mut self, object: &str) -> Result<(), ParseError>;
    /// An object that is gone.
    fn delete(&mut self, object: &str) -> Result<(), ParseError>;
    /// The list is complete: from now on it is what is known.
    fn commit(&mut self);
    /// The list broke off: what came of it is worth nothing.
    fn forget(&mut self);
}
