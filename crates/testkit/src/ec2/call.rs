//! One request: signature, parameters, the page, faults.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::{Fault, REGION, Request, Shared, State, Volume};
use crate::form;
use crate::server::{self, Handler, Reply};
use crate::sigv4::Authorization;
use crate::time::{amz_date_ms, http_date};

const SIGNATURE_MS: i64 = 300_000;
const REQUEST_ID: &str = "0a1b2c3d-0000-4000-8000-0123456789ab";

/// Why EC2 says no: status, code, message.
type Refused = (u16, &'static str, String);

impl Handler for Shared {
    fn answer(&self, request: server::Request) -> Reply {
        let mut state = self.state();
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = form::parse(&request.body);
        let key_id = Authorization::parse(header("authorization")).map_or("", |parts| parts.key_id).to_owned();
        let kind = header("content-type");
        if request.path != "/" || request.method != "POST" || !kind.starts_with("application/x-www-form-urlencoded") {
            state.violations.push(format!("{} {} of {kind:?}", request.method, request.path));
        }
        let fault = state.next_faults.pop_front().unwrap_or_else(|| state.fault.clone());
        let outcome = match &fault {
            Some(Fault::Denied) => Err((403, "UnauthorizedOperation", denied(&form))),
            Some(Fault::Throttled) => Err((503, "RequestLimitExceeded", "Request limit exceeded.".to_owned())),
            Some(Fault::Code(status, code, message)) => Err((*status, *code, (*message).to_owned())),
            _ => check_signature(&state, &request).and_then(|()| state.page(&form)),
        };
        let code = outcome.as_ref().err().map_or("", |refused| refused.1).to_owned();
        state.requests.push(Request { form: form.clone(), key_id, code });
        let reply = match (outcome, &fault) {
            (Ok(page), Some(Fault::Cut)) => Reply::new(200, page[..page.len() / 2].to_owned()),
            (Ok(page), Some(Fault::Endless)) => {
                Reply::new(200, page.replace("</requestId>", "</requestId><nextToken>0</nextToken>"))
            }
            (Ok(page), _) => Reply::new(200, page),
            (Err(refused), _) => Reply::new(refused.0, refusal(&refused)),
        };
        match fault {
            Some(Fault::Http(fault)) => fault.instead_of(reply),
            _ => reply
                .header("content-type", "text/xml;charset=UTF-8")
                .header("x-amzn-requestid", REQUEST_ID)
                .header("date", http_date(state.now_ms())),
        }
    }
}

fn denied(form: &BTreeMap<String, String>) -> String {
    let action = form.get("Action").map(String::as_str).unwrap_or_default();
    format!(
        "You are not authorized to perform this operation. User: arn:aws:sts::111122223333:assumed-role/node/i-0 is not \
         authorized to perform: ec2:{action} because no identity-based policy allows the ec2:{action} action. \
         Encoded authorization failure message: {}",
        "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmnopqrstuvwxyz".repeat(20)
    )
}

fn refusal((_, code, message): &Refused) -> String {
    let message = escape(message);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
         <Message>{message}</Message></Error></Errors><RequestID>{REQUEST_ID}</RequestID></Response>"
    )
}

fn check_signature(state: &State, request: &server::Request) -> Result<(), Refused> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let invalid = || {
        let message = "AWS was not able to validate the provided access credentials";
        Err((401, "AuthFailure", message.to_owned()))
    };
    let Some(text) = header("authorization") else {
        return Err((400, "MissingAuthenticationToken", "Request is missing Authentication Token".to_owned()));
    };
    let Some(authorization) = Authorization::parse(text) else { return invalid() };
    let Some(keys) = state.keys.get(authorization.key_id) else { return invalid() };
    if authorization.region != REGION || authorization.service != "ec2" {
        return invalid();
    }
    let required = ["host", "x-amz-date", "content-type"].into_iter();
    let required = required.chain(keys.token.as_ref().map(|_| "x-amz-security-token"));
    if !required.into_iter().all(|name| authorization.signed_headers.contains(&name)) {
        return invalid();
    }
    let time = header("x-amz-date").unwrap_or_default();
    let Some(time_ms) = amz_date_ms(time).filter(|_| time.starts_with(authorization.date)) else { return invalid() };
    let expected =
        authorization.expected(request.method.as_str(), &request.path, &request.headers, &request.body, &keys.secret);
    if expected.as_deref() != Some(authorization.signature) || header("x-amz-security-token") != keys.token.as_deref() {
        return invalid();
    }
    let now = state.now_ms();
    if time_ms > now + SIGNATURE_MS {
        return invalid();
    }
    if keys.expired || time_ms < now - SIGNATURE_MS {
        return Err((400, "RequestExpired", "Request has expired.".to_owned()));
    }
    Ok(())
}

