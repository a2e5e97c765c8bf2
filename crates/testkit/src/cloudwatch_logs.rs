//! A strict CloudWatch Logs on loopback: checks signatures and every limit, keeps what it took, and fails on demand.
//!
//! It refuses what the service refuses, with the service's codes. What a client must never do (another path, a request
//! without the headers of the protocol, an event that is no JSON once asked for) is written down as a violation.

mod call;
mod filter;
mod limits;
mod put;
mod refused;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::server::Server;

/// The region it is in.
pub const REGION: &str = "us-west-2";
/// The keys it takes from the start: id and secret.
pub const KEYS: (&str, &str) = ("AKIAFAKEFAKEFAKEFAKE", "fake/secret/fake/secret/fake/secret/fake");

/// What goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes only after this time.
    Slow(Duration),
    /// No answer, ever; the connection stays open.
    Hang,
    /// The head promises the whole body; half of it arrives and the connection closes. The call was carried out.
    Half,
    /// The call is carried out and its answer lost: the connection closes.
    Lost,
    /// A page that is no JSON, with status 200. Nothing is carried out.
    Rubbish,
    /// This status with a page that is none of the service's, as something on the way sends it.
    Page(u16),
    /// The call is carried out, and the answer is this body with the service's own headers.
    Answer(String),
    /// As older imitations do: a batch without the token `0` is refused with `InvalidSequenceTokenException`, which names it.
    WantsToken,
    /// `ServiceUnavailableException`, 503.
    Unavailable,
    /// `ThrottlingException`, 400, with `Retry-After` where there is a time.
    Throttled(Option<Duration>),
    /// `AccessDeniedException`, 400.
    Denied,
    /// `ExpiredTokenException`, 400, for all keys.
    ExpiredToken,
    /// Any other code, with its status.
    Code(u16, &'static str),
}

/// A request as it arrived and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The operation, such as `PutLogEvents`.
    pub operation: String,
    /// The status it got; 0 where it got no answer.
    pub status: u16,
    /// The code of the error it got; empty where it got none.
    pub code: String,
    /// The id of the key it was signed with.
    pub key_id: String,
    /// Its user agent.
    pub user_agent: String,
    /// Whether its body was compressed.
    pub gzip: bool,
    /// Bytes of the body as it came.
    pub wire_bytes: usize,
    /// Events in it.
    pub events: usize,
    /// The number of its connection, from 1: two requests with the same number shared one.
    pub connection: u64,
}

/// An event the service stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// When it was stored, by the service's clock, in milliseconds since 1970.
    pub stored_at_ms: i64,
    /// Its text.
    pub message: String,
}

/// A group as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Days it keeps events; `None` is for ever.
    pub retention_days: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The key that encrypts it.
    pub kms_key_id: Option<String>,
    /// Its class; `None` where none was asked for.
    pub class: Option<String>,
    /// The events of each stream, in the order they were stored.
    pub streams: BTreeMap<String, Vec<Stored>>,
}

/// A CloudWatch Logs of a test's own.
#[derive(Debug)]
pub struct FakeCloudWatchLogs {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    groups: BTreeMap<String, Group>,
    keys: BTreeMap<String, Keys>,
    offset_ms: i64,
    fixed_time: Option<SystemTime>,
    faults: Vec<(Option<&'static str>, Fault)>,
    next_faults: VecDeque<Fault>,
    rates: BTreeMap<&'static str, usize>,
    /// When the calls of the last second were, by operation, in milliseconds.
    calls: BTreeMap<String, VecDeque<i64>>,
    only_json: bool,
    /// Events in a page of those that are read back; `None` is what the service gives.
    page: Option<usize>,
    requests: Vec<Request>,
    violations: Vec<String>,
}

#[derive(Debug, Clone)]
struct Keys {
    secret: String,
    token: Option<String>,
    expired: bool,
}

impl FakeCloudWatchLogs {
    /// One without encryption.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn http() -> FakeCloudWatchLogs {
        FakeCloudWatchLogs::start(None)
    }

    /// One with TLS for 127.0.0.1 and the service's own host name, its certificate signed by the CA of
    /// [`FakeCloudWatchLogs::ca_pem`].
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn https() -> FakeCloudWatchLogs {
        FakeCloudWatchLogs::start(Some(&["logs.us-west-2.amazonaws.com"]))
    }

