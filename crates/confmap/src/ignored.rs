//! Options that are accepted and have no effect.

use crate::decode::Decode;
use crate::fault::Faults;
use crate::node::Node;

/// The value of such an option: anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ignored;

impl Decode for Ignored {
    fn decode(_node: &Node, _path: &str, _faults: &mut Faults) -> Option<Self> {
        Some(Self)
    }

    fn type_name() -> String {
        "any".into()
    }

    fn show_default(&self) -> String {
        String::new()
    }
}
