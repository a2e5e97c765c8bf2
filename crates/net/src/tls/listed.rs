//! Certificates that are trusted because they stand in the configured file themselves, not by an authority.
//!
//! `openssl req -x509` makes a certificate that is an authority and a server's at once, which the path rules (RFC 5280) allow
//! for no server; and a server's own certificate may be listed without the authority that signed it. Who lists a certificate
//! means that server: OpenSSL's and Go's clients take it. Its dates and its names have to be right all the same.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// The extension with a server's names, as its identifier stands in a certificate: without it no name can be right.
const SUBJECT_ALTERNATIVE_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x11];

/// Checks by authorities, and takes what is listed.
#[derive(Debug)]
pub(super) struct Listed {
    authorities: Arc<WebPkiServerVerifier>,
    /// Those of the listed certificates that can be a server's.
    servers: Vec<CertificateDer<'static>>,
}

impl Listed {
    /// `listed` are the certificates of the file that the authorities are from.
    pub(super) fn new(authorities: Arc<WebPkiServerVerifier>, listed: Vec<CertificateDer<'static>>) -> Self {
        let has_names = |certificate: &CertificateDer<'_>| {
            certificate.windows(SUBJECT_ALTERNATIVE_NAME.len()).any(|bytes| bytes == SUBJECT_ALTERNATIVE_NAME)
        };
        let servers = listed.into_iter().filter(has_names).collect();
        Self { authorities, servers }
    }
}

/// Whether the way from the certificate to an authority is all that is wrong. Its dates are looked at before that.
fn is_about_the_path(error: &Error) -> bool {
    match error {
        // The latter where the server and what is taken for its authority have one subject.
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => true,
        Error::InvalidCertificate(CertificateError::Other(OtherError(other))) => {
            format!("{other:?}") == "CaUsedAsEndEntity"
        }
        _ => false,
    }
}

impl ServerCertVerifier for Listed {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.authorities.verify_server_cert(server, intermediates, name, ocsp_response, now) {
            Err(error) if is_about_the_path(&error) && self.servers.iter().any(|listed| listed == server) => {
                verify_server_name(&ParsedCertificate::try_from(server)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests;
