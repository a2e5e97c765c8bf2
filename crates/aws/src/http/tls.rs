//! Whom we trust: one rustls configuration, made when the first encrypted connection is.
//!
//! Authorities come from `certificate_file_path`, else `AWS_CA_BUNDLE`, else `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the
//! places Linux distributions keep them. What was found is kept; where nothing was, the next connection looks again.

mod listed;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::error::Transport;
use crate::environment::Environment;
use listed::Listed;

/// Where distributions keep all authorities in one file.
const BUNDLES: &[&str] = &[
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
pub(super) struct Trust {
    certificate_file: Option<PathBuf>,
    insecure: bool,
    environment: Environment,
    made: Mutex<Option<Arc<ClientConfig>>>,
}

impl Trust {
    pub(super) fn new(certificate_file: Option<PathBuf>, insecure: bool, environment: Environment) -> Trust {
        if let Some(path) = &certificate_file
            && let Err(error) = read_bundle(path)
        {
            tracing::warn!(path = %path.display(), %error, "certificate_file_path unusable, system's authorities used");
        }
        Trust { certificate_file, insecure, environment, made: Mutex::default() }
    }

    /// The configuration for new connections.
    pub(super) async fn config(&self) -> Result<Arc<ClientConfig>, Transport> {
        if let Some(config) = &*self.made.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make()?);
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&config));
        Ok(config)
    }

    fn make(&self) -> Result<ClientConfig, Transport> {
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = if self.insecure {
            Arc::new(AnyCertificate(Arc::clone(&provider)))
        } else {
            let Bundle { roots, listed } = self.authorities()?;
            let none = |_| Transport::NoAuthorities { looked: "none of them is usable".to_owned() };
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
            Arc::new(Listed::new(verifier.map_err(none)?, listed))
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites of TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        Ok(config)
    }

    fn authorities(&self) -> Result<Bundle, Transport> {
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
            if !bundle.roots.is_empty() {
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

/// The certificates of a place.
struct Bundle {
    /// As authorities.
    roots: RootCertStore,
    /// As they stand there.
    listed: Vec<CertificateDer<'static>>,
}

impl Default for Bundle {
    fn default() -> Self {
        Bundle { roots: RootCertStore::empty(), listed: Vec::new() }
    }
}

/// All usable certificates of a file; none at all is an error.
fn read_bundle(path: &Path) -> io::Result<Bundle> {
    let mut bundle = Bundle::default();
    add_file(path, &mut bundle)?;
    if bundle.roots.is_empty() { Err(io::Error::other("no usable certificate in it")) } else { Ok(bundle) }
}

fn read_folders(folders: &str) -> Bundle {
    let mut bundle = Bundle::default();
    let entries = folders.split(':').filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    for entry in entries.flatten() {
        // A file of another kind among them is no fault.
        let _ = add_file(&entry.path(), &mut bundle);
    }
    bundle
}

fn add_file(path: &Path, bundle: &mut Bundle) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() || metadata.len() > MAX_BUNDLE_BYTES {
        return Err(io::Error::other("no file of certificates"));
    }
    let text = std::fs::read(path)?;
    // One that can't be read costs only itself: bundles hold certificates of every age.
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text).flatten().collect();
    bundle.roots.add_parsable_certificates(certificates.iter().cloned());
    bundle.listed.extend(certificates);
    Ok(())
}

/// Takes any certificate of a server that holds its key.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_larger_than_any_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle.pem");
        std::fs::File::create(&path).unwrap().set_len(MAX_BUNDLE_BYTES + 1).unwrap();
        let error = add_file(&path, &mut Bundle::default()).unwrap_err();
        assert!(error.to_string().contains("no file of certificates"), "{error}");
    }
}
