//! Thin clients of the kubelet and of the API server, slim types of what they say, and the cluster's leader lock.
//!
//! Nothing here decides what a pod means: [`Kubelet`] fetches, [`parse_pods`] and [`parse_summary`] keep the few
//! fields the agent needs, [`watch`] follows collections of the API server into the stores of [`cluster`],
//! [`election`] says whether this node speaks for the cluster, and the errors tell what went wrong in words that fit a
//! log line.

pub mod access;
mod api_server;
pub mod cluster;
mod credentials;
pub mod election;
mod error;
mod files;
mod json;
mod kubeconfig;
mod kubelet;
mod node;
mod owners;
mod pods;
mod quantity;
mod refusal;
mod session;
mod settings;
mod stream;
mod streamed;
mod summary;
mod target;
mod tls;
pub mod watch;

pub use api_server::{Answer, ApiServer, OBJECT_LIMIT};
pub use error::{Error, ParseError};
pub use hyper::Method;
pub use hyper::body::Bytes;
pub use kubelet::Kubelet;
pub use node::{Instance, Node, parse_node};
pub use owners::{POD_TEMPLATE_HASH, deployment_of};
pub use pods::{
    Amounts, ContainerSpec, ContainerStatus, MOST_CONTAINERS, MOST_PODS, Owner, Phase, Pod, PodList, Resources, State,
    parse_pods,
};
pub use quantity::{parse_integer, parse_millis};
pub use settings::{Auth, BODY_LIMIT, SERVICE_ACCOUNT_TOKEN, Settings};
pub use stream::{DEEPEST, LABEL_BYTES, LARGEST_OBJECT, LabelRules, Shape};
pub use streamed::Streamed;
pub use summary::{ContainerSummary, FsUse, NodeSummary, PodSummary, Summary, parse_summary};
#[cfg(fuzzing)]
pub use {
    kubeconfig::fuzz as fuzz_kubeconfig, node::fuzz as fuzz_node, pods::fuzz as fuzz_pods,
    summary::fuzz as fuzz_summary,
};
