//! Thin clients of the kubelet and of the API server, and slim types of what they say.
//!
//! Nothing here decides what a pod means: [`Kubelet`] and [`ApiServer`] fetch, [`parse_pods`] and [`parse_summary`] keep the
//! few fields somebody asks for, [`watch`] follows collections of the API server into the stores of [`cluster`],
//! [`election`] tells which agent speaks for the cluster, and the errors say what went wrong in words that fit a log line.

pub mod access;
mod api_server;
mod body;
pub mod cluster;
mod connection;
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
    ContainerSpec, ContainerStatus, Owner, Phase, Pod, PodList, PodResources, Resources, State, parse_pods,
};
pub use quantity::{parse_integer, parse_millis};
pub use settings::{Auth, BODY_LIMIT, SERVICE_ACCOUNT_TOKEN, Settings};
pub use streamed::Streamed;
pub use summary::{ContainerSummary, FsUse, NodeSummary, PodSummary, Summary, parse_summary};
