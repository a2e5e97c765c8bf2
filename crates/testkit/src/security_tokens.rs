//! A strict STS on loopback: gives keys of a role to who may have them.
//!
//! `AssumeRoleWithWebIdentity` wants the right token and no signature; `AssumeRole` wants a signature and, where the role
//! asks for it, the external id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::form;
use crate::instance_metadata::RoleKeys;
use crate::server::{Handler, Reply, Request, Server};
use crate::sigv4::Authorization;
use crate::time::iso_date;

/// An STS of a test's own.
#[derive(Debug)]
pub struct FakeSts {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    roles: BTreeMap<String, Role>,
    /// Secrets of the keys that may assume roles.
    keys: BTreeMap<String, String>,
    calls: Vec<BTreeMap<String, String>>,
}

#[derive(Debug)]
struct Role {
    keys: RoleKeys,
    external_id: Option<String>,
    web_token: Option<String>,
}

impl FakeSts {
    /// One that knows no role.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn start() -> FakeSts {
        let shared = Arc::new(Shared::default());
        FakeSts { server: Server::start(Arc::clone(&shared), None), shared }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// Keys that may assume roles.
    pub fn add_keys(&self, id: &str, secret: &str) {
        self.shared.state().keys.insert(id.to_owned(), secret.to_owned());
    }

    /// A role for who is signed in and knows the external id, if there is one.
    pub fn add_role(&self, arn: &str, external_id: Option<&str>, keys: RoleKeys) {
        let role = Role { keys, external_id: external_id.map(str::to_owned), web_token: None };
        self.shared.state().roles.insert(arn.to_owned(), role);
    }

    /// A role for who shows this token.
    pub fn add_web_role(&self, arn: &str, token: &str, keys: RoleKeys) {
        let role = Role { keys, external_id: None, web_token: Some(token.to_owned()) };
        self.shared.state().roles.insert(arn.to_owned(), role);
    }

    /// The parameters of every call so far, oldest first.
    pub fn calls(&self) -> Vec<BTreeMap<String, String>> {
        self.shared.state().calls.clone()
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
        let parameters = form::parse(&request.body);
        state.calls.push(parameters.clone());
        let parameter = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
        let Some(role) = state.roles.get(parameter("RoleArn")) else { return refusal("AccessDenied") };
        let action = parameter("Action");
        let allowed = match action {
            "AssumeRoleWithWebIdentity" => role.web_token.as_deref() == Some(parameter("WebIdentityToken")),
            "AssumeRole" => {
                let id = role.external_id.as_deref().unwrap_or_default();
                role.web_token.is_none() && id == parameter("ExternalId") && is_signed(&state, &request)
            }
            _ => return refusal("InvalidAction"),
        };
        if !allowed {
            return refusal("AccessDenied");
        }
        let keys = &role.keys;
        let end = iso_date(now_ms() + i64::from(keys.lifetime_seconds) * 1000);
        let body = format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
             <AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
             <Expiration>{end}</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn>\
             <AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser></{action}Result></{action}Response>",
            keys.id, keys.secret, keys.token
        );
        Reply::new(200, body).header("content-type", "text/xml")
    }
}

fn is_signed(state: &State, request: &Request) -> bool {
    let text = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(authorization) = Authorization::parse(text) else { return false };
    let Some(secret) = state.keys.get(authorization.key_id) else { return false };
    let expected = authorization.expected("POST", &request.path, &request.headers, &request.body, secret);
    authorization.service == "sts" && expected.as_deref() == Some(authorization.signature)
}

fn refusal(code: &str) -> Reply {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    );
    Reply::new(403, body).header("content-type", "text/xml")
}

#[expect(clippy::disallowed_methods, reason = "a fake stands for another machine, which has a clock of its own")]
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::exchange;

    #[test]
    fn only_the_right_token_gets_a_role() {
        let fake = FakeSts::start();
        let keys = RoleKeys { id: "AKIA".into(), secret: "s".into(), token: "t".into(), lifetime_seconds: 60 };
        fake.add_web_role("arn:r", "right", keys);
        let ask = |body: &str| {
            let length = body.len();
            exchange(
                fake.endpoint(),
                &format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"),
            )
        };
        assert!(
            ask("Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Ar&WebIdentityToken=right")
                .contains("<AccessKeyId>AKIA")
        );
        assert!(
            ask("Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Ar&WebIdentityToken=wrong").contains("AccessDenied")
        );
        assert!(ask("Action=AssumeRole&RoleArn=arn%3Ar").contains("AccessDenied"));
    }
}
