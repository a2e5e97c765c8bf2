//! A strict kubelet on loopback: answers `/pods` and `/stats/summary`, and fails on demand.
//!
//! It serves from a thread of its own, so any kind of test may use it, and stops when it is dropped. What a kubelet's
//! client must never do (another path or method, a token in clear text or after a redirect) is written down as a violation.

mod answer;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hyper::body::Bytes;

use crate::server::Server;

/// The two answers an agent asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `/pods`: a `PodList`.
    Pods,
    /// `/stats/summary`.
    Summary,
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing does.
    #[default]
    None,
    /// The answer begins only after this time.
    Slow(Duration),
    /// The head and half of the body arrive, and then nothing more, ever.
    Stall,
    /// The head promises the whole body; half of it arrives and the connection closes.
    Truncated,
    /// A body of this many bytes: JSON that begins well and then is blanks.
    Huge(u64),
    /// Another status, such as 401 or 503, with a line of text.
    Status(u16),
    /// A redirect (302) to this place. `/redirected` on this server counts a visit as a violation.
    Redirect(String),
}

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The path, with the query if there was one.
    pub path: String,
    /// The bearer token, if one was sent.
    pub token: Option<String>,
    /// The number of the connection it came on, from 1: two requests with the same number shared one.
    pub connection: u64,
}

/// A kubelet of a test's own.
#[derive(Debug)]
pub struct FakeKubelet {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    encrypted: bool,
    token: Option<String>,
    pods: Bytes,
    summary: Bytes,
    pods_fault: Fault,
    summary_fault: Fault,
    requests: Vec<Request>,
    violations: Vec<String>,
}

impl FakeKubelet {
    /// A kubelet without encryption, which takes no token: one that arrives is a violation.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn http() -> FakeKubelet {
        FakeKubelet::start(false)
    }

    /// A kubelet with TLS, its certificate for 127.0.0.1 signed by the CA of [`FakeKubelet::ca_pem`].
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn https() -> FakeKubelet {
        FakeKubelet::start(true)
    }

    fn start(encrypted: bool) -> FakeKubelet {
        let state = Arc::new(Mutex::new(State { encrypted, ..State::default() }));
        let server = Server::start(Arc::new(answer::Kubelet(Arc::clone(&state))), encrypted.then_some(&[]));
        FakeKubelet { server, state }
    }

    /// Where it listens, such as `https://127.0.0.1:40961`.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// The CA its certificate is signed by, in PEM; `None` without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.ca_pem()
    }

    /// From now on a request needs this bearer token; one with another gets 401.
    pub fn require_token(&self, token: &str) {
        self.state().token = Some(token.to_owned());
    }

    /// From now on `route` answers with `body`. Until this is called the answer is empty lists.
    pub fn set_answer(&self, route: Route, body: impl Into<Vec<u8>>) {
        *self.state().body(route) = Bytes::from(body.into());
    }

    /// From now on `route` fails like this; [`Fault::None`] heals it.
    pub fn set_fault(&self, route: Route, fault: Fault) {
        match route {
            Route::Pods => self.state().pods_fault = fault,
            Route::Summary => self.state().summary_fault = fault,
        }
    }

    /// Closes every connection and the port, so that connecting is refused.
    ///
    /// # Panics
    ///
    /// Where the server's thread is gone.
    pub fn refuse(&self) {
        self.server.refuse();
    }

    /// Opens the same port again after [`FakeKubelet::refuse`].
    ///
    /// # Panics
    ///
    /// Where the server's thread is gone.
    pub fn accept(&self) {
        self.server.accept();
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// What a client did that it must never do, oldest first; a test asserts that this is empty.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the server's thread did not panic")
    }
}

impl State {
    fn body(&mut self, route: Route) -> &mut Bytes {
        match route {
            Route::Pods => &mut self.pods,
            Route::Summary => &mut self.summary,
        }
    }
}

#[cfg(test)]
mod tests;