impl State {
    #[expect(clippy::disallowed_methods, reason = "a fake stands for another machine, which has a clock of its own")]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX).saturating_add(self.offset_ms)
    }

    /// The page that is asked for.
    fn page(&mut self, form: &BTreeMap<String, String>) -> Result<String, Refused> {
        let mut form = form.clone();
        let mut take = |name: &str| form.remove(name).unwrap_or_default();
        let (action, version, token) = (take("Action"), take("Version"), take("NextToken"));
        let most = take("MaxResults").parse().unwrap_or(1000_usize);
        let mut filters = BTreeMap::new();
        for number in 1..=2 {
            let name = take(&format!("Filter.{number}.Name"));
            filters.insert(name, take(&format!("Filter.{number}.Value.1")));
        }
        filters.remove("");
        if version != "2016-11-15" || !form.is_empty() || !(5..=1000).contains(&most) {
            self.violations.push(format!("{action}: version {version:?}, {most} a page, unknown {form:?}"));
            return Err((400, "InvalidParameterValue", "a parameter is not valid".to_owned()));
        }
        let mut filter = |name: &str| filters.remove(name).unwrap_or_default();
        let (set, items) = match action.as_str() {
            "DescribeTags" => {
                let kind = filter("resource-type");
                let id = filter("resource-id");
                if kind != "instance" {
                    self.violations.push(format!("DescribeTags of {kind:?}"));
                }
                ("tagSet", self.tag_items(&id))
            }
            "DescribeVolumes" => {
                let id = filter("attachment.instance-id");
                let volumes = self.volumes.iter();
                let ours = volumes.filter(|volume| volume.attachments.iter().any(|(instance, ..)| *instance == id));
                ("volumeSet", ours.map(volume_item).collect())
            }
            _ => return Err((400, "InvalidAction", format!("The action {action} is not valid for this web service."))),
        };
        if !filters.is_empty() {
            self.violations.push(format!("{action} with filters {filters:?}"));
        }
        let start = if token.is_empty() { Some(0) } else { token.parse::<usize>().ok() };
        let Some(start) = start.filter(|start| *start <= items.len()) else {
            return Err((400, "InvalidNextToken", "The token is not valid".to_owned()));
        };
        let end = items.len().min(start + self.page_size.map_or(most, |size| size.min(most)));
        let next = if end < items.len() { format!("<nextToken>{end}</nextToken>") } else { String::new() };
        Ok(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n    \
             <requestId>{REQUEST_ID}</requestId>\n    <{set}>{}</{set}>{next}\n</{action}Response>",
            items[start..end].concat()
        ))
    }

    fn tag_items(&self, id: &str) -> Vec<String> {
        let tags = self.tags.get(id).into_iter().flatten();
        let item = |(key, value): &(String, String)| {
            let (key, value) = (escape(key), escape(value));
            format!(
                "<item><resourceId>{id}</resourceId><resourceType>instance</resourceType>\
                 <key>{key}</key><value>{value}</value></item>"
            )
        };
        tags.map(item).collect()
    }
}

fn volume_item(volume: &Volume) -> String {
    let Volume { id, availability_zone, attachments } = volume;
    let attachments = attachments.iter().map(|(instance, device, status)| {
        format!(
            "<item><volumeId>{id}</volumeId><instanceId>{instance}</instanceId><device>{device}</device>\
             <status>{status}</status><attachTime>2026-11-25T00:15:00.000Z</attachTime>\
             <deleteOnTermination>true</deleteOnTermination></item>"
        )
    });
    format!(
        "<item><volumeId>{id}</volumeId><size>8</size><snapshotId/><availabilityZone>{availability_zone}</availabilityZone>\
         <status>in-use</status><attachmentSet>{}</attachmentSet><volumeType>gp3</volumeType></item>",
        attachments.collect::<String>()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
