//! What the environment and the options say about where the agent is; the environment wins, as it does in the published
//! agent.

use std::path::{Path, PathBuf};

use crate::Orchestrator;
use crate::facts::Facts;

mod given;
mod servers;

use given::told;
use servers::in_cluster;

/// Where a pod's service account is mounted.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What is said where the only credentials are missing.
pub const NO_KUBE_CONFIG: &str = "is missing for kubelet::auth_type: kubeConfig";

/// How the process's surroundings are asked: variables by name, and whether a directory is there.
pub struct Environment<'a> {
    /// The value of an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a path is a directory.
    pub is_directory: &'a dyn Fn(&Path) -> bool,
    /// The text of a file.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
}

/// What the options say about where the agent is; an empty text says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Location<'a> {
    /// What runs the containers.
    pub orchestrator: Orchestrator,
    /// The node's name.
    pub host_name: &'a str,
    /// The node's address.
    pub host_ip: &'a str,
    /// The path of a kubeconfig.
    pub kube_config_path: &'a str,
    /// Whether the kubelet is asked with the credentials of that kubeconfig only.
    pub needs_kube_config: bool,
    /// The kubelet's URL.
    pub kubelet_endpoint: Option<&'a str>,
    /// Where the host's `/` is mounted.
    pub root_path: Option<&'a str>,
    /// Whether the agent runs on the host itself, without a container.
    pub run_on_systemd: bool,
}

/// Where the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where the host's `/` is.
    pub root: PathBuf,
    /// The node's name; `None` where it is the machine's host name.
    pub node_name: Option<String>,
    /// The kubelet; `None` outside Kubernetes.
    pub kubelet: Option<KubeletAddress>,
    /// The API server; `None` outside Kubernetes, and where nothing says where it is.
    pub api_server: Option<ApiServer>,
    /// The namespace the agent runs in; `None` where nothing says.
    pub namespace: Option<String>,
    /// The URL of instance metadata, where it isn't the usual one.
    pub metadata_endpoint: Option<String>,
    /// What options and environment say of the node.
    pub given: Facts,
}

/// How the API server is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiServer {
    /// At this URL, with the pod's service account.
    Url(String),
    /// As this kubeconfig says.
    KubeConfig(PathBuf),
}

/// How the kubelet is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KubeletAddress {
    /// At this URL.
    Url(String),
    /// Through the API server that this kubeconfig names.
    KubeConfig(PathBuf),
}

/// Why the receiver can't start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartFault {
    /// Nothing says where the kubelet is.
    #[error(
        "the kubelet's address is unknown: set the option kubelet::endpoint, the environment variable HOST_IP, or the option host_ip"
    )]
    NoKubelet,
    /// What HOST_IP or `host_ip` says can't be asked.
    #[error(
        "{ip:?} is no address to reach the kubelet at: correct the environment variable HOST_IP or the option host_ip, or set the option kubelet::endpoint"
    )]
    NoAddress {
        /// What it says.
        ip: String,
    },
    /// Nothing says what the node is called.
    #[error(
        "the node's name is unknown: set the environment variable HOST_NAME or K8S_NODE_NAME, or the option host_name"
    )]
    NoNodeName,
    /// Credentials that can only come from a kubeconfig, and none is named.
    #[error("kube_config_path: {NO_KUBE_CONFIG}")]
    NoKubeConfig,
}

/// Finds out where the agent is. `given` has what the options say of the node; the environment adds to it.
///
/// # Errors
///
/// All that is missing or wrong, in one go.
pub fn resolve(location: &Location<'_>, given: Facts, environment: &Environment<'_>) -> Result<Place, Vec<StartFault>> {
    let variable = |name: &str| (environment.variable)(name).filter(|value| !value.is_empty());
    let option = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    let mut faults = Vec::new();
    let (mut node_name, mut kubelet, mut api_server) = (option(location.host_name), None, None);
    match location.orchestrator {
        Orchestrator::Host => {}
        Orchestrator::Ecs => node_name = variable("HOST_NAME").or(node_name),
        Orchestrator::Eks => {
            node_name = variable("HOST_NAME").or_else(|| variable("K8S_NODE_NAME")).or(node_name);
            if node_name.is_none() {
                faults.push(StartFault::NoNodeName);
            }
            let host_ip = variable("HOST_IP").or_else(|| option(location.host_ip));
            match location.kubelet(host_ip.as_deref()) {
                Ok(address) if location.kubelet_endpoint.is_none() && !address.is_valid() => {
                    faults.push(StartFault::NoAddress { ip: host_ip.unwrap_or_default() });
                }
                Ok(address) => kubelet = Some(address),
                Err(fault) => faults.push(fault),
            }
            api_server = match &kubelet {
                Some(KubeletAddress::KubeConfig(path)) => Some(ApiServer::KubeConfig(path.clone())),
                _ => in_cluster(&variable)
                    .map(ApiServer::Url)
                    .or_else(|| option(location.kube_config_path).map(|path| ApiServer::KubeConfig(path.into()))),
            };
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let namespace = variable("K8S_NAMESPACE").or_else(|| {
        let file = Path::new(SERVICE_ACCOUNT).join("namespace");
        (environment.read)(&file).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    });
    let given = told(given, location, &variable);
    let metadata_endpoint = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    let root = root(location, environment);
    Ok(Place { root, node_name, kubelet, api_server, namespace, metadata_endpoint, given })
}

fn root(location: &Location<'_>, environment: &Environment<'_>) -> PathBuf {
    let mounted = Path::new("/rootfs");
    match location.root_path {
        Some(path) => path.into(),
        None if !location.run_on_systemd && (environment.is_directory)(mounted) => mounted.into(),
        None => "/".into(),
    }
}
