//! A strict instance metadata service, version 2, on loopback; and the endpoint that gives containers their credentials.
//!
//! Version 2 only, as on instances that require it, unless told otherwise: a token by PUT with a TTL, every GET with a token that still holds,
//! 401 without, no answer to a token request that comes from beyond the hop limit, 403 to one that was passed on.

mod faults;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::json;

use crate::faults::Fault;
use crate::form;
use crate::server::{End, Handler, Reply, Request, Server};
use crate::time::iso_date;

const TOKEN_PATH: &str = "/latest/api/token";
const TTL_HEADER: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER: &str = "x-aws-ec2-metadata-token";
const ROLES_PATH: &str = "/latest/meta-data/iam/security-credentials/";
const TAGS_PATH: &str = "/latest/meta-data/tags/instance";
/// The longest a token holds, in seconds.
const MAX_TTL: u64 = 21_600;

/// Keys of a role, as both endpoints give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleKeys {
    /// The access key's id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token.
    pub token: String,
    /// How long they hold from the moment they are asked for, in seconds.
    pub lifetime_seconds: u32,
}

/// An instance metadata service of a test's own.
#[derive(Debug)]
pub struct FakeInstanceMetadata {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    paths: BTreeMap<String, String>,
    role: Option<(String, RoleKeys)>,
    /// For the container's endpoint: path, token it wants, keys.
    container: Option<(String, Option<String>, RoleKeys)>,
    tokens: Vec<(String, i64)>,
    beyond_hop_limit: bool,
    failing: Option<u16>,
    /// What fails, by the start of `GET /path`.
    faults: Vec<(String, Fault)>,
    next_faults: VecDeque<Fault>,
    v1_allowed: bool,
    /// `None` where tags are not shown.
    tags: Option<BTreeMap<String, String>>,
    token_seconds: Option<u64>,
    clock_offset_ms: i64,
    requests: Vec<String>,
    violations: Vec<String>,
}

