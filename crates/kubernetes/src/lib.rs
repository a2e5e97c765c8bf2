//! A thin kubelet client: slim types of the pod list and the statistics summary.
//!
//! Nothing here decides what a pod means: [`Kubelet`] fetches, [`parse_pods`] and [`parse_summary`] keep the few
//! fields somebody asks for, and the errors tell what went wrong in words that fit a log line.

pub mod access;
mod error;
mod json;
mod pods;
mod quantity;
mod summary;

pub use error::ParseError;
pub use pods::{
    ContainerSpec, ContainerStatus, Owner, Phase, Pod, PodList, PodResources, Resources, State, parse_pods,
};
pub use quantity::{parse_integer, parse_millis};
pub use summary::{ContainerSummary, FsUse, NodeSummary, PodSummary, Summary, parse_summary};
