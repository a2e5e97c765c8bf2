//! Whom we trust, and what we show: one rustls configuration from PEM text, which is named by its file in errors.

use std::path::PathBuf;
use std::sync::Arc;

use net::tls::{Authorities, client_config};
use rustls::ClientConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::Error;

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
        let authorities = match &self.authorities {
            _ if self.insecure_skip_verify => None,
            None => return Err(Error::NoAuthority),
            Some(pem) => Some(authorities(pem)?),
        };
        let identity = match &self.client {
            None => None,
            Some((certificate, key)) => Some((certificates(certificate)?, private_key(key)?)),
        };
        // There is one server.
        client_config(authorities, identity, 2).map(Arc::new).map_err(|source| {
            match (&self.client, &self.authorities) {
                (Some((certificate, _)), _) => Error::ClientCertificate { path: certificate.path.clone(), source },
                (None, Some(pem)) => pem.fault("holds no usable certificate"),
                (None, None) => Error::NoAuthority,
            }
        })
    }
}

fn authorities(pem: &Pem) -> Result<Authorities, Error> {
    let mut authorities = Authorities::default();
    if !authorities.add(&pem.text) {
        return Err(pem.fault("is no PEM file of certificates"));
    }
    match authorities.listed() {
        0 => Err(pem.fault("holds no certificate")),
        _ if authorities.is_empty() => Err(pem.fault("holds no usable certificate")),
        _ => Ok(authorities),
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
