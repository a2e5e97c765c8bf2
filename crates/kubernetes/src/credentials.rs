//! What the settings' files hold right now: whom to ask, what to show, whom to trust.
//!
//! Tokens and certificates are replaced while we run. The files are looked at before each request and read again
//! when one of them has changed; while they can't be read the last good ones stay in use.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::http::HeaderValue;
use net::tls::BUNDLES;
use rustls::ClientConfig;

use crate::error::Error;
use crate::files::Files;
use crate::kubeconfig::{self, Source};
use crate::settings::{Auth, Settings};
use crate::target::Target;
use crate::tls::{Parts, Pem};

/// Everything needed for one request.
pub(crate) struct Credentials {
    /// Whom to ask.
    pub(crate) target: Target,
    /// `Bearer` and the token, marked as sensitive.
    pub(crate) authorization: Option<HeaderValue>,
    /// For new connections; `None` is plain HTTP.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// What `tls` was made from, so that a new token alone does not cost the connection.
    tls_hash: u64,
    files: Files,
}

impl Credentials {
    /// Reads every file the settings name. What TLS needs is taken from `last` where it has not changed.
    pub(crate) fn load(settings: &Settings, last: Option<&Self>) -> Result<Self, Error> {
        let mut files = Files::default();
        let mut found = Found::read(settings, &mut files)?;
        let (tls, tls_hash) = match found.target.is_tls() {
            false => (None, 0),
            true => {
                let parts = found.take_parts(settings, &mut files)?;
                let mut hasher = DefaultHasher::new();
                parts.hash(&mut hasher);
                let hash = hasher.finish();
                match last.filter(|last| last.tls_hash == hash).and_then(|last| last.tls.clone()) {
                    Some(same) => (Some(same), hash),
                    None => (Some(parts.build()?), hash),
                }
            }
        };
        Ok(Self { target: found.target, authorization: found.authorization, tls, tls_hash, files })
    }

    /// Whether a file has changed since [`Credentials::load`].
    pub(crate) fn changed(&self) -> bool {
        self.files.changed()
    }

    /// Whether a connection made with `other` is good for these.
    pub(crate) fn same_connection(&self, other: &Self) -> bool {
        self.target == other.target && self.tls_hash == other.tls_hash
    }

    /// `text` without our token, should a server have sent it back.
    pub(crate) fn redact(&self, text: &str) -> String {
        let header = self.authorization.as_ref().and_then(|header| header.to_str().ok());
        match header.and_then(|header| header.strip_prefix("Bearer ")) {
            Some(token) => text.replace(token, "…"),
            None => text.to_owned(),
        }
    }
}

/// What the method of authentication itself says, before the other settings are laid over it.
struct Found {
    target: Target,
    authorization: Option<HeaderValue>,
    insecure_skip_verify: bool,
    authorities: Option<Pem>,
    client: Option<(Pem, Pem)>,
}

impl Found {
    fn read(settings: &Settings, files: &mut Files) -> Result<Self, Error> {
        let (mut authorization, mut authorities) = (None, None);
        match &settings.auth {
            Auth::KubeConfig { path } => return Self::read_kubeconfig(path, settings, files),
            Auth::ServiceAccount { token_file } => {
                authorization = Some(bearer(token_file, &files.read(token_file)?)?);
                if settings.ca_file.is_none() && !settings.insecure_skip_verify {
                    authorities = pem_if_present(token_file.with_file_name("ca.crt"), files)?;
                }
            }
            Auth::Tls | Auth::None => {}
        }
        let target = Target::kubelet(&settings.endpoint)?;
        Ok(Self { target, authorization, insecure_skip_verify: false, authorities, client: None })
    }

    fn read_kubeconfig(path: &Path, settings: &Settings, files: &mut Files) -> Result<Self, Error> {
        let context = kubeconfig::parse(path, &files.read(path)?)?;
        let tls_name = context.tls_server_name.as_deref();
        let target = match settings.api_server {
            true => Target::api_server(&context.server, tls_name)?,
            false => Target::proxy(&context.server, tls_name, &settings.node_name)?,
        };
        let mut pem = |source: Source| match source {
            Source::Data(text) => Ok(Pem { path: path.to_owned(), text }),
            Source::File(file) => files.read(&file).map(|text| Pem { path: file, text }),
        };
        let authorization = match context.token.map(&mut pem).transpose()? {
            Some(token) => Some(bearer(&token.path, &token.text)?),
            None => None,
        };
        let authorities = context.ca.map(&mut pem).transpose()?;
        let client = match context.client {
            Some((certificate, key)) => Some((pem(certificate)?, pem(key)?)),
            None => None,
        };
        Ok(Self { target, authorization, insecure_skip_verify: context.insecure_skip_verify, authorities, client })
    }

    /// The settings' own files win over what was found.
    fn take_parts(&mut self, settings: &Settings, files: &mut Files) -> Result<Parts, Error> {
        let insecure_skip_verify = settings.insecure_skip_verify || self.insecure_skip_verify;
        let mut authorities = self.authorities.take();
        if insecure_skip_verify {
            authorities = None;
        } else if let Some(file) = &settings.ca_file {
            authorities = Some(Pem { path: file.clone(), text: files.read(file)? });
        } else if authorities.is_none() {
            for bundle in BUNDLES {
                authorities = pem_if_present(bundle.into(), files)?;
                if authorities.is_some() {
                    break;
                }
            }
        }
        let client = match (&settings.cert_file, &settings.key_file) {
            (Some(certificate), Some(key)) => Some((
                Pem { path: certificate.clone(), text: files.read(certificate)? },
                Pem { path: key.clone(), text: files.read(key)? },
            )),
            _ => self.client.take(),
        };
        Ok(Parts { insecure_skip_verify, authorities, client })
    }
}

fn pem_if_present(path: PathBuf, files: &mut Files) -> Result<Option<Pem>, Error> {
    Ok(files.read_if_present(&path)?.map(|text| Pem { path, text }))
}

/// The header's value for a token, of which blanks at both ends are no part.
fn bearer(path: &Path, token: &[u8]) -> Result<HeaderValue, Error> {
    let fault = |reason: &str| Error::Content { path: path.to_owned(), reason: reason.to_owned() };
    let token = token.trim_ascii();
    if token.is_empty() {
        return Err(fault("holds no token"));
    }
    if !token.iter().all(u8::is_ascii_graphic) {
        return Err(fault("holds no token: it has blanks or control characters inside"));
    }
    let mut value = HeaderValue::from_bytes(&[b"Bearer ", token].concat()).map_err(|_| fault("holds no token"))?;
    value.set_sensitive(true);
    Ok(value)
}
