//! Answers of EC2: pages of lists, and refusals read by what can be done about them.
//!
//! Follows "Error codes for the Amazon EC2 API", `DescribeTags` and `DescribeVolumes` of the API reference.

use aws_credential_types::Credentials;
use hyper::Response;
use hyper::body::Bytes;
use roxmltree::{Document, Node, ParsingOptions};

use super::error::{Error, Operation, Refusal};
use super::{Attachment, Tag};
use crate::refusal::{REQUEST_ID, clean, clean_code, request_id};

/// Bounds what a page of any shape can cost in memory.
const MAX_NODES: u32 = 200_000;
/// What follows this in a message is for the account's administrator, long, and not for a log.
const ENCODED: &str = "Encoded authorization failure message";

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// What asks for the page after it; `None` after the last.
    pub(super) next: Option<String>,
}

/// A page of tags; `None` where the body is none. Tags of other resources are left out.
pub(super) fn tags(body: &[u8], instance_id: &str) -> Option<Page<Tag>> {
    page(body, "DescribeTagsResponse", "tagSet", |item, tags| {
        let is_ours = text(item, "resourceId").is_none_or(|id| id == instance_id);
        if let Some(key) = text(item, "key").filter(|_| is_ours) {
            let value = text(item, "value").unwrap_or_default();
            tags.push(Tag { key: key.to_owned(), value: value.to_owned() });
        }
    })
}

/// A page of volumes, of each its attachment to the instance; `None` where the body is none.
pub(super) fn attachments(body: &[u8], instance_id: &str) -> Option<Page<Attachment>> {
    page(body, "DescribeVolumesResponse", "volumeSet", |volume, attachments| {
        let items = child(volume, "attachmentSet").into_iter().flat_map(|set| children(set, "item"));
        let ours = items.filter(|item| text(*item, "instanceId") == Some(instance_id)).filter(is_attached);
        attachments.extend(ours.filter_map(|item| {
            Some(Attachment {
                device: text(item, "device")?.to_owned(),
                volume_id: text(item, "volumeId").or_else(|| text(volume, "volumeId"))?.to_owned(),
                availability_zone: text(volume, "availabilityZone")?.to_owned(),
            })
        }));
    })
}

/// `busy` is a volume that is to go and is still in use.
fn is_attached(attachment: &Node<'_, '_>) -> bool {
    matches!(text(*attachment, "status"), Some("attached" | "attaching" | "busy"))
}

/// A page of a list: what `take` finds in the items of `set`; `None` where the body is none.
pub(super) fn page<T>(
    body: &[u8],
    root: &str,
    set: &str,
    mut take: impl FnMut(Node<'_, '_>, &mut Vec<T>),
) -> Option<Page<T>> {
    let document = parse(body)?;
    let root = Some(document.root_element()).filter(|node| node.tag_name().name() == root)?;
    let mut items = Vec::new();
    for item in children(child(root, set)?, "item") {
        take(item, &mut items);
    }
    Some(Page { items, next: text(root, "nextToken").map(str::to_owned) })
}

/// The document in a body; `None` where it isn't whole. Without type definitions, which could multiply what they hold.
fn parse(body: &[u8]) -> Option<Document<'_>> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(std::str::from_utf8(body).ok()?, options).ok()
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

/// The text of a child; `None` where there is none or it is empty.
fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim).filter(|text| !text.is_empty())
}

/// Whether EC2 itself answered, and not something on the way.
pub(super) fn is_the_services(response: &Response<Bytes>) -> bool {
    response.headers().contains_key(REQUEST_ID) || !fault(response).code.is_empty()
}

/// Why EC2 refused; `None` where it didn't.
pub(super) fn refusal(operation: Operation, response: &Response<Bytes>, used: &Credentials) -> Option<Error> {
    let status = response.status().as_u16();
    if status == 200 {
        return None;
    }
    let fault = fault(response);
    let message = fault.message.split(ENCODED).next().unwrap_or_default();
    let message = clean(message.trim_end(), used);
    let request_id = request_id(response, used).or(fault.request_id.map(|id| clean_code(&id, used)));
    Some(classify(Refusal { operation, status, code: clean_code(&fault.code, used), message, request_id }))
}

fn classify(refusal: Refusal) -> Error {
    match refusal.code.as_str() {
        // EC2's word for keys it doesn't know, keys that don't fit and clocks that are off; otherwise it is about rights.
        "AuthFailure" if refusal.message.contains("validate the provided access credentials") => {
            Error::CredentialsRefused(refusal)
        }
        "UnauthorizedOperation"
        | "AccessDenied"
        | "AccessDeniedException"
        | "AuthFailure"
        | "OptInRequired"
        | "Blocked"
        | "PendingVerification" => Error::Denied { refusal },
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken" => Error::CredentialsRefused(refusal),
        "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "SlowDown" => Error::Throttled(refusal),
        "InternalError" | "InternalFailure" | "Unavailable" | "ServiceUnavailable" => Error::Server(refusal),
        code => match refusal.status {
            429 => Error::Throttled(refusal),
            408 | 500.. => Error::Server(refusal),
            // Without a code of EC2's another server answers.
            status if code.is_empty() => Error::Garbled { operation: refusal.operation, status },
            _ => Error::Invalid(refusal),
        },
    }
}

#[derive(Default)]
struct Fault {
    /// Empty where the answer has none.
    code: String,
    message: String,
    request_id: Option<String>,
}

/// `<Response><Errors><Error><Code>…</Code><Message>…</Message></Error></Errors><RequestID>…`; front ends leave out
/// `<Errors>`.
fn fault(response: &Response<Bytes>) -> Fault {
    let Some(document) = parse(response.body()) else { return Fault::default() };
    let root = document.root_element();
    let Some(error) = child(child(root, "Errors").unwrap_or(root), "Error") else { return Fault::default() };
    Fault {
        code: text(error, "Code").unwrap_or_default().to_owned(),
        message: text(error, "Message").unwrap_or_default().to_owned(),
        request_id: text(root, "RequestID").or_else(|| text(root, "RequestId")).map(str::to_owned),
    }
}

/// A page is read or refused.
#[cfg(fuzzing)]
pub fn fuzz(body: &[u8], status: u16) {
    const INSTANCE: &str = "i-0123456789abcdef0";
    let used = Credentials::new("AKIDEXAMPLE", "hidden-word", None, None, "fuzz");
    let _ = (tags(body, INSTANCE), attachments(body, INSTANCE));
    let mut response = Response::new(Bytes::copy_from_slice(body));
    let Ok(status) = hyper::StatusCode::from_u16(status) else { return };
    *response.status_mut() = status;
    let refusal = refusal(Operation::DescribeTags, &response, &used);
    assert_eq!(refusal.is_none(), status == hyper::StatusCode::OK);
    assert!(!format!("{refusal:?}").contains("hidden-word"));
    let _ = is_the_services(&response);
}

#[cfg(test)]
mod tests;
