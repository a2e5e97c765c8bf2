//! The credential chain's requests (STS, metadata endpoints) through our client.

#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Request, Response};

use net::{Client, Deadlines, Transport};

/// More than any answer of these services has; a server that sends without end is cut off here.
pub(crate) const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Where the chain names no limit of its own.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(15);

/// Our client, as the chain takes one.
#[derive(Debug)]
pub(crate) struct ForChain(pub(crate) Client);

#[derive(Debug)]
struct Connector {
    client: Client,
    deadlines: Deadlines,
}

impl HttpClient for ForChain {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let deadlines = Deadlines {
            connect: settings.connect_timeout().unwrap_or(CONNECT),
            answer: settings.read_timeout().unwrap_or(ANSWER),
        };
        SharedHttpConnector::new(Connector { client: self.0.clone(), deadlines })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, deadlines) = (self.client.clone(), self.deadlines);
        HttpConnectorFuture::new(async move {
            let request = to_hyper(&request).map_err(|error| ConnectorError::user(error.into()))?;
            let response = client.send(request, deadlines, MAX_ANSWER_BYTES).await.map_err(to_connector_error)?;
            from_hyper(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn to_hyper(request: &HttpRequest) -> Result<Request<Full<Bytes>>, String> {
    let body = request.body().bytes().ok_or("a request's body is a stream")?;
    let mut builder = Request::builder().method(request.method()).uri(request.uri());
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    // The words of this error hold no header's value.
    builder.body(Full::new(Bytes::copy_from_slice(body))).map_err(|error| error.to_string())
}

fn from_hyper(response: Response<Bytes>) -> Result<HttpResponse, String> {
    let (head, body) = response.into_parts();
    let status = StatusCode::try_from(head.status.as_u16()).map_err(|error| error.to_string())?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in &head.headers {
        // A header that isn't text says nothing to the chain.
        if let Ok(value) = value.to_str() {
            response.headers_mut().append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(response)
}

fn to_connector_error(error: Transport) -> ConnectorError {
    let never_connected = !error.may_have_arrived();
    let error =
        if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) };
    if never_connected { error.never_connected() } else { error }
}
