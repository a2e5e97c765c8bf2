//! What one request gets: the status, the body, and what goes wrong with it.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, LOCATION};
use hyper::{Method, Response, StatusCode};

use super::{Fault, Request, Route, State};

/// Writes the request down and answers it. The delay comes first, since the state must not be locked while it lasts.
pub(super) fn answer(
    state: &mut State,
    connection: u64,
    request: &hyper::Request<Incoming>,
) -> (Duration, Result<Response<Answer>, Infallible>) {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let authorization = request.headers().get(AUTHORIZATION).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let token = authorization.as_deref().and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    state.requests.push(Request { path: path.clone(), token: token.clone(), connection });

    if authorization.is_some() && !state.encrypted {
        state.violations.push(format!("credentials in clear text for {path}"));
    }
    if authorization.is_some() && token.is_none() {
        state.violations.push(format!("credentials other than a bearer token for {path}"));
    }
    if !request.headers().contains_key(HOST) {
        state.violations.push(format!("no Host header for {path}"));
    }
    if request.method() != Method::GET {
        state.violations.push(format!("{} {path}", request.method()));
        return (Duration::ZERO, text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed\n"));
    }
    let route = match path.as_str() {
        "/pods" => Route::Pods,
        "/stats/summary" => Route::Summary,
        _ => {
            state.violations.push(format!("GET {path}"));
            return (Duration::ZERO, text(StatusCode::NOT_FOUND, "404 page not found\n"));
        }
    };
    if state.token.is_some() && state.token != token {
        return (Duration::ZERO, text(StatusCode::UNAUTHORIZED, "Unauthorized"));
    }
    let fault = match route {
        Route::Pods => state.pods_fault.clone(),
        Route::Summary => state.summary_fault.clone(),
    };
    let body = match (route, state.body(route)) {
        (Route::Pods, body) if body.is_empty() => {
            Bytes::from_static(br#"{"kind":"PodList","apiVersion":"v1","items":[]}"#)
        }
        (Route::Summary, body) if body.is_empty() => Bytes::from_static(br#"{"node":{},"pods":[]}"#),
        (_, body) => body.clone(),
    };
    let whole = body.len() as u64;
    match fault {
        Fault::None => (Duration::ZERO, json(Answer::whole(body))),
        Fault::Slow(delay) => (delay, json(Answer::whole(body))),
        Fault::Stall => (Duration::ZERO, json(Answer::half(body, whole, End::Never))),
        Fault::Truncated => (Duration::ZERO, json(Answer::half(body, whole, End::Broken(None)))),
        Fault::Huge(total) => (Duration::ZERO, json(Answer::huge(total))),
        Fault::Status(code) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (Duration::ZERO, text(status, "a fault on demand\n"))
        }
        Fault::Redirect(place) => {
            let mut response = Response::new(Answer::whole(Bytes::new()));
            *response.status_mut() = StatusCode::FOUND;
            response
                .headers_mut()
                .insert(LOCATION, HeaderValue::from_str(&place).expect("a place is a header's value"));
            (Duration::ZERO, Ok(response))
        }
    }
}

fn json(body: Answer) -> Result<Response<Answer>, Infallible> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn text(status: StatusCode, line: &'static str) -> Result<Response<Answer>, Infallible> {
    let mut response = Response::new(Answer::whole(Bytes::from_static(line.as_bytes())));
    *response.status_mut() = status;
    Ok(response)
}

/// A body: bytes, then blanks, and an end that may be a fault.
pub(super) struct Answer {
    bytes: Bytes,
    blanks: u64,
    promised: u64,
    end: End,
}

enum End {
    Whole,
    Never,
    /// After a moment, in which what was sent leaves the buffers.
    Broken(Option<Pin<Box<tokio::time::Sleep>>>),
}

impl Answer {
    fn whole(bytes: Bytes) -> Answer {
        Answer { promised: bytes.len() as u64, bytes, blanks: 0, end: End::Whole }
    }

    fn half(bytes: Bytes, promised: u64, end: End) -> Answer {
        let half = bytes.slice(..bytes.len() / 2);
        Answer { bytes: half, blanks: 0, promised, end }
    }

    fn huge(total: u64) -> Answer {
        let start = Bytes::from_static(br#"{"items":["#);
        Answer { blanks: total.saturating_sub(start.len() as u64), promised: total, bytes: start, end: End::Whole }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        static BLANKS: [u8; 64 * 1024] = [b' '; 64 * 1024];
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.blanks > 0 {
            let length = usize::try_from(self.blanks).unwrap_or(usize::MAX).min(BLANKS.len());
            self.blanks -= length as u64;
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&BLANKS[..length])))));
        }
        match &mut self.end {
            End::Whole => Poll::Ready(None),
            End::Never => Poll::Pending,
            End::Broken(moment) => {
                let sleep = moment.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_millis(20))));
                sleep.as_mut().poll(context).map(|()| Some(Err(io::Error::other("a fault on demand"))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
