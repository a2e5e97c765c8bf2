//! Where the kubelet and the API server are.

use super::{KubeletAddress, StartFault};
use crate::config::{AuthType, Config};

/// The address that Kubernetes tells every container.
pub(super) fn in_cluster(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    Some(if host.contains(':') { format!("https://[{host}]:{port}") } else { format!("https://{host}:{port}") })
}

/// Whether a request can be sent to the address.
pub(crate) fn is_good(config: &Config, address: &KubeletAddress) -> bool {
    let faults = crate::kubelet_settings::settings(config, address, "node").faults();
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
