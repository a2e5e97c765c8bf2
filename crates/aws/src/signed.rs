//! A signed call: sent once, and once more at once where the answer shows that another signature will do.
//!
//! That is where keys had expired and others are found, and where the answer's `Date` shows that our clock is off. All
//! other repeating is the caller's.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_smithy_types::date_time::{DateTime, Format};
use http_body_util::Full;
use hyper::header::DATE;
use hyper::{Request, Response, body::Bytes};
use net::{Deadlines, Transport};

use crate::error::NoCredentials;
use crate::session::Session;
use crate::sign::sign_request;

/// What an answer says about the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signature {
    /// Nothing against it.
    Good,
    /// Its keys have expired.
    Expired,
    /// Its keys are not known, or it doesn't fit them; that can also be the clock.
    Refused,
    /// It was made at a time the service doesn't take.
    WrongTime,
}

/// A service's error, as far as signing goes.
pub(crate) trait CallError: std::fmt::Display {
    fn no_credentials(error: NoCredentials) -> Self;
    fn unreachable(error: Transport) -> Self;
    fn signature(&self) -> Signature;
}

/// How one service is called.
pub(crate) struct Call<'a> {
    pub(crate) session: &'a Session,
    /// The signing name.
    pub(crate) service: &'static str,
    pub(crate) deadlines: Deadlines,
    /// The most that is read of an answer, in bytes.
    pub(crate) limit: usize,
}

impl Call<'_> {
    /// Sends what `request` makes, whose body is `body`. `refusal` says what an answer refuses, `is_the_services`
    /// whether it is the service that answers and not something on the way: only its clock is believed.
    pub(crate) async fn send<E: CallError>(
        &self,
        body: &[u8],
        request: impl Fn() -> Request<Full<Bytes>>,
        refusal: impl Fn(&Response<Bytes>, &Credentials) -> Option<E>,
        is_the_services: impl Fn(&Response<Bytes>) -> bool,
    ) -> Result<Response<Bytes>, E> {
        let mut again = true;
        loop {
            let credentials = self.session.credentials().await.map_err(E::no_credentials)?;
            let mut request = request();
            let time = self.session.clock().corrected();
            sign_request(&mut request, body, self.service, self.session.region(), &credentials, time)
                .map_err(E::no_credentials)?;
            let sent = self.session.http().send(request, self.deadlines, self.limit).await;
            let response = sent.map_err(E::unreachable)?;
            let another_time = is_the_services(&response) && self.learn_time(&response);
            let Some(error) = refusal(&response, &credentials) else { return Ok(response) };
            let signature = error.signature();
            if matches!(signature, Signature::Expired | Signature::Refused) {
                self.session.refuse(&credentials);
            }
            let another_signature = match signature {
                Signature::Good => false,
                Signature::Expired => true,
                Signature::Refused | Signature::WrongTime => another_time,
            };
            if !(again && another_signature) {
                return Err(error);
            }
            tracing::debug!(%error, "signed again at once");
            again = false;
        }
    }

    /// Compares clocks. Whether the time to sign with moved.
    fn learn_time(&self, response: &Response<Bytes>) -> bool {
        let text = response.headers().get(DATE).and_then(|value| value.to_str().ok());
        let date = text.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        let time = date.and_then(|date| SystemTime::try_from(date).ok());
        let moved = time.is_some_and(|time| self.session.clock().learn(time));
        if moved {
            let offset_ms = self.session.clock_offset_ms();
            tracing::warn!(offset_ms, "this machine's clock differs from the service's, signatures corrected");
        }
        moved
    }
}