impl FakeInstanceMetadata {
    /// One that knows a region and an instance and has no role.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn start() -> FakeInstanceMetadata {
        let shared = Arc::new(Shared::default());
        let fake = FakeInstanceMetadata { server: Server::start(Arc::clone(&shared), None), shared };
        fake.set_path("/latest/meta-data/instance-id", "i-0123456789abcdef0");
        fake.set_path("/latest/meta-data/instance-type", "m5.large");
        fake.set_region("us-west-2");
        fake
    }

    /// Where it listens, such as `http://127.0.0.1:40961`.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// The region it is in, and the identity document with it.
    pub fn set_region(&self, region: &str) {
        self.set_path("/latest/meta-data/placement/region", region);
        self.set_path("/latest/meta-data/placement/availability-zone", &format!("{region}a"));
        let document = json!({
            "accountId": "111122223333", "architecture": "x86_64", "availabilityZone": format!("{region}a"),
            "imageId": "ami-0123456789abcdef0", "instanceId": "i-0123456789abcdef0", "instanceType": "m5.large",
            "privateIp": "10.0.0.10", "region": region, "version": "2017-09-30",
        });
        self.set_path("/latest/dynamic/instance-identity/document", &document.to_string());
    }

    /// What a path answers from now on.
    pub fn set_path(&self, path: &str, body: &str) {
        self.state().paths.insert(path.to_owned(), body.to_owned());
    }

    /// The role of the instance's profile and its keys.
    pub fn set_role(&self, name: &str, keys: RoleKeys) {
        self.state().role = Some((name.to_owned(), keys));
    }

    /// Gives containers these keys at `path` (ECS, EKS Pod Identity) to clients that show `token` in `Authorization`.
    pub fn set_container_keys(&self, path: &str, token: Option<&str>, keys: RoleKeys) {
        self.state().container = Some((path.to_owned(), token.map(str::to_owned), keys));
    }

    /// From now on requests come from a container one hop too far away: tokens never arrive.
    pub fn set_beyond_hop_limit(&self, beyond: bool) {
        self.state().beyond_hop_limit = beyond;
    }

    /// From now on everything answers with this status; `None` heals it.
    pub fn set_failing(&self, status: Option<u16>) {
        self.state().failing = status;
    }

    /// Its clock, and with it the end of keys, is ahead of this machine's by so much.
    pub fn set_clock_offset_ms(&self, offset_ms: i64) {
        self.state().clock_offset_ms = offset_ms;
    }

    /// All tokens given out are void from now on, as after their time.
    pub fn void_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Closes every connection and the port, so that connecting is refused.
    pub fn refuse(&self) {
        self.server.refuse();
    }

    /// Opens the same port again.
    pub fn accept(&self) {
        self.server.accept();
    }

    /// Every request so far as `GET /path`, oldest first.
    pub fn requests(&self) -> Vec<String> {
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

impl Handler for Shared {
    fn answer(&self, request: Request) -> Reply {
        let mut state = self.state();
        let asked = format!("{} {}", request.method, request.path);
        let next = state.next_faults.pop_front();
        let lasting =
            || state.faults.iter().find(|(start, _)| asked.starts_with(start)).map(|(_, fault)| fault.clone());
        let fault = next.or_else(lasting);
        state.requests.push(asked);
        let reply = state.answer(&request);
        fault.map_or(reply.clone(), |fault| fault.instead_of(reply))
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        let state = self;
        if request.headers.contains_key("proxy-authorization") || request.path.contains("://") {
            state.violations.push(format!("a request through a proxy: {}", request.path));
        }
        if let Some(status) = state.failing {
            return Reply::new(status, "a fault on demand");
        }
        let now = state.now_ms();
        if let Some((path, token, keys)) = &state.container
            && *path == request.path
        {
            return container(request, token.as_deref(), keys, now);
        }
        if request.path == TOKEN_PATH {
            return state.give_token(request, now);
        }
        if request.method != "GET" {
            state.violations.push(format!("{} {}", request.method, request.path));
            return Reply::new(405, "");
        }
        let token = request.headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok());
        let holds = token.is_some_and(|token| state.tokens.iter().any(|(known, end)| known == token && *end > now));
        let by_v1 = token.is_none() && state.v1_allowed;
        if !holds && !by_v1 {
            if token.is_none() {
                state.violations.push(format!("GET {} without a token", request.path));
            }
            return Reply::new(401, "");
        }
        match &state.role {
            Some((name, _)) if request.path == ROLES_PATH || request.path == ROLES_PATH.trim_end_matches('/') => {
                return Reply::new(200, name.clone());
            }
            Some((name, keys)) if request.path == format!("{ROLES_PATH}{name}") => {
                return Reply::new(200, keys.document(now, "Code").to_string());
            }
            _ => {}
        }
        if let Some(rest) = request.path.strip_prefix(TAGS_PATH) {
            return state.tag(rest);
        }
        state.paths.get(&request.path).map_or_else(|| Reply::new(404, ""), |body| Reply::new(200, body.clone()))
    }
}