    fn start(tls_names: Option<&[&str]>) -> FakeCloudWatchLogs {
        let shared = Arc::new(Shared::default());
        let fake = FakeCloudWatchLogs { server: Server::start(Arc::clone(&shared), tls_names), shared };
        fake.add_keys(KEYS.0, KEYS.1, None);
        fake
    }

    /// Where it listens, such as `http://127.0.0.1:40961`.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// The CA its certificate is signed by, in PEM; `None` without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.ca_pem()
    }

    /// Takes these keys too.
    pub fn add_keys(&self, id: &str, secret: &str, token: Option<&str>) {
        let keys = Keys { secret: secret.to_owned(), token: token.map(str::to_owned), expired: false };
        self.state().keys.insert(id.to_owned(), keys);
    }

    /// From now on these keys have expired.
    pub fn expire_keys(&self, id: &str) {
        if let Some(keys) = self.state().keys.get_mut(id) {
            keys.expired = true;
        }
    }

    /// Its clock is ahead of this machine's by so much from now on.
    pub fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.state().offset_ms = offset_ms;
    }

    /// Its clock stands at this time, plus the offset, until it is moved; `None` is this machine's time again.
    pub fn set_time(&self, time: Option<SystemTime>) {
        self.state().fixed_time = time;
    }

    /// From now on every call fails like this; `None` heals all.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let mut state = self.state();
        state.faults.clear();
        state.faults.extend(fault.map(|fault| (None, fault)));
    }

    /// From now on this operation fails like this, beside what fails already.
    pub fn set_fault_of(&self, operation: &'static str, fault: Fault) {
        self.state().faults.insert(0, (Some(operation), fault));
    }

    /// The next calls fail like this, one each, and then all is well again.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().next_faults.extend(faults);
    }

    /// From now on an operation is throttled beyond so many calls in a second.
    pub fn set_rate(&self, operation: &'static str, calls_per_second: usize) {
        self.state().rates.insert(operation, calls_per_second);
    }

    /// From now on an event that is no JSON object is a violation.
    pub fn expect_json(&self) {
        self.state().only_json = true;
    }

    /// From now on a page of what is read back has at most so many events, and the first one none.
    pub fn set_page(&self, events: usize) {
        self.state().page = Some(events);
    }

    /// Stores an event as if it had been delivered, at any time.
    pub fn store(&self, group: &str, stream: &str, time_ms: i64, message: &str) {
        let stored = Stored { time_ms, stored_at_ms: time_ms, message: message.to_owned() };
        let mut state = self.state();
        let streams = &mut state.groups.entry(group.to_owned()).or_default().streams;
        streams.entry(stream.to_owned()).or_default().push(stored);
    }

    /// Makes a group and a stream in it.
    pub fn create(&self, group: &str, stream: &str) {
        self.state().groups.entry(group.to_owned()).or_default().streams.entry(stream.to_owned()).or_default();
    }

    /// Takes a group away with all that is in it.
    pub fn delete_group(&self, group: &str) {
        self.state().groups.remove(group);
    }

    /// Closes every connection and the port, so that connecting is refused.
    pub fn refuse(&self) {
        self.server.refuse();
    }

    /// Opens the same port again after [`FakeCloudWatchLogs::refuse`].
    pub fn accept(&self) {
        self.server.accept();
    }

    /// All groups with their streams and events.
    pub fn groups(&self) -> BTreeMap<String, Group> {
        self.state().groups.clone()
    }

    /// What was stored in a stream, in the order it was stored; empty where there is none.
    pub fn events(&self, group: &str, stream: &str) -> Vec<Stored> {
        self.state().groups.get(group).and_then(|group| group.streams.get(stream)).cloned().unwrap_or_default()
    }

    /// How many events are stored in all.
    pub fn event_count(&self) -> usize {
        self.state().groups.values().flat_map(|group| group.streams.values()).map(Vec::len).sum()
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
        self.shared.state()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The service's time.
    #[expect(clippy::disallowed_methods, reason = "a fake stands for another machine, which has a clock of its own")]
    fn now_ms(&self) -> i64 {
        let time = self.fixed_time.unwrap_or_else(SystemTime::now);
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.offset_ms)
    }
}

#[cfg(test)]
mod tests;
