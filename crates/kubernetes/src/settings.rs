//! Where the kubelet is, how we prove who we are, and how long we wait.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::files::Files;
use crate::target::Target;

/// Where Kubernetes puts a pod's service account token.
pub const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/// The longest answer that is read: 1 GiB. It is read while it arrives and never held, so this bounds time only.
pub const BODY_LIMIT: usize = 1 << 30;

/// How to reach one kubelet. Holds paths only, never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `https://10.0.0.1:10250`, an IPv6 address in brackets. Without a port: 10250, and 10255 with `http:`.
    /// Not used with [`Auth::KubeConfig`].
    pub endpoint: String,
    /// How we prove who we are.
    pub auth: Auth,
    /// PEM file of the authorities that may sign the server's certificate. Without it: those of the kubeconfig,
    /// the service account's `ca.crt`, and where there is neither the system's bundle.
    pub ca_file: Option<PathBuf>,
    /// PEM file of a client certificate and its chain; needs `key_file`.
    pub cert_file: Option<PathBuf>,
    /// PEM file of the client certificate's key; needs `cert_file`.
    pub key_file: Option<PathBuf>,
    /// Takes any server certificate: any server at the address gets the token.
    pub insecure_skip_verify: bool,
    /// For a whole exchange: connecting, TLS, the answer, its body, and a retry.
    pub deadline: Duration,
    /// The largest body that is read, in bytes.
    pub body_limit: usize,
    /// The node's name in the API; needed with [`Auth::KubeConfig`] only.
    pub node_name: String,
    /// With [`Auth::KubeConfig`]: the API server itself is asked, not a kubelet behind it.
    pub api_server: bool,
}

/// How we prove who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// The bearer token of a pod's service account; `ca.crt` beside it is the default authority.
    ServiceAccount {
        /// The token's file.
        token_file: PathBuf,
    },
    /// The current context of a kubeconfig; the API server passes our requests on to the kubelet.
    KubeConfig {
        /// The kubeconfig.
        path: PathBuf,
    },
    /// The client certificate of `cert_file` and `key_file`.
    Tls,
    /// Nothing; the only one that allows an `http:` endpoint.
    None,
}

impl Auth {
    /// The service account of the pod we run in.
    pub fn service_account() -> Self {
        Self::ServiceAccount { token_file: SERVICE_ACCOUNT_TOKEN.into() }
    }
}

impl Default for Settings {
    /// The service account of the pod we run in, 10 s, [`BODY_LIMIT`], and an endpoint yet to be set.
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            auth: Auth::service_account(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            insecure_skip_verify: false,
            deadline: Duration::from_secs(10),
            body_limit: BODY_LIMIT,
            node_name: String::new(),
            api_server: false,
        }
    }
}

impl Settings {
    /// The API server as every pod is told of it, by `variable` (`KUBERNETES_SERVICE_HOST` and
    /// `KUBERNETES_SERVICE_PORT`, 443 without it), asked with the pod's service account; `None` outside a pod.
    pub fn in_cluster(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let host = variable("KUBERNETES_SERVICE_HOST").filter(|host| !host.is_empty())?;
        let port = variable("KUBERNETES_SERVICE_PORT").filter(|port| !port.is_empty());
        let port = port.as_deref().unwrap_or("443");
        let endpoint =
            if host.contains(':') { format!("https://[{host}]:{port}") } else { format!("https://{host}:{port}") };
        Some(Self { endpoint, api_server: true, ..Self::default() })
    }

    /// Everything that can't work, independent of what the files hold and the kubelet says: [`Error::Setting`] and
    /// [`Error::PlainHttp`]. Opens nothing.
    pub fn faults(&self) -> Vec<Error> {
        let mut faults = Vec::new();
        let mut fault = |key, reason| faults.push(Error::Setting { key, reason });
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => fault("key_file", "is missing beside cert_file"),
            (None, Some(_)) => fault("cert_file", "is missing beside key_file"),
            (None, None) if self.auth == Auth::Tls => {
                fault("cert_file", "is missing for authentication by tls");
                fault("key_file", "is missing for authentication by tls");
            }
            _ => {}
        }
        if matches!(self.auth, Auth::KubeConfig { .. }) {
            faults.extend(check_node_name(&self.node_name).err());
            return faults;
        }
        match Target::kubelet(&self.endpoint) {
            Ok(target) => {
                let credentials = self.auth != Auth::None || self.cert_file.is_some();
                if !target.is_tls() && credentials {
                    faults.push(Error::PlainHttp { url: self.endpoint.as_str().into() });
                }
            }
            Err(error) => faults.push(error),
        }
        faults
    }

    /// The files named here that can't be read right now, each with its setting; `kubeconfig` is that of
    /// [`Auth::KubeConfig`]. A service account's token isn't named by anybody, and may come later.
    pub fn unreadable_files(&self) -> Vec<(&'static str, Error)> {
        let mut named: Vec<(&'static str, &PathBuf)> = Vec::new();
        if let Auth::KubeConfig { path } = &self.auth {
            named.push(("kubeconfig", path));
        }
        // Certificates are of no interest to plain HTTP.
        if !Target::kubelet(&self.endpoint).is_ok_and(|target| !target.is_tls()) {
            named.extend(self.ca_file.as_ref().filter(|_| !self.insecure_skip_verify).map(|path| ("ca_file", path)));
            named.extend(self.cert_file.as_ref().map(|path| ("cert_file", path)));
            named.extend(self.key_file.as_ref().map(|path| ("key_file", path)));
        }
        let mut files = Files::default();
        named.into_iter().filter_map(|(key, path)| Some((key, files.read(path).err()?))).collect()
    }
}

/// The name becomes a part of the proxy's path, so it must not reach beyond its own segment.
fn check_node_name(name: &str) -> Result<(), Error> {
    let reason = match name {
        "" => "is missing, the API server is asked for the node by its name",
        "." | ".." => "is no name of a node",
        _ if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte)) => return Ok(()),
        _ => "is no name of a node",
    };
    Err(Error::Setting { key: "node_name", reason })
}
