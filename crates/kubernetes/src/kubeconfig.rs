//! The current context of a kubeconfig: which server, whom to trust, what to show.
//!
//! Follows `k8s.io/client-go/tools/clientcmd/api/v1`. What a file gives both as data and as a path counts as data,
//! as in client-go; only a token's file counts before the token itself. Relative paths start at the kubeconfig.

/// Any kubeconfig is survived, and so is any base64.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8]) {
    let _ = parse(Path::new("/kubeconfig"), bytes);
    let _ = net::base64::decode(bytes);
}

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::Error;

/// Something a kubeconfig holds itself or names a file for.
#[derive(PartialEq, Eq)]
pub(crate) enum Source {
    /// The bytes.
    Data(Vec<u8>),
    /// Where they are.
    File(PathBuf),
}

/// What the current context comes down to.
pub(crate) struct Context {
    /// The API server's address.
    pub(crate) server: String,
    /// The name its certificate bears, where that is not the address's host.
    pub(crate) tls_server_name: Option<String>,
    /// Take any certificate.
    pub(crate) insecure_skip_verify: bool,
    /// Authorities, in PEM.
    pub(crate) ca: Option<Source>,
    /// Bearer token.
    pub(crate) token: Option<Source>,
    /// Client certificate and its key, in PEM.
    pub(crate) client: Option<(Source, Source)>,
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "current-context", default)]
    current_context: Option<String>,
    #[serde(default)]
    clusters: Option<Vec<NamedCluster>>,
    #[serde(default)]
    contexts: Option<Vec<NamedContext>>,
    #[serde(default)]
    users: Option<Vec<NamedUser>>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    #[serde(default)]
    cluster: Option<Cluster>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: Option<String>,
    tls_server_name: Option<String>,
    insecure_skip_tls_verify: Option<bool>,
    certificate_authority: Option<String>,
    certificate_authority_data: Option<String>,
    proxy_url: Option<String>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    #[serde(default)]
    context: Option<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    cluster: Option<String>,
    user: Option<String>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    #[serde(default)]
    user: Option<User>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct User {
    token: Option<String>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    client_certificate: Option<String>,
    client_certificate_data: Option<String>,
    client_key: Option<String>,
    client_key_data: Option<String>,
    exec: Option<IgnoredAny>,
    auth_provider: Option<IgnoredAny>,
    username: Option<String>,
    #[serde(rename = "as")]
    impersonate: Option<String>,
}

/// Reads the current context of the kubeconfig at `path`, whose text is `bytes`. No error shows any of the text.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Context, Error> {
    let fault = |reason: String| Error::Content { path: path.to_owned(), reason };
    let text = std::str::from_utf8(bytes).map_err(|_| fault("is not UTF-8".into()))?;
    let options = serde_saphyr::options! { with_snippet: false };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map(|location| format!(" (line {})", location.line())).unwrap_or_default();
        fault(format!("is no kubeconfig{line}"))
    })?;

    let current = file.current_context.filter(|name| !name.is_empty());
    let current = current.ok_or_else(|| fault("has no current-context".into()))?;
    let contexts = file.contexts.unwrap_or_default();
    let pair = contexts.into_iter().find(|context| context.name == current).and_then(|context| context.context);
    let pair = pair.ok_or_else(|| fault(format!("has no context {current:?}")))?;
    let cluster_name = pair.cluster.unwrap_or_default();
    let clusters = file.clusters.unwrap_or_default();
    let cluster = clusters.into_iter().find(|cluster| cluster.name == cluster_name).and_then(|it| it.cluster);
    let cluster = cluster.ok_or_else(|| fault(format!("has no cluster {cluster_name:?}")))?;
    let user = match pair.user.filter(|name| !name.is_empty()) {
        None => User::default(),
        Some(name) => {
            let users = file.users.unwrap_or_default();
            let user = users.into_iter().find(|user| user.name == name);
            user.ok_or_else(|| fault(format!("has no user {name:?}")))?.user.unwrap_or_default()
        }
    };
    if let Some(what) = unsupported(&cluster, &user) {
        return Err(fault(format!("uses {what}, which is not supported; give a token or a client certificate")));
    }

    let folder = path.parent().unwrap_or(Path::new(""));
    let source = |key: &str, data: Option<String>, file: Option<String>| -> Result<Option<Source>, Error> {
        if let Some(data) = data.filter(|data| !data.is_empty()) {
            let bytes = net::base64::decode(data.as_bytes()).ok_or_else(|| fault(format!("{key} is not base64")))?;
            return Ok(Some(Source::Data(bytes)));
        }
        Ok(file.filter(|file| !file.is_empty()).map(|file| Source::File(folder.join(file))))
    };
    let ca = source("certificate-authority-data", cluster.certificate_authority_data, cluster.certificate_authority)?;
    let certificate = source("client-certificate-data", user.client_certificate_data, user.client_certificate)?;
    let key = source("client-key-data", user.client_key_data, user.client_key)?;
    let client = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(fault("has only one of client certificate and client key".into())),
    };
    let token_file = user.token_file.filter(|file| !file.is_empty()).map(|file| Source::File(folder.join(file)));
    let token = user.token.filter(|token| !token.is_empty()).map(|token| Source::Data(token.into_bytes()));
    Ok(Context {
        server: cluster.server.filter(|server| !server.is_empty()).ok_or_else(|| fault("has no server".into()))?,
        tls_server_name: cluster.tls_server_name.filter(|name| !name.is_empty()),
        insecure_skip_verify: cluster.insecure_skip_tls_verify.unwrap_or_default(),
        ca,
        token: token_file.or(token),
        client,
    })
}

/// What the context needs that we don't do; going on without it would be another identity or another way.
fn unsupported(cluster: &Cluster, user: &User) -> Option<&'static str> {
    if user.exec.is_some() {
        Some("an exec plugin")
    } else if user.auth_provider.is_some() {
        Some("an auth-provider")
    } else if user.username.as_ref().is_some_and(|name| !name.is_empty()) {
        Some("a user name and password")
    } else if user.impersonate.as_ref().is_some_and(|name| !name.is_empty()) {
        Some("impersonation")
    } else if cluster.proxy_url.as_ref().is_some_and(|url| !url.is_empty()) {
        Some("a proxy-url")
    } else {
        None
    }
}
