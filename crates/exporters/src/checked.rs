//! Options whose parts must fit together.

use std::ops::Deref;

use confmap::{Decode, Faults, Node, OptionDoc};

/// A value whose parts fit together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked<T>(pub(crate) T);

/// What must be true of a value beyond its parts.
pub(crate) trait Check {
    /// Adds a fault for each thing that doesn't fit.
    fn check(&self, node: &Node, path: &str, faults: &mut Faults);
}

impl<T> Deref for Checked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Decode + Check> Decode for Checked<T> {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let value = T::decode(node, path, faults)?;
        let before = faults.len();
        value.check(node, path, faults);
        (faults.len() == before).then_some(Self(value))
    }

    fn type_name() -> String {
        T::type_name()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }

    fn of_null(node: &Node) -> Option<Self> {
        T::of_null(node).map(Self)
    }

    fn from_words() -> bool {
        T::from_words()
    }

    fn nested_options() -> Vec<OptionDoc> {
        T::nested_options()
    }

    fn accepted_written(node: &Node, path: &str, written: &mut Vec<(String, &'static str)>) {
        T::accepted_written(node, path, written);
    }
}
