//! Certificates from PEM text, and the configuration that checks servers by them.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::listed::Listed;

/// The certificates of one place.
#[derive(Debug)]
pub struct Authorities {
    /// Those that can be an authority.
    roots: RootCertStore,
    /// All, as they stand there.
    listed: Vec<CertificateDer<'static>>,
}

impl Default for Authorities {
    fn default() -> Self {
        Authorities { roots: RootCertStore::empty(), listed: Vec::new() }
    }
}

impl Authorities {
    /// Adds the certificates of a PEM text. Those that can't be read cost only themselves: bundles hold certificates of
    /// every age. Whether all could be read.
    pub fn add(&mut self, pem: &[u8]) -> bool {
        let mut all = true;
        let readable = CertificateDer::pem_slice_iter(pem).filter_map(|certificate| {
            all &= certificate.is_ok();
            certificate.ok()
        });
        let before = self.listed.len();
        self.listed.extend(readable);
        self.roots.add_parsable_certificates(self.listed[before..].iter().cloned());
        all
    }

    /// How many certificates there are, authorities or not.
    #[must_use]
    pub fn listed(&self) -> usize {
        self.listed.len()
    }

    /// Whether none of them is an authority.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }
}

/// A configuration that checks servers by `authorities`, or takes any certificate where there are none, shows `identity`
/// (a certificate with its chain, and its key), and remembers so many sessions for a shorter second handshake.
///
/// An error where no authority is usable, or the identity's key doesn't fit its certificate.
pub fn client_config(
    authorities: Option<Authorities>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    sessions: usize,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match authorities {
        None => Arc::new(AnyCertificate(Arc::clone(&provider))),
        Some(Authorities { roots, listed }) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
            let verifier = verifier.map_err(|error| rustls::Error::General(error.to_string()))?;
            Arc::new(Listed::new(verifier, listed))
        }
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites of TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificates, key)) => builder.with_client_auth_cert(certificates, key)?,
    };
    config.resumption = rustls::client::Resumption::in_memory_sessions(sessions);
    Ok(config)
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
