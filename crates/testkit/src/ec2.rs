//! A strict EC2 on loopback: tags and volumes of instances, page by page, to who signs; and faults on demand.
//!
//! It refuses what EC2 refuses, with EC2's codes and shapes. What a client must never do (another path, a parameter or a
//! filter EC2 doesn't know, a page larger than allowed) is written down as a violation.

mod call;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::faults;
use crate::server::Server;

/// The region it is in.
pub const REGION: &str = "us-west-2";
/// The keys it takes from the start: id and secret.
pub const KEYS: (&str, &str) = ("AKIAFAKEFAKEFAKEFAKE", "fake/secret/fake/secret/fake/secret/fake");

/// What goes wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `UnauthorizedOperation`, 403, with the long encoded message EC2 adds.
    Denied,
    /// `RequestLimitExceeded`, 503.
    Throttled,
    /// Any other status, code and message.
    Code(u16, &'static str, &'static str),
    /// The first half of the page with status 200, and nothing to show that it isn't all.
    Cut,
    /// The last page names itself as its successor.
    Endless,
    /// What can go wrong with any answer.
    Http(faults::Fault),
}

/// A volume and its attachments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Such as `vol-0123456789abcdef0`.
    pub id: String,
    /// Such as `us-west-2a`.
    pub availability_zone: String,
    /// Of each: the instance, the device and the state.
    pub attachments: Vec<(String, String, String)>,
}

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// All its parameters.
    pub form: BTreeMap<String, String>,
    /// The id of the key it was signed with.
    pub key_id: String,
    /// The code of the error it got; empty where it got none.
    pub code: String,
}

/// An EC2 of a test's own.
#[derive(Debug)]
pub struct FakeEc2 {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Of each instance: keys and values.
    tags: BTreeMap<String, Vec<(String, String)>>,
    volumes: Vec<Volume>,
    keys: BTreeMap<String, Keys>,
    page_size: Option<usize>,
    fault: Option<Fault>,
    next_faults: VecDeque<Option<Fault>>,
    offset_ms: i64,
    requests: Vec<Request>,
    violations: Vec<String>,
}

#[derive(Debug)]
struct Keys {
    secret: String,
    token: Option<String>,
    expired: bool,
}

impl FakeEc2 {
    /// One that knows nothing but [`KEYS`].
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn start() -> FakeEc2 {
        let shared = Arc::new(Shared::default());
        let fake = FakeEc2 { server: Server::start(Arc::clone(&shared), None), shared };
        fake.add_keys(KEYS.0, KEYS.1, None);
        fake
    }

    /// Where it listens, such as `http://127.0.0.1:40961`.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
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

    /// All tags of an instance from now on.
    pub fn set_tags(&self, instance_id: &str, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.state().tags.insert(instance_id.to_owned(), tags);
    }

    /// All volumes from now on.
    pub fn set_volumes(&self, volumes: Vec<Volume>) {
        self.state().volumes = volumes;
    }

    /// From now on a page has so many items at most, however many are asked for.
    pub fn set_page_size(&self, items: usize) {
        self.state().page_size = Some(items);
    }

    /// Its clock is ahead of this machine's by so much from now on.
    pub fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.state().offset_ms = offset_ms;
    }

    /// From now on every call fails like this; `None` heals it.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// The next calls fail like this, one each, `None` among them doesn't; then all is well again.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.state().next_faults.extend(faults);
    }

    /// Closes every connection and the port, so that connecting is refused.
    pub fn refuse(&self) {
        self.server.refuse();
    }

    /// Opens the same port again.
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
        self.shared.state()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::exchange;

    #[test]
    fn nobody_without_a_signature_gets_anything() {
        let fake = FakeEc2::start();
        let ask = |headers: &str| {
            let body = "Action=DescribeTags&Version=2016-11-15";
            let length = body.len();
            let head =
                "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
            exchange(fake.endpoint(), &format!("{head}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"))
        };
        assert!(ask("").contains("<Code>MissingAuthenticationToken</Code>"));
        let scope =
            format!("Credential={}/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=x", KEYS.0);
        let answer = ask(&format!("Authorization: AWS4-HMAC-SHA256 {scope}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("<Code>AuthFailure</Code>"), "{answer}");
        assert_eq!(fake.requests()[1].key_id, KEYS.0);
        fake.set_fault(Some(Fault::Denied));
        assert!(ask("").contains("Encoded authorization failure message: "));
        assert_eq!(fake.violations(), Vec::<String>::new());
    }
}
