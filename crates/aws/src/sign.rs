//! Signature version 4 of our own requests.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use hyper::Request;
use hyper::header::{HOST, HeaderValue};
use tracing::subscriber::{NoSubscriber, with_default};

use crate::error::NoCredentials;

/// Signs a request with an absolute URI, whose headers are all there, `Host` too.
pub(crate) fn sign_request<B>(
    request: &mut Request<B>,
    body: &[u8],
    service: &str,
    region: &str,
    credentials: &Credentials,
    time: SystemTime,
) -> Result<(), NoCredentials> {
    debug_assert!(request.headers().contains_key(HOST));
    let identity: Identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| NoCredentials::Unusable)?;
    let uri = request.uri().to_string();
    // A header that isn't text could not be signed; ours all are.
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(body))
        .map_err(|_| NoCredentials::Unusable)?;
    // The signer would log the token among the headers it signs.
    let signed = with_default(NoSubscriber::default(), || sign(signable, &params.into()));
    let (instructions, _) = signed.map_err(|_| NoCredentials::Unusable)?.into_parts();
    let (headers, _) = instructions.into_parts();
    for header in headers {
        // A key id or token with a line break in it is a broken file, not a reason to stop.
        let mut value = HeaderValue::from_str(header.value()).map_err(|_| NoCredentials::Unusable)?;
        value.set_sensitive(true);
        request.headers_mut().insert(header.name(), value);
    }
    Ok(())
}
