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

use confmap::{Faults, Node, Value};

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

/// The line of a value that has another shape than a kubeconfig's.
struct Wrong(u32);

/// A part of the file: a map, or nothing at all.
#[derive(Clone, Copy)]
struct Part<'a>(Option<&'a Node>);

impl<'a> Part<'a> {
    /// The value of a key; `None` where there is none.
    fn value(self, key: &str) -> Result<Option<&'a Node>, Wrong> {
        match self.0 {
            Some(node) if node.as_map().is_none() && !node.is_null() => Err(Wrong(node.location.line)),
            node => Ok(node.and_then(|node| node.get(key)).filter(|value| !value.is_null())),
        }
    }

    fn part(self, key: &str) -> Result<Part<'a>, Wrong> {
        Ok(Part(self.value(key)?))
    }

    /// The text of a key; `None` where it is empty.
    fn text(self, key: &str) -> Result<Option<&'a str>, Wrong> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        value.text().map(|text| Some(text).filter(|text| !text.is_empty())).ok_or(Wrong(value.location.line))
    }

    fn flag(self, key: &str) -> Result<bool, Wrong> {
        match self.value(key)? {
            None => Ok(false),
            Some(Node { value: Value::Bool(flag), .. }) => Ok(*flag),
            Some(other) => Err(Wrong(other.location.line)),
        }
    }

    fn list(self, key: &str) -> Result<&'a [Node], Wrong> {
        match self.value(key)? {
            None => Ok(&[]),
            Some(Node { value: Value::List(items), .. }) => Ok(items),
            Some(other) => Err(Wrong(other.location.line)),
        }
    }
}

/// Of the item with this name what stands below `key`.
fn named<'a>(items: &'a [Node], name: &str, key: &str) -> Result<Option<Part<'a>>, Wrong> {
    for item in items {
        let item = Part(Some(item));
        if item.text("name")?.unwrap_or_default() == name {
            return item.part(key).map(Some);
        }
    }
    Ok(None)
}

/// Reads the current context of the kubeconfig at `path`, whose text is `bytes`. No error shows any of the text.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Context, Error> {
    let fault = |reason: String| Error::Content { path: path.to_owned(), reason };
    let wrong = |Wrong(line)| fault(format!("is no kubeconfig (line {line})"));
    let text = std::str::from_utf8(bytes).map_err(|_| fault("is not UTF-8".into()))?;
    let mut faults = Faults::new();
    let root = confmap::parse_yaml(text, &path.to_string_lossy().into(), &mut faults);
    if let Some(found) = faults.iter().next() {
        return Err(wrong(Wrong(found.location.as_ref().map_or(0, |location| location.line))));
    }
    let root = Part(root.as_ref());
    let lists = [root.list("contexts"), root.list("clusters"), root.list("users")];
    let [contexts, clusters, users] = lists;
    let (contexts, clusters, users) = (contexts.map_err(wrong)?, clusters.map_err(wrong)?, users.map_err(wrong)?);

    let current = root.text("current-context").map_err(wrong)?;
    let current = current.ok_or_else(|| fault("has no current-context".into()))?;
    let pair = named(contexts, current, "context").map_err(wrong)?.filter(|pair| pair.0.is_some());
    let pair = pair.ok_or_else(|| fault(format!("has no context {current:?}")))?;
    let name = pair.text("cluster").map_err(wrong)?.unwrap_or_default();
    let cluster = named(clusters, name, "cluster").map_err(wrong)?.filter(|cluster| cluster.0.is_some());
    let cluster = cluster.ok_or_else(|| fault(format!("has no cluster {name:?}")))?;
    let user = match pair.text("user").map_err(wrong)? {
        None => Part(None),
        Some(name) => {
            named(users, name, "user").map_err(wrong)?.ok_or_else(|| fault(format!("has no user {name:?}")))?
        }
    };
    if let Some(what) = unsupported(cluster, user).map_err(wrong)? {
        return Err(fault(format!("uses {what}, which is not supported; give a token or a client certificate")));
    }

    let folder = path.parent().unwrap_or(Path::new(""));
    let source = |part: Part<'_>, key: &str| -> Result<Option<Source>, Error> {
        let data_key = format!("{key}-data");
        // Both are read, so that a value of another shape is told either way.
        let (data, file) = (part.text(&data_key).map_err(wrong)?, part.text(key).map_err(wrong)?);
        let Some(data) = data else { return Ok(file.map(|file| Source::File(folder.join(file)))) };
        let bytes = net::base64::decode(data.as_bytes()).ok_or_else(|| fault(format!("{data_key} is not base64")))?;
        Ok(Some(Source::Data(bytes)))
    };
    let ca = source(cluster, "certificate-authority")?;
    let client = match (source(user, "client-certificate")?, source(user, "client-key")?) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => return Err(fault("has only one of client certificate and client key".into())),
    };
    let token_file = user.text("tokenFile").map_err(wrong)?.map(|file| Source::File(folder.join(file)));
    let token = user.text("token").map_err(wrong)?.map(|token| Source::Data(token.as_bytes().to_vec()));
    Ok(Context {
        server: cluster.text("server").map_err(wrong)?.ok_or_else(|| fault("has no server".into()))?.to_owned(),
        tls_server_name: cluster.text("tls-server-name").map_err(wrong)?.map(str::to_owned),
        insecure_skip_verify: cluster.flag("insecure-skip-tls-verify").map_err(wrong)?,
        ca,
        token: token_file.or(token),
        client,
    })
}

/// What the context needs that we don't do; going on without it would be another identity or another way.
fn unsupported(cluster: Part<'_>, user: Part<'_>) -> Result<Option<&'static str>, Wrong> {
    Ok(if user.value("exec")?.is_some() {
        Some("an exec plugin")
    } else if user.value("auth-provider")?.is_some() {
        Some("an auth-provider")
    } else if user.text("username")?.is_some() {
        Some("a user name and password")
    } else if user.text("as")?.is_some() {
        Some("impersonation")
    } else if cluster.text("proxy-url")?.is_some() {
        Some("a proxy-url")
    } else {
        None
    })
}
