//! Where the kubelet and the API server are.

use kubernetes::{Error, Settings};

use super::{KubeletAddress, Location, StartFault};

/// The address that Kubernetes tells every container.
pub(super) fn in_cluster(variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    Some(if host.contains(':') { format!("https://[{host}]:{port}") } else { format!("https://{host}:{port}") })
}

impl KubeletAddress {
    /// Whether a request can be sent to it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let Self::Url(endpoint) = self else { return true };
        let settings = Settings { endpoint: endpoint.clone(), ..Settings::default() };
        !settings.faults().iter().any(|fault| matches!(fault, Error::Setting { key: "endpoint", .. }))
    }
}

impl Location<'_> {
    /// Where the kubelet is, given what is known of the host's address.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn kubelet(&self, host_ip: Option<&str>) -> Result<KubeletAddress, StartFault> {
        let kube_config = Some(self.kube_config_path).filter(|path| !path.is_empty());
        match (kube_config, self.kubelet_endpoint) {
            (None, _) if self.needs_kube_config => Err(StartFault::NoKubeConfig),
            (Some(path), None) if self.needs_kube_config || self.run_on_systemd => {
                Ok(KubeletAddress::KubeConfig(path.into()))
            }
            (Some(path), Some(_)) if self.needs_kube_config => Ok(KubeletAddress::KubeConfig(path.into())),
            (_, Some(url)) => Ok(KubeletAddress::Url(url.to_owned())),
            (_, None) => match host_ip {
                Some(ip) if ip.contains(':') && !ip.starts_with('[') => {
                    Ok(KubeletAddress::Url(format!("https://[{ip}]:10250")))
                }
                Some(ip) => Ok(KubeletAddress::Url(format!("https://{ip}:10250"))),
                None => Err(StartFault::NoKubelet),
            },
        }
    }
}
