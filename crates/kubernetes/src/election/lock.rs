//! The lock's two objects: their paths, and their JSON, of which only the record is ours.

use serde_json::{Map, Value, json};

use super::record::{ANNOTATION, Record};
use crate::error::ParseError;

/// One of the two objects that may be the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// A ConfigMap with an annotation; always taken first.
    ConfigMap,
    /// A Lease of the same name.
    Lease,
}

impl Lock {
    /// Both, in the order in which they are taken.
    pub const ALL: [Self; 2] = [Self::ConfigMap, Self::Lease];

    /// The object's `kind`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Lease => "Lease",
        }
    }

    /// The object's `apiVersion`.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        match self {
            Self::ConfigMap => "v1",
            Self::Lease => "coordination.k8s.io/v1",
        }
    }
}

/// Where the lock is: namespace and name of both objects. Both are names of Kubernetes, safe in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    namespace: Box<str>,
    name: Box<str>,
}

impl Place {
    /// A place; `None` where one of the two is no name that Kubernetes allows.
    pub fn new(namespace: &str, name: &str) -> Option<Self> {
        let is_name = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            let ends = text.bytes().next().is_some_and(plain) && text.bytes().last().is_some_and(plain);
            ends && text.len() <= 253 && text.bytes().all(|byte| plain(byte) || byte == b'-' || byte == b'.')
        };
        let good = is_name(namespace) && !namespace.contains('.') && is_name(name);
        good.then(|| Self { namespace: namespace.into(), name: name.into() })
    }

    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name of both objects.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where an object of this kind is created.
    pub(super) fn collection(&self, lock: Lock) -> String {
        match lock {
            Lock::ConfigMap => format!("/api/v1/namespaces/{}/configmaps", self.namespace),
            Lock::Lease => format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.namespace),
        }
    }

    /// Where the object is read and updated.
    pub(super) fn object(&self, lock: Lock) -> String {
        format!("{}/{}", self.collection(lock), self.name)
    }

    /// Where the one object is watched from a version on.
    pub(super) fn watch(&self, lock: Lock, version: &str, seconds: u64) -> String {
        let version: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
        format!(
            "{}?watch=1&fieldSelector=metadata.name%3D{}&resourceVersion={version}&allowWatchBookmarks=true\
             &timeoutSeconds={seconds}",
            self.collection(lock),
            self.name
        )
    }

    /// Where events are created.
    pub(super) fn events(&self) -> String {
        format!("/api/v1/namespaces/{}/events", self.namespace)
    }
}

/// What a lock's object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// There is no such object.
    Absent,
    /// An object without a record.
    Bare,
    /// An object with a record, whose holder may be empty.
    Record(Record),
    /// An object with something else in the record's place, which is given so that a change of it is seen.
    Unreadable(Box<str>),
}

/// A lock's object as it was read: all but the record goes back as it came.
#[derive(Debug, Clone)]
pub(super) struct Object {
    value: Map<String, Value>,
    /// Its `metadata.resourceVersion`.
    pub(super) version: Box<str>,
    /// What it says.
    pub(super) view: View,
}

impl Object {
    /// Reads an object of this kind.
    pub(super) fn parse(lock: Lock, bytes: &[u8]) -> Result<Self, ParseError> {
        Self::of(lock, serde_json::from_slice(bytes)?)
    }

    /// An object of this kind, such as a watch delivers.
    pub(super) fn of(lock: Lock, value: Value) -> Result<Self, ParseError> {
        let found = value.get("kind").and_then(Value::as_str).unwrap_or_default();
        let other = |found: &str| ParseError::Kind { expected: lock.kind(), found: found.chars().take(64).collect() };
        if found != lock.kind() {
            return Err(other(found));
        }
        let Value::Object(value) = value else { return Err(other("")) };
        let metadata = value.get("metadata").and_then(Value::as_object);
        let version = metadata.and_then(|metadata| metadata.get("resourceVersion")).and_then(Value::as_str);
        let version = version.ok_or_else(|| other("an object without a resourceVersion"))?.into();
        let view = match lock {
            Lock::ConfigMap => {
                let annotation = metadata.and_then(|metadata| metadata.get("annotations")?.get(ANNOTATION)?.as_str());
                annotation.map_or(View::Bare, |text| match Record::parse_annotation(text) {
                    Ok(record) => View::Record(record),
                    Err(_) => View::Unreadable(text.into()),
                })
            }
            Lock::Lease => {
                match value.get("spec").and_then(Value::as_object).filter(|spec| spec.contains_key("holderIdentity")) {
                    None => View::Bare,
                    Some(spec) => match Record::parse_lease(spec) {
                        Ok(record) => View::Record(record),
                        Err(_) => View::Unreadable(Value::Object(spec.clone()).to_string().into()),
                    },
                }
            }
        };
        Ok(Self { value, version, view })
    }

    /// The object with another record, to be written back: refused by the server if it has changed since it was read.
    pub(super) fn with(&self, lock: Lock, record: &Record) -> Vec<u8> {
        let mut value = self.value.clone();
        insert(lock, &mut value, record);
        Value::Object(value).to_string().into_bytes()
    }

    /// The object's `metadata.uid`; empty where it has none.
    pub(super) fn uid(&self) -> &str {
        let metadata = self.value.get("metadata");
        metadata.and_then(|metadata| metadata.get("uid")?.as_str()).unwrap_or_default()
    }
}

