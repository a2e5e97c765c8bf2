//! One request: signature, headers, body, faults, and the operation.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::limits::{self, BODY_BYTES, RETENTIONS, SIGNATURE_MS};
use super::put::Put;
use super::refused::{Refused, refused};
use super::{Fault, Group, REGION, Request, Shared, State};
use crate::server::{self, End, Handler, Reply};
use crate::sigv4::Authorization;
use crate::time::{amz_date_ms, http_date};

/// The sequence token of [`Fault::WantsToken`].
const TOKEN: &str = "0";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateGroup {
    log_group_name: String,
    #[serde(default)]
    tags: Option<BTreeMap<String, String>>,
    #[serde(default)]
    kms_key_id: Option<String>,
    #[serde(default)]
    log_group_class: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateStream {
    log_group_name: String,
    log_stream_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PutRetention {
    log_group_name: String,
    retention_in_days: u32,
}

impl Handler for Shared {
    fn answer(&self, request: server::Request) -> Reply {
        let mut state = self.state();
        let header = |name: &str| {
            let value = request.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            value.unwrap_or_default()
        };
        let target = header("x-amz-target");
        let operation = target.strip_prefix("Logs_20140328.").unwrap_or_default().to_owned();
        let authorization = header("authorization");
        let mut seen = Request {
            operation: operation.clone(),
            status: 0,
            code: String::new(),
            key_id: Authorization::parse(&authorization).map_or_else(String::new, |parts| parts.key_id.to_owned()),
            user_agent: header("user-agent"),
            gzip: header("content-encoding") == "gzip",
            wire_bytes: request.body.len(),
            events: 0,
            connection: request.connection,
        };
        for (name, expected) in [("content-type", "application/x-amz-json-1.1"), ("x-amzn-logs-format", "json/emf")] {
            if header(name) != expected {
                state.violations.push(format!("{operation}: {name} is {:?}", header(name)));
            }
        }
        if request.path != "/" || request.method != "POST" {
            state.violations.push(format!("{} {}", request.method, request.path));
        }

        let next = state.next_faults.pop_front();
        let lasting = state.faults.iter().find(|(only, _)| only.is_none_or(|only| only == operation));
        let fault = next.or_else(|| lasting.map(|(_, fault)| fault.clone()));
        let (outcome, end, delay) = match instead(fault.as_ref()) {
            Some(Instead::Answer(reply)) => {
                seen.status = reply.status;
                state.requests.push(seen);
                return reply;
            }
            Some(Instead::Refused(refused)) => (Err(refused), End::Whole, Duration::ZERO),
            None => {
                let outcome = carry_out(&mut state, &request, &operation, &mut seen, fault.as_ref());
                match fault.clone() {
                    Some(Fault::Slow(delay)) => (outcome, End::Whole, delay),
                    Some(Fault::Half) => (outcome, End::Half, Duration::ZERO),
                    Some(Fault::Lost) => (outcome, End::Close, Duration::ZERO),
                    _ => (outcome, End::Whole, Duration::ZERO),
                }
            }
        };
        let mut reply = match outcome {
            Ok(_) if matches!(fault, Some(Fault::Answer(_))) => match &fault {
                Some(Fault::Answer(body)) => Reply::new(200, body.clone()),
                _ => Reply::new(200, ""),
            },
            Ok(answer) => Reply::new(200, if answer.is_null() { String::new() } else { answer.to_string() }),
            Err(refused) => {
                seen.code = refused.code.to_owned();
                let mut body = json!({ "__type": refused.code, "message": refused.message });
                if refused.code == "InvalidSequenceTokenException" {
                    body["expectedSequenceToken"] = json!(TOKEN);
                }
                Reply::new(refused.status, body.to_string())
            }
        };
        seen.status = if end == End::Close { 0 } else { reply.status };
        if let Some(Fault::Throttled(Some(after))) = fault {
            reply = reply.header("retry-after", after.as_secs().to_string());
        }
        let id = format!("00000000-0000-4000-8000-{:012}", state.requests.len());
        state.requests.push(seen);
        reply.delay = delay;
        reply.end = end;
        reply
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amzn-requestid", id)
            .header("date", http_date(state.now_ms()))
    }
}

enum Instead {
    Answer(Reply),
    Refused(Refused),
}

/// What a fault answers instead of carrying out the call; `None` where it is carried out.
fn instead(fault: Option<&Fault>) -> Option<Instead> {
    let page = "<html><body>a fault on demand</body></html>";
    let refuse = |status, code| {
        let message = "a fault on demand".to_owned();
        Some(Instead::Refused(Refused { status, code, message }))
    };
    match fault? {
        Fault::Slow(_) | Fault::Half | Fault::Lost | Fault::Answer(_) | Fault::WantsToken => None,
        Fault::Hang => {
            let mut reply = Reply::new(0, "");
            reply.end = End::Hang;
            Some(Instead::Answer(reply))
        }
        Fault::Rubbish => Some(Instead::Answer(Reply::new(200, page).header("content-type", "text/html"))),
        Fault::Page(status) => Some(Instead::Answer(Reply::new(*status, page).header("content-type", "text/html"))),
        Fault::Unavailable => refuse(503, "ServiceUnavailableException"),
        Fault::Throttled(_) => refuse(400, "ThrottlingException"),
        Fault::Denied => refuse(400, "AccessDeniedException"),
        Fault::ExpiredToken => refuse(400, "ExpiredTokenException"),
        Fault::Code(status, code) => refuse(*status, code),
    }
}

fn carry_out(
    state: &mut State,
    request: &server::Request,
    operation: &str,
    seen: &mut Request,
    fault: Option<&Fault>,
) -> Result<Value, Refused> {
    check_signature(state, request)?;
    check_rate(state, operation)?;
    let body = read_body(request)?;
    match operation {
        "PutLogEvents" => {
            let put: Put = parse(&body)?;
            seen.events = put.count();
            let (group, stream) = put.names();
            check_names(group, Some(stream))?;
            if fault == Some(&Fault::WantsToken) && put.sequence_token() != Some(TOKEN) {
                return refused(400, "InvalidSequenceTokenException", "The given sequenceToken is invalid.");
            }
            put.carry_out(state)
        }
        "CreateLogStream" => create_stream(state, parse(&body)?),
        "CreateLogGroup" => create_group(state, parse(&body)?),
        "PutRetentionPolicy" => put_retention(state, parse(&body)?),
        "FilterLogEvents" => super::filter::carry_out(state, parse(&body)?),
        _ => {
            state.violations.push(format!("operation {operation:?}"));
            refused(400, "UnknownOperationException", "")
        }
    }
}

fn check_signature(state: &State, request: &server::Request) -> Result<(), Refused> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let Some(text) = header("authorization") else {
        return refused(400, "MissingAuthenticationTokenException", "Missing Authentication Token");
    };
    let Some(authorization) = Authorization::parse(text) else {
        return refused(400, "IncompleteSignatureException", "Authorization header is not complete");
    };
    let Some(keys) = state.keys.get(authorization.key_id) else {
        let message = "The security token included in the request is invalid.";
        return refused(400, "UnrecognizedClientException", message);
    };
    let required = ["host", "x-amz-date", "content-type", "x-amz-target"];
    let token_header = keys.token.as_ref().map(|_| "x-amz-security-token");
    if let Some(name) =
        required.into_iter().chain(token_header).find(|name| !authorization.signed_headers.contains(name))
    {
        return refused(400, "InvalidSignatureException", format!("'{name}' must be a signed header"));
    }
    if authorization.region != REGION || authorization.service != "logs" {
        let message = format!("Credential should be scoped to a valid region and to service 'logs', not {text}");
        return refused(400, "InvalidSignatureException", message);
    }
    let time = header("x-amz-date").unwrap_or_default();
    let Some(time_ms) = amz_date_ms(time).filter(|_| time.starts_with(authorization.date)) else {
        return refused(400, "IncompleteSignatureException", "Date is not valid");
    };
    let now = state.now_ms();
    if time_ms < now - SIGNATURE_MS {
        let message = format!("Signature expired: {time} is now earlier than {} (- 5 min.)", http_date(now));
        return refused(400, "InvalidSignatureException", message);
    }
    if time_ms > now + SIGNATURE_MS {
        let message = format!("Signature not yet current: {time} is still later than {} (+ 5 min.)", http_date(now));
        return refused(400, "InvalidSignatureException", message);
    }
    let expected =
        authorization.expected(request.method.as_str(), &request.path, &request.headers, &request.body, &keys.secret);
    if expected.as_deref() != Some(authorization.signature) {
        let mut message = "The request signature we calculated does not match the signature you provided.".to_owned();
        // The service repeats the request here, its token too.
        for (name, value) in &request.headers {
            message.push_str(&format!("\n{name}:{}", String::from_utf8_lossy(value.as_bytes())));
        }
        return refused(400, "InvalidSignatureException", message);
    }
    if header("x-amz-security-token") != keys.token.as_deref() {
        let message = "The security token included in the request is invalid.";
        return refused(400, "UnrecognizedClientException", message);
    }
    if keys.expired {
        return refused(400, "ExpiredTokenException", "The security token included in the request is expired");
    }
    Ok(())
}

fn check_rate(state: &mut State, operation: &str) -> Result<(), Refused> {
    let Some(rate) = state.rates.get(operation).copied() else { return Ok(()) };
    let now = state.now_ms();
    let calls = state.calls.entry(operation.to_owned()).or_default();
    while calls.front().is_some_and(|call| *call <= now - 1000) {
        calls.pop_front();
    }
    if calls.len() >= rate {
        return refused(400, "ThrottlingException", "Rate exceeded");
    }
    calls.push_back(now);
    Ok(())
}

fn read_body(request: &server::Request) -> Result<Vec<u8>, Refused> {
    let encoding = request.headers.get("content-encoding").map(|value| value.as_bytes());
    let mut body = Vec::new();
    let read = match encoding {
        None => request.body.as_ref().take(BODY_BYTES + 1).read_to_end(&mut body),
        Some(b"gzip") => {
            flate2::read::GzDecoder::new(request.body.as_ref()).take(BODY_BYTES + 1).read_to_end(&mut body)
        }
        Some(_) => return refused(415, "UnsupportedMediaTypeException", "unknown Content-Encoding"),
    };
    if read.is_err() {
        return refused(400, "SerializationException", "the body can't be decompressed");
    }
    if body.len() as u64 > BODY_BYTES {
        return refused(413, "RequestEntityTooLargeException", "Request size exceeded");
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let fault =
        |error: serde_json::Error| Refused { status: 400, code: "SerializationException", message: error.to_string() };
    serde_json::from_slice(body).map_err(fault)
}

fn check_names(group: &str, stream: Option<&str>) -> Result<(), Refused> {
    if !limits::is_group_name(group) {
        return refused(
            400,
            "InvalidParameterException",
            format!("Value {group:?} at 'logGroupName' failed to satisfy constraint"),
        );
    }
    if let Some(stream) = stream.filter(|stream| !limits::is_stream_name(stream)) {
        return refused(
            400,
            "InvalidParameterException",
            format!("Value {stream:?} at 'logStreamName' failed to satisfy constraint"),
        );
    }
    Ok(())
}

fn create_stream(state: &mut State, call: CreateStream) -> Result<Value, Refused> {
    check_names(&call.log_group_name, Some(&call.log_stream_name))?;
    let Some(group) = state.groups.get_mut(&call.log_group_name) else {
        return refused(400, "ResourceNotFoundException", "The specified log group does not exist.");
    };
    if group.streams.contains_key(&call.log_stream_name) {
        return refused(400, "ResourceAlreadyExistsException", "The specified log stream already exists");
    }
    group.streams.insert(call.log_stream_name, Vec::new());
    Ok(Value::Null)
}

fn create_group(state: &mut State, call: CreateGroup) -> Result<Value, Refused> {
    check_names(&call.log_group_name, None)?;
    let tags = call.tags.unwrap_or_default();
    if tags.len() > 50 || tags.iter().any(|(key, value)| !limits::is_tag(key, value)) {
        return refused(400, "InvalidParameterException", "tags failed to satisfy constraint");
    }
    let class = call.log_group_class;
    if class.as_deref().is_some_and(|class| !["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"].contains(&class)) {
        return refused(400, "InvalidParameterException", "logGroupClass failed to satisfy constraint");
    }
    if call.kms_key_id.as_deref().is_some_and(|key| !key.starts_with("arn:")) {
        return refused(400, "InvalidParameterException", "kmsKeyId is not valid");
    }
    if state.groups.contains_key(&call.log_group_name) {
        return refused(400, "ResourceAlreadyExistsException", "The specified log group already exists");
    }
    let group = Group { tags, class, kms_key_id: call.kms_key_id, ..Group::default() };
    state.groups.insert(call.log_group_name, group);
    Ok(Value::Null)
}

fn put_retention(state: &mut State, call: PutRetention) -> Result<Value, Refused> {
    check_names(&call.log_group_name, None)?;
    if !RETENTIONS.contains(&call.retention_in_days) {
        return refused(400, "InvalidParameterException", "retentionInDays failed to satisfy constraint");
    }
    let Some(group) = state.groups.get_mut(&call.log_group_name) else {
        return refused(400, "ResourceNotFoundException", "The specified log group does not exist.");
    };
    group.retention_days = Some(call.retention_in_days);
    Ok(Value::Null)
}
