//! Whom we trust, and what we show: one rustls configuration from PEM text.

mod listed;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::error::Error;
use listed::Listed;

/// Bytes and the file they are named after in errors.
#[derive(Hash)]
pub(crate) struct Pem {
    /// The file the text is from.
    pub(crate) path: PathBuf,
    /// The text.
    pub(crate) text: Vec<u8>,
}

impl Pem {
    fn fault(&self, reason: &str) -> Error {
        Error::Content { path: self.path.clone(), reason: reason.to_owned() }
    }
}

/// Everything a TLS configuration is made from.
#[derive(Hash)]
pub(crate) struct Parts {
    /// Take any certificate.
    pub(crate) insecure_skip_verify: bool,
    /// The authorities, from the first place that has any.
    pub(crate) authorities: Option<Pem>,
    /// Client certificate and key.
    pub(crate) client: Option<(Pem, Pem)>,
}

impl Parts {
    /// The configuration for new connections.
    pub(crate) fn build(&self) -> Result<Arc<ClientConfig>, Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier = self.verifier(&provider)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites of TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let unusable = |source| Error::ClientCertificate { path: certificate.path.clone(), source };
                builder.with_client_auth_cert(certificates(certificate)?, private_key(key)?).map_err(unusable)?
            }
        };
        // There is one server.
        config.resumption = Resumption::in_memory_sessions(2);
        Ok(Arc::new(config))
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        if self.insecure_skip_verify {
            return Ok(Arc::new(AnyCertificate(provider.clone())));
        }
        let authorities = self.authorities.as_ref().ok_or(Error::NoAuthority)?;
        let mut roots = RootCertStore::empty();
        let listed = certificates(authorities)?;
        let (added, _) = roots.add_parsable_certificates(listed.iter().cloned());
        if added == 0 {
            return Err(authorities.fault("holds no usable certificate"));
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
        let verifier = verifier.map_err(|_| authorities.fault("holds no usable certificate"))?;
        Ok(Arc::new(Listed::new(verifier, listed)))
    }
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(pem.fault("holds no certificate")),
        Ok(certificates) => Ok(certificates),
        Err(_) => Err(pem.fault("is no PEM file of certificates")),
    }
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(&pem.text).map_err(|_| pem.fault("holds no private key in PEM"))
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

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}