/// A new object with a record, to be created.
pub(super) fn create(lock: Lock, place: &Place, record: &Record) -> Vec<u8> {
    let mut value = Map::new();
    value.insert("apiVersion".into(), lock.api_version().into());
    value.insert("kind".into(), lock.kind().into());
    value.insert("metadata".into(), json!({"name": place.name(), "namespace": place.namespace()}));
    insert(lock, &mut value, record);
    Value::Object(value).to_string().into_bytes()
}

fn insert(lock: Lock, value: &mut Map<String, Value>, record: &Record) {
    match lock {
        Lock::ConfigMap => {
            let annotations = member(member(value, "metadata"), "annotations");
            annotations.insert(ANNOTATION.into(), record.annotation().into());
        }
        Lock::Lease => record.write_lease(member(value, "spec")),
    }
}

/// A member that is an object; another value there, such as null, makes room.
fn member<'a>(value: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    let slot = value.entry(name).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut().expect("it was just made one")
}

/// What is written into an object is read again, for either kind of lock.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8]) {
    for lock in Lock::ALL {
        let Ok(object) = Object::parse(lock, bytes) else { continue };
        let View::Record(record) = &object.view else { continue };
        let again = Object::parse(lock, &object.with(lock, record)).expect("what was written is an object");
        let View::Record(again) = again.view else { panic!("what was written is no record") };
        let seconds = |record: &Record| [record.acquired, record.renewed].map(|time| time.map(|time| time.as_secs()));
        assert_eq!((&again.holder, again.lease(), seconds(&again)), (&record.holder, record.lease(), seconds(record)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAP: &str = r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"l","namespace":"n","uid":"u-1",
        "resourceVersion":"41","labels":{"a":"b"},"annotations":{"mine":"1",
        "control-plane.alpha.kubernetes.io/leader":"{\"holderIdentity\":\"a\",\"leaseDurationSeconds\":60}"}},
        "data":{"k":"v"}}"#;

    #[test]
    fn what_is_not_the_record_goes_back_as_it_came() {
        let object = Object::parse(Lock::ConfigMap, MAP.as_bytes()).expect("an object");
        assert_eq!((&*object.version, object.uid()), ("41", "u-1"));
        assert!(matches!(&object.view, View::Record(record) if record.holder == "a"));
        let record = Record { holder: "b".into(), ..Record::default() };
        let written: Value = serde_json::from_slice(&object.with(Lock::ConfigMap, &record)).expect("JSON");
        let mut expected: Value = serde_json::from_str(MAP).expect("JSON");
        expected["metadata"]["annotations"][ANNOTATION] = record.annotation().into();
        assert_eq!(written, expected);
    }

    #[test]
    fn an_object_is_bare_unreadable_or_has_a_record() {
        let view = |lock, text: &str| Object::parse(lock, text.as_bytes()).expect("an object").view;
        let bare = r#"{"kind":"ConfigMap","metadata":{"resourceVersion":"1","annotations":null}}"#;
        assert_eq!(view(Lock::ConfigMap, bare), View::Bare);
        let odd = format!(
            r#"{{"kind":"ConfigMap","metadata":{{"resourceVersion":"1","annotations":{{"{ANNOTATION}":"me"}}}}}}"#
        );
        assert_eq!(view(Lock::ConfigMap, &odd), View::Unreadable("me".into()));
        for spec in ["", r#","spec":{}"#, r#","spec":null"#] {
            let lease = format!(r#"{{"kind":"Lease","metadata":{{"resourceVersion":"1"}}{spec}}}"#);
            assert_eq!(view(Lock::Lease, &lease), View::Bare);
        }
        let place = Place::new("n", "l").expect("good names");
        for lock in Lock::ALL {
            let record = Record { holder: "a".into(), lease: Some(super::super::record::LEASE), ..Record::default() };
            let mut made: Value = serde_json::from_slice(&create(lock, &place, &record)).expect("JSON");
            made["metadata"]["resourceVersion"] = "1".into();
            assert_eq!(Object::of(lock, made).expect("an object").view, View::Record(record));
        }
    }

    #[test]
    fn another_object_is_refused() {
        for text in ["{}", "[]", r#"{"kind":"Status"}"#, r#"{"kind":"Lease","metadata":{}}"#] {
            Object::parse(Lock::Lease, text.as_bytes()).expect_err(text);
        }
    }

    #[test]
    fn a_place_is_safe_in_a_path() {
        for (namespace, name) in
            [("", "a"), ("a", ""), ("a/b", "c"), ("a", "../b"), ("a", ".."), ("a", "b?c"), ("A", "b"), ("a.b", "c")]
        {
            assert_eq!(Place::new(namespace, name), None, "{namespace} {name}");
        }
        let place = Place::new("amazon-cloudwatch", "otel-container-insight-clusterleader").expect("good names");
        assert_eq!(
            place.watch(Lock::Lease, "4&1", 600),
            "/apis/coordination.k8s.io/v1/namespaces/amazon-cloudwatch/leases?watch=1&fieldSelector=metadata.name%3D\
             otel-container-insight-clusterleader&resourceVersion=41&allowWatchBookmarks=true&timeoutSeconds=600"
        );
    }

    proptest! {
        #[test]
        fn any_answer_is_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in "[\\{\\}\\[\\]\",:a-z0-9]{0,40}") {
            for lock in Lock::ALL {
                let _ = Object::parse(lock, &bytes);
                let odd = format!(r#"{{"kind":"{}","metadata":{{"resourceVersion":"1","annotations":{text}}},"spec":{text}}}"#, lock.kind());
                if let Ok(object) = Object::parse(lock, odd.as_bytes()) {
                    object.with(lock, &Record::default());
                }
            }
        }
    }
}
