//! Answers of instance metadata. What can't be what it should be is left out, or makes the answer garbled.

use std::net::IpAddr;
use std::time::Duration;

use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::de::MapAccess;

use crate::json::{Members, Text, object, skip};
use crate::partition::is_region_name;

/// More than any token has, in bytes.
const MAX_TOKEN_BYTES: usize = 1024;
/// The longest key and value of a tag, in characters, as EC2 has them.
const MAX_KEY_CHARS: usize = 128;
const MAX_VALUE_CHARS: usize = 256;
/// More tags than an instance can have, AWS's own among them.
const MAX_TAGS: usize = 200;

/// Who this machine is. What the document doesn't say, or says in a way that can't be, is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Such as `i-0123456789abcdef0`.
    pub instance_id: Option<String>,
    /// Such as `m5.large`.
    pub instance_type: Option<String>,
    /// Such as `eu-west-1`.
    pub region: Option<String>,
    /// Such as `eu-west-1a`.
    pub availability_zone: Option<String>,
    /// The first network interface's first address.
    pub private_ip: Option<String>,
}

impl Members for Identity {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let mut read = |is_one: fn(&str) -> bool| Ok(map.next_value::<Text>()?.0.filter(|text| is_one(text)));
        match name {
            "instanceId" => self.instance_id = read(is_instance_id)?,
            "instanceType" => self.instance_type = read(is_instance_type)?,
            "region" => self.region = read(is_region_name)?,
            // Zones are spelled as regions are, with a letter more.
            "availabilityZone" => self.availability_zone = read(is_region_name)?,
            "privateIp" => self.private_ip = read(|text| text.parse::<IpAddr>().is_ok())?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn is_instance_id(text: &str) -> bool {
    let digits = text.strip_prefix("i-").unwrap_or_default();
    (8..=32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_instance_type(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    (3..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// The identity document; `None` where the answer is none.
pub(super) fn identity(response: &Response<Bytes>) -> Option<Identity> {
    object(response.body())
}

/// One key a line; `None` where the answer is a page or no text.
pub(super) fn tag_keys(response: &Response<Bytes>) -> Option<Vec<String>> {
    let text = text(response)?;
    let keys = text.lines().map(str::trim_end).filter(|line| is_tag_key(line));
    Some(keys.take(MAX_TAGS).map(str::to_owned).collect())
}

/// A tag's value; `None` where the answer can't be one.
pub(super) fn tag_value(response: &Response<Bytes>) -> Option<String> {
    let text = text(response)?;
    (text.chars().count() <= MAX_VALUE_CHARS && !text.contains(char::is_control)).then(|| text.to_owned())
}

/// Whether an instance that shows its tags can have this key: one path segment of a bounded length.
///
/// The user guide, "Instance tags in IMDS", rules out slashes, spaces, `.`, `..` and `_index`.
pub(super) fn is_tag_key(key: &str) -> bool {
    let count = key.chars().count();
    (1..=MAX_KEY_CHARS).contains(&count)
        && !key.contains(|char: char| char == '/' || char.is_control() || char.is_whitespace())
        && ![".", "..", "_index"].contains(&key)
}

/// A token to show; `None` where the answer can't be one. It is never part of a text.
pub(super) fn token(response: &Response<Bytes>) -> Option<HeaderValue> {
    let text = text(response)?.trim();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=+/.".contains(&byte);
    if !(1..=MAX_TOKEN_BYTES).contains(&text.len()) || !text.bytes().all(fits) {
        return None;
    }
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A header's whole seconds.
pub(super) fn seconds(response: &Response<Bytes>, name: &HeaderName) -> Option<Duration> {
    let value = response.headers().get(name)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// The body where it is text and no page.
fn text(response: &Response<Bytes>) -> Option<&str> {
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if kind.to_ascii_lowercase().starts_with(b"text/html") {
        return None;
    }
    let text = std::str::from_utf8(response.body()).ok()?;
    let start = text.trim_start().get(..9).unwrap_or(text.trim_start()).to_ascii_lowercase();
    (!start.starts_with("<html") && !start.starts_with("<!doctype")).then_some(text)
}

/// What is read of an answer has the shape of what it should be.
#[cfg(fuzzing)]
pub fn fuzz(body: &[u8]) {
    let response = Response::new(Bytes::copy_from_slice(body));
    if let Some(identity) = identity(&response) {
        assert!(identity.instance_id.is_none_or(|id| is_instance_id(&id)));
        assert!(identity.region.is_none_or(|region| is_region_name(&region)));
    }
    assert!(tag_keys(&response).into_iter().flatten().all(|key| is_tag_key(&key)));
    assert!(tag_value(&response).is_none_or(|value| !value.contains(char::is_control)));
    let _ = token(&response);
}

#[cfg(test)]
mod tests;
