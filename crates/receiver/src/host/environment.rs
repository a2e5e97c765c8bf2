//! What the environment and the options say about where the agent is; the environment wins, as it does in the published
//! agent.

use std::path::{Path, PathBuf};

use crate::config::{AuthType, Config, Orchestrator};
use crate::host::facts::{Fact, Facts, Origin};

/// Where a pod's service account is mounted.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What is said where the only credentials are missing.
pub(crate) const NO_KUBE_CONFIG: &str = "is missing for kubelet::auth_type: kubeConfig";

/// How the process's surroundings are asked: variables by name, and whether a directory is there.
pub struct Environment<'a> {
    /// The value of an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a path is a directory.
    pub is_directory: &'a dyn Fn(&Path) -> bool,
    /// The text of a file.
    pub read: &'a dyn Fn(&Path) -> Option<String>,
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

/// Finds out where the agent is; every fault in one go.
pub fn resolve(config: &Config, environment: &Environment<'_>) -> Result<Place, Vec<StartFault>> {
    let variable = |name: &str| (environment.variable)(name).filter(|value| !value.is_empty());
    let option = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
    let mut faults = Vec::new();
    let (mut node_name, mut kubelet, mut api_server) = (option(&config.host_name), None, None);
    match config.container_orchestrator {
        Orchestrator::Host => {}
        Orchestrator::Ecs => node_name = variable("HOST_NAME").or(node_name),
        Orchestrator::Eks => {
            node_name = variable("HOST_NAME").or_else(|| variable("K8S_NODE_NAME")).or(node_name);
            if node_name.is_none() {
                faults.push(StartFault::NoNodeName);
            }
            let host_ip = variable("HOST_IP").or_else(|| option(&config.host_ip));
            match address(config, host_ip.as_deref()) {
                Ok(address) if config.kubelet.endpoint.is_none() && !is_good(config, &address) => {
                    faults.push(StartFault::NoAddress { ip: host_ip.unwrap_or_default() });
                }
                Ok(address) => kubelet = Some(address),
                Err(fault) => faults.push(fault),
            }
            api_server = match &kubelet {
                Some(KubeletAddress::KubeConfig(path)) => Some(ApiServer::KubeConfig(path.clone())),
                _ => in_cluster(&variable).map(ApiServer::Url),
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
    let given = given(config, &variable);
    let metadata_endpoint = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    let root = root(config, environment);
    Ok(Place { root, node_name, kubelet, api_server, namespace, metadata_endpoint, given })
}

/// What options and environment say of the node, options first.
fn given(config: &Config, variable: &dyn Fn(&str) -> Option<String>) -> Facts {
    let mut facts = Facts::default();
    let options = [
        (Fact::ClusterName, &config.cluster_name),
        (Fact::InstanceId, &config.instance_id),
        (Fact::InstanceType, &config.instance_type),
        (Fact::Region, &config.region),
        (Fact::Zone, &config.availability_zone),
    ];
    for (fact, value) in options {
        facts.learn(fact, Some(value), Origin::Configuration);
    }
    facts.learn(Fact::Region, variable("AWS_REGION").as_deref(), Origin::Environment);
    facts.learn(Fact::PrivateIp, variable("HOST_IP").as_deref(), Origin::Environment);
    facts.learn(Fact::PrivateIp, Some(&config.host_ip), Origin::Configuration);
    facts
}

/// The address that Kubernetes tells every container.
fn in_cluster(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    Some(if host.contains(':') { format!("https://[{host}]:{port}") } else { format!("https://{host}:{port}") })
}

/// Whether a request can be sent to the address.
pub(crate) fn is_good(config: &Config, address: &KubeletAddress) -> bool {
    let faults = crate::build::settings(config, address, "node").faults();
    !faults.iter().any(|fault| matches!(fault, kubernetes::Error::Setting { key: "endpoint", .. }))
}

/// Where the kubelet is, given what is known of the host's address.
pub(crate) fn address(config: &Config, host_ip: Option<&str>) -> Result<KubeletAddress, StartFault> {
    let kube_config = Some(&config.kube_config_path).filter(|path| !path.is_empty());
    let wants_kube_config = config.kubelet.auth_type == AuthType::KubeConfig;
    match (kube_config, &config.kubelet.endpoint) {
        (None, _) if wants_kube_config => Err(StartFault::NoKubeConfig),
        (Some(path), None) if wants_kube_config || config.run_on_systemd => Ok(KubeletAddress::KubeConfig(path.into())),
        (Some(path), Some(_)) if wants_kube_config => Ok(KubeletAddress::KubeConfig(path.into())),
        (_, Some(url)) => Ok(KubeletAddress::Url(url.clone())),
        (_, None) => match host_ip {
            Some(ip) if ip.contains(':') && !ip.starts_with('[') => {
                Ok(KubeletAddress::Url(format!("https://[{ip}]:10250")))
            }
            Some(ip) => Ok(KubeletAddress::Url(format!("https://{ip}:10250"))),
            None => Err(StartFault::NoKubelet),
        },
    }
}

fn root(config: &Config, environment: &Environment<'_>) -> PathBuf {
    let mounted = Path::new("/rootfs");
    match &config.root_path {
        Some(path) => path.into(),
        None if !config.run_on_systemd && (environment.is_directory)(mounted) => mounted.into(),
        None => "/".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(config: Config, variables: &[(&str, &str)], rootfs: bool) -> Result<Place, Vec<StartFault>> {
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let environment = Environment {
            variable: &variable,
            is_directory: &|_| rootfs,
            read: &|path| path.ends_with("namespace").then(|| "agents\n".to_owned()),
        };
        resolve(&config, &environment)
    }

    fn url(place: Result<Place, Vec<StartFault>>) -> String {
        match place.expect("the place is known").kubelet {
            Some(KubeletAddress::Url(url)) => url,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_samples_environment_is_enough() {
        let variables =
            [("HOST_IP", "10.0.0.1"), ("HOST_NAME", "n1"), ("K8S_NODE_NAME", "n2"), ("K8S_NAMESPACE", "ns")];
        let place = place(Config::default(), &variables, true).expect("the place is known");
        assert_eq!(place.root, Path::new("/rootfs"));
        assert_eq!((place.node_name.as_deref(), place.namespace.as_deref()), (Some("n1"), Some("ns")));
        assert_eq!(place.kubelet, Some(KubeletAddress::Url("https://10.0.0.1:10250".into())));
    }

    #[test]
    fn what_is_missing_is_named_all_at_once() {
        let faults = place(Config::default(), &[("HOST_IP", "")], false).expect_err("nothing is known");
        assert_eq!(faults, [StartFault::NoNodeName, StartFault::NoKubelet]);
        let words = faults[1].to_string();
        assert!(["kubelet::endpoint", "HOST_IP", "host_ip"].iter().all(|name| words.contains(name)));
        let words = faults[0].to_string();
        assert!(["HOST_NAME", "K8S_NODE_NAME", "host_name"].iter().all(|name| words.contains(name)));
    }

    #[test]
    fn an_address_that_is_none_names_all_that_would_help() {
        let config = Config { host_name: "n".into(), ..Config::default() };
        for (variables, option) in [(&[("HOST_IP", "a b")][..], ""), (&[], "10.0.0.1:x"), (&[("HOST_IP", "::x")], "")] {
            let config = Config { host_ip: option.into(), ..config.clone() };
            let faults = place(config, variables, false).expect_err("it is no address");
            let words = faults[0].to_string();
            let names = ["kubelet::endpoint", "HOST_IP", "host_ip", "no address"];
            assert!(faults.len() == 1 && names.iter().all(|name| words.contains(name)), "{words}");
        }
    }

    #[test]
    fn an_endpoint_wins_over_the_hosts_address() {
        let mut config = Config { host_name: "n".into(), host_ip: "10.0.0.9".into(), ..Config::default() };
        assert_eq!(url(place(config.clone(), &[], false)), "https://10.0.0.9:10250");
        assert_eq!(url(place(config.clone(), &[("HOST_IP", "fd00::1")], false)), "https://[fd00::1]:10250");
        config.kubelet.endpoint = Some("http://127.0.0.1:10255".into());
        assert_eq!(url(place(config, &[("HOST_IP", "10.0.0.1")], false)), "http://127.0.0.1:10255");
    }

    #[test]
    fn a_machine_by_itself_needs_nothing() {
        let config = Config { container_orchestrator: Orchestrator::Host, ..Config::default() };
        let place = place(config, &[], false).expect("nothing is needed");
        assert_eq!((place.root.as_path(), place.node_name, place.kubelet), (Path::new("/"), None, None));
        assert_eq!(place.namespace.as_deref(), Some("agents"));
    }

    #[test]
    fn a_kubeconfig_stands_in_for_an_address() {
        let mut config = Config { host_name: "n".into(), ..Config::default() };
        config.kubelet.auth_type = AuthType::KubeConfig;
        assert_eq!(place(config.clone(), &[], false), Err(vec![StartFault::NoKubeConfig]));
        config.kube_config_path = "/etc/kube".into();
        let place = place(config, &[], false).expect("the kubeconfig is named");
        assert_eq!(place.kubelet, Some(KubeletAddress::KubeConfig("/etc/kube".into())));
    }
}
