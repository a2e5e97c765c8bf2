//! What the agent knows of pods and containers: the kubelet's list, joined with names it gives them for output.

pub mod amounts;
pub mod document;
pub mod inventory;
pub mod log_names;
pub mod owners;
pub mod pod;
pub mod restarts;
