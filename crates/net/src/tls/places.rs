//! The machine's certificate authorities: one configuration, made when the first encrypted connection is.
//!
//! Authorities come from `certificate_file_path`, else `AWS_CA_BUNDLE`, else `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the
//! places Linux distributions keep them. What was found is kept; where nothing was, the next connection looks again. Files
//! are read beside the runtime, which a disk that hangs must not stop.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::ClientConfig;

use super::authorities::{Authorities, client_config};
use crate::beside::beside;
use crate::environment::Environment;
use crate::transport::Transport;

/// Where distributions keep all authorities in one file: Debian and Alpine, Fedora and Amazon Linux, SUSE.
pub const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// More than any bundle has.
const MAX_BUNDLE_BYTES: u64 = 16 << 20;
/// Sessions remembered for a shorter second handshake.
const SESSIONS: usize = 8;

/// Where trust comes from, and the configuration once it is made.
#[derive(Debug, Default)]
pub struct Places {
    certificate_file: Option<PathBuf>,
    insecure: bool,
    environment: Environment,
    made: Mutex<Option<Arc<ClientConfig>>>,
}

impl Places {
    pub(super) fn new(certificate_file: Option<PathBuf>, insecure: bool, environment: Environment) -> Places {
        Places { certificate_file, insecure, environment, made: Mutex::default() }
    }

    /// Warns where the certificate file can't be used.
    pub(super) async fn check(self: &Arc<Places>) {
        let places = Arc::clone(self);
        beside(move || {
            if let Some(path) = &places.certificate_file
                && let Err(error) = read_bundle(path)
            {
                tracing::warn!(path = %path.display(), %error, "certificate_file_path unusable, system's authorities used");
            }
        })
        .await;
    }

    /// The configuration for new connections.
    pub(super) async fn config(self: &Arc<Places>) -> Result<Arc<ClientConfig>, Transport> {
        if let Some(config) = &*self.made.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(config));
        }
        let places = Arc::clone(self);
        let config = Arc::new(beside(move || places.make()).await?);
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&config));
        Ok(config)
    }

    fn make(&self) -> Result<ClientConfig, Transport> {
        let authorities = if self.insecure { None } else { Some(self.authorities()?) };
        let mut config = client_config(authorities, None, SESSIONS)
            .map_err(|_| Transport::NoAuthorities { looked: "none of them is usable".to_owned() })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn authorities(&self) -> Result<Authorities, Transport> {
        let mut looked = Vec::new();
        if let Some(path) = &self.certificate_file {
            match read_bundle(path) {
                Ok(bundle) => return Ok(bundle),
                Err(error) => looked.push(format!("certificate_file_path {}: {error}", path.display())),
            }
        }
        for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
            if let Some(path) = self.environment.get(name) {
                match read_bundle(Path::new(&path)) {
                    Ok(bundle) => return Ok(bundle),
                    Err(error) => looked.push(format!("{name}={path}: {error}")),
                }
            }
        }
        if let Some(folders) = self.environment.get("SSL_CERT_DIR") {
            let bundle = read_folders(&folders);
            if !bundle.is_empty() {
                return Ok(bundle);
            }
            looked.push(format!("SSL_CERT_DIR={folders}: no certificate"));
        }
        // Who names a file means to trust no other.
        if self.environment.get("SSL_CERT_FILE").is_none() {
            for path in BUNDLES {
                match read_bundle(Path::new(path)) {
                    Ok(bundle) => return Ok(bundle),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => looked.push(format!("{path}: not there")),
                    Err(error) => looked.push(format!("{path}: {error}")),
                }
            }
        }
        Err(Transport::NoAuthorities { looked: looked.join(", ") })
    }
}

/// All usable certificates of a file; none at all is an error.
fn read_bundle(path: &Path) -> io::Result<Authorities> {
    let mut bundle = Authorities::default();
    add_file(path, &mut bundle)?;
    if bundle.is_empty() { Err(io::Error::other("no usable certificate in it")) } else { Ok(bundle) }
}

fn read_folders(folders: &str) -> Authorities {
    let mut bundle = Authorities::default();
    let entries = folders.split(':').filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    for entry in entries.flatten() {
        // A file of another kind among them is no fault.
        let _ = add_file(&entry.path(), &mut bundle);
    }
    bundle
}

fn add_file(path: &Path, bundle: &mut Authorities) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > MAX_BUNDLE_BYTES {
        return Err(io::Error::other("no file of certificates"));
    }
    bundle.add(&std::fs::read(path)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_larger_than_any_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.pem");
        std::fs::File::create(&path).unwrap().set_len(MAX_BUNDLE_BYTES + 1).unwrap();
        let error = add_file(&path, &mut Authorities::default()).unwrap_err();
        assert!(error.to_string().contains("no file of certificates"), "{error}");
    }
}