fn container(request: &Request, token: Option<&str>, keys: &RoleKeys, now: i64) -> Reply {
    let shown = request.headers.get("authorization").and_then(|value| value.to_str().ok());
    if shown != token {
        return Reply::new(401, r#"{"code":"AccessDenied","message":"the token is not the container's"}"#);
    }
    Reply::new(200, keys.document(now, "RoleArn").to_string())
}

impl State {
    /// The keys, or the value of the tag that the rest of the path names.
    fn tag(&self, rest: &str) -> Reply {
        let Some(tags) = &self.tags else { return Reply::new(404, "") };
        let key = form::decode_path(rest.strip_prefix('/').unwrap_or_default());
        match tags.get(&key) {
            Some(value) => Reply::new(200, value.clone()),
            None if key.is_empty() => Reply::new(200, tags.keys().cloned().collect::<Vec<_>>().join("\n")),
            None => Reply::new(404, ""),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a fake stands for another machine, which has a clock of its own")]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.clock_offset_ms)
    }

    fn give_token(&mut self, request: &Request, now: i64) -> Reply {
        if request.method != "PUT" {
            self.violations.push(format!("{} {TOKEN_PATH}", request.method));
            return Reply::new(405, "");
        }
        if self.beyond_hop_limit {
            let mut reply = Reply::new(200, "");
            reply.end = End::Hang;
            return reply;
        }
        if request.headers.contains_key("x-forwarded-for") {
            self.violations.push("a token asked for through a proxy".to_owned());
            return Reply::new(403, "");
        }
        let ttl = request.headers.get(TTL_HEADER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let Some(ttl) = ttl.filter(|ttl| (1..=MAX_TTL).contains(ttl)) else {
            self.violations.push("a token without a TTL from 1 to 21600".to_owned());
            return Reply::new(400, "");
        };
        let ttl = self.token_seconds.unwrap_or(ttl);
        let token = format!("token-{}==", self.requests.len());
        self.tokens.push((token.clone(), now + ttl as i64 * 1000));
        Reply::new(200, token).header(TTL_HEADER, ttl.to_string())
    }
}

impl RoleKeys {
    fn document(&self, now: i64, kind: &str) -> serde_json::Value {
        let mut document = json!({
            "AccessKeyId": self.id, "SecretAccessKey": self.secret, "Token": self.token,
            "Expiration": iso_date(now + i64::from(self.lifetime_seconds) * 1000),
        });
        if kind == "Code" {
            document["Code"] = json!("Success");
            document["Type"] = json!("AWS-HMAC");
            document["LastUpdated"] = json!(iso_date(now));
        } else {
            document["RoleArn"] = json!("arn:aws:iam::111122223333:role/task");
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::exchange;

    fn ask(fake: &FakeInstanceMetadata, method: &str, path: &str, headers: &str) -> String {
        exchange(fake.endpoint(), &format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"))
    }

    #[test]
    fn nothing_is_answered_without_a_token_that_holds() {
        let fake = FakeInstanceMetadata::start();
        let region = "/latest/meta-data/placement/region";
        assert!(ask(&fake, "GET", region, "").starts_with("HTTP/1.1 401"));
        assert_eq!(fake.violations().len(), 1);
        assert!(ask(&fake, "PUT", TOKEN_PATH, "").starts_with("HTTP/1.1 400"));
        assert!(ask(&fake, "PUT", TOKEN_PATH, &format!("{TTL_HEADER}: 21601\r\n")).starts_with("HTTP/1.1 400"));
        let answer = ask(&fake, "PUT", TOKEN_PATH, &format!("{TTL_HEADER}: 60\r\n"));
        let token = answer.rsplit("\r\n").next().unwrap();
        let header = format!("{TOKEN_HEADER}: {token}\r\n");
        assert!(ask(&fake, "GET", region, &header).ends_with("us-west-2"));
        fake.set_clock_offset_ms(61_000);
        assert!(ask(&fake, "GET", region, &header).starts_with("HTTP/1.1 401"), "the token's time is over");
    }

    #[test]
    fn tags_are_shown_only_where_they_are_meant_to_be_and_version_1_where_it_is_allowed() {
        let fake = FakeInstanceMetadata::start();
        fake.set_v1_allowed(true);
        assert!(ask(&fake, "GET", TAGS_PATH, "").starts_with("HTTP/1.1 404"));
        fake.set_tags(Some(&[("Name", "node"), ("a:b", "c d")]));
        assert!(ask(&fake, "GET", TAGS_PATH, "").ends_with("\r\n\r\nName\na:b"));
        assert!(ask(&fake, "GET", &format!("{TAGS_PATH}/a%3Ab"), "").ends_with("\r\n\r\nc d"));
        fake.set_fault_of("PUT", Fault::Status(403));
        assert!(ask(&fake, "PUT", TOKEN_PATH, &format!("{TTL_HEADER}: 60\r\n")).starts_with("HTTP/1.1 403"));
        fake.fail_next([Fault::Page]);
        assert!(ask(&fake, "GET", TAGS_PATH, "").contains("text/html"));
        assert_eq!((fake.count("PUT"), fake.count("GET")), (1, 4));
        assert_eq!(fake.violations(), Vec::<String>::new());
    }

    #[test]
    fn a_container_shows_its_token() {
        let fake = FakeInstanceMetadata::start();
        let keys = RoleKeys { id: "AKIA".into(), secret: "s".into(), token: "t".into(), lifetime_seconds: 60 };
        fake.set_container_keys("/v1/credentials", Some("right"), keys);
        assert!(ask(&fake, "GET", "/v1/credentials", "").starts_with("HTTP/1.1 401"));
        assert!(ask(&fake, "GET", "/v1/credentials", "Authorization: right\r\n").contains("\"AccessKeyId\":\"AKIA\""));
    }
}
