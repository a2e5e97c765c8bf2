//! How the options say that the kubelet is asked.

use std::time::Duration;

use kubernetes::{Auth, Settings};

use crate::awscontainerinsight::config::{AuthType, Config};
use platform::KubeletAddress;

/// The most that a question to the kubelet takes, less than the interval.
const KUBELET_DEADLINE: Duration = Duration::from_secs(30);

/// How the kubelet at an address is asked.
pub(crate) fn settings(config: &Config, address: &KubeletAddress, node_name: &str) -> Settings {
    let options = &config.kubelet;
    let (endpoint, auth) = match address {
        KubeletAddress::KubeConfig(path) => (String::new(), Auth::KubeConfig { path: path.clone() }),
        KubeletAddress::Url(url) => (
            url.clone(),
            match options.auth_type {
                AuthType::Tls => Auth::Tls,
                AuthType::None => Auth::None,
                AuthType::ServiceAccount | AuthType::KubeConfig => Auth::service_account(),
            },
        ),
    };
    Settings {
        endpoint,
        auth,
        ca_file: options.ca_file.as_ref().map(Into::into),
        cert_file: options.cert_file.as_ref().map(Into::into),
        key_file: options.key_file.as_ref().map(Into::into),
        insecure_skip_verify: options.insecure_skip_verify,
        deadline: KUBELET_DEADLINE.min(config.collection_interval.mul_f64(0.8)),
        node_name: node_name.to_owned(),
        ..Settings::default()
    }
}
