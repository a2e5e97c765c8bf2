//! What the node is: how it is named, how large it is, where its kubelet listens.

mod capacity;
mod environment;

pub use capacity::Capacity;
pub use environment::{Environment, KubeletAddress, Place, StartFault, resolve};
