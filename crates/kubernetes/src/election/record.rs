//! Who holds a lock and since when: the same record as a ConfigMap's annotation and as a Lease's `spec`.
//!
//! Follows `LeaderElectionRecord` of `k8s.io/client-go/tools/leaderelection/resourcelock` and `LeaseSpec` of
//! `coordination.k8s.io/v1`. Members that newer libraries add (`strategy`, `preferredHolder`) are dropped.

use std::time::Duration;

use net::time;
use serde_json::{Map, Value, json};

/// The annotation of a ConfigMap that holds its record.
pub const ANNOTATION: &str = "control-plane.alpha.kubernetes.io/leader";
/// How long a lock that we hold stays ours without a renewal: 60 s.
pub const LEASE: Duration = Duration::from_secs(60);
/// A record beyond it is one written by hand: 1 h.
const LONGEST: u64 = 3600;

/// Who holds a lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The holder's identity, a node's name; empty once it was given back.
    pub holder: String,
    /// For how long after a renewal others keep away, in whole seconds; `None` where the record has no sensible number.
    pub lease: Option<Duration>,
    /// When the holder took it, by its own clock since 1970.
    pub acquired: Option<Duration>,
    /// When the holder renewed it last, by its own clock since 1970. Never compared with ours.
    pub renewed: Option<Duration>,
    /// How often the holder changed.
    pub transitions: u64,
}

/// A record that isn't one.
#[derive(Debug, thiserror::Error)]
#[error("the lock's record is unreadable: {reason}")]
pub struct Unreadable {
    /// What is wrong with it.
    reason: String,
}

impl Record {
    /// For how long others keep away after they saw it change: 60 s where it doesn't say.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.lease.unwrap_or(LEASE)
    }

    /// Reads the annotation's value.
    pub fn parse_annotation(text: &str) -> Result<Self, Unreadable> {
        let value: Value = serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))?;
        let object = value.as_object().ok_or_else(|| unreadable("no object"))?;
        Self::parse(object, "leaderTransitions")
    }

    /// Reads a Lease's `spec`.
    pub fn parse_lease(spec: &Map<String, Value>) -> Result<Self, Unreadable> {
        Self::parse(spec, "leaseTransitions")
    }

    fn parse(object: &Map<String, Value>, transitions: &str) -> Result<Self, Unreadable> {
        let member = |name: &str| object.get(name).filter(|value| !value.is_null());
        let whole = |name: &str| match member(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| unreadable(&format!("{name} is no whole number"))),
        };
        let moment = |name: &str| match member(name) {
            None => Ok(None),
            // Go's zero time is what a client without a time writes.
            Some(value) if value == "0001-01-01T00:00:00Z" => Ok(None),
            Some(value) => {
                value.as_str().and_then(time::parse).map(Some).ok_or_else(|| unreadable(&format!("{name} is no time")))
            }
        };
        let holder = match member("holderIdentity") {
            None => String::new(),
            Some(value) => value.as_str().ok_or_else(|| unreadable("holderIdentity is no text"))?.to_owned(),
        };
        let lease = whole("leaseDurationSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
        Ok(Self {
            holder,
            lease: lease.filter(|seconds| *seconds > 0).map(|seconds| Duration::from_secs(seconds.min(LONGEST))),
            acquired: moment("acquireTime")?,
            renewed: moment("renewTime")?,
            transitions: whole(transitions)?.and_then(|count| u64::try_from(count).ok()).unwrap_or(0),
        })
    }

    /// The annotation's value.
    #[must_use]
    pub fn annotation(&self) -> String {
        let time = |time: Option<Duration>| time.map(time::seconds);
        json!({
            "holderIdentity": self.holder,
            "leaseDurationSeconds": self.lease().as_secs(),
            "acquireTime": time(self.acquired),
            "renewTime": time(self.renewed),
            "leaderTransitions": self.transitions,
        })
        .to_string()
    }

    /// Writes the record over a Lease's `spec`.
    pub fn write_lease(&self, spec: &mut Map<String, Value>) {
        let time = |time: Option<Duration>| time.map(time::micros);
        spec.insert("holderIdentity".into(), self.holder.as_str().into());
        spec.insert("leaseDurationSeconds".into(), self.lease().as_secs().into());
        spec.insert("acquireTime".into(), time(self.acquired).into());
        spec.insert("renewTime".into(), time(self.renewed).into());
        // The API knows 32 bits.
        spec.insert("leaseTransitions".into(), self.transitions.min(i32::MAX as u64).into());
    }
}

fn unreadable(reason: &str) -> Unreadable {
    Unreadable { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the CloudWatch agent's library writes it.
    const WRITTEN: &str = r#"{"holderIdentity":"ip-10-0-0-1.ec2.internal","leaseDurationSeconds":60,"acquireTime":"2026-11-25T13:00:00Z","renewTime":"2026-11-25T13:14:58Z","leaderTransitions":3}"#;

    #[test]
    fn the_libraries_record_is_read_and_written_alike() {
        let record = Record::parse_annotation(WRITTEN).expect("a record");
        assert_eq!(record.holder, "ip-10-0-0-1.ec2.internal");
        assert_eq!((record.lease(), record.transitions), (Duration::from_secs(60), 3));
        assert_eq!(record.renewed.map(|time| time.as_secs()), Some(1_795_612_498));
        let same: Value = serde_json::from_str(WRITTEN).expect("JSON");
        assert_eq!(serde_json::from_str::<Value>(&record.annotation()).expect("JSON"), same);
    }

    #[test]
    fn a_lease_is_read_and_written_to_the_microsecond() {
        let spec = json!({"holderIdentity":"a","leaseDurationSeconds":60,"acquireTime":"2026-11-25T13:00:00.000000Z",
            "renewTime":"2026-11-25T13:14:58.123456Z","leaseTransitions":2,"strategy":"OldestEmulationVersion"});
        let record = Record::parse_lease(spec.as_object().expect("an object")).expect("a record");
        let mut written = spec.as_object().expect("an object").clone();
        record.write_lease(&mut written);
        assert_eq!(Value::from(written), spec);
    }

    #[test]
    fn missing_members_are_tolerated() {
        let record = Record::parse_annotation(r#"{"acquireTime":null,"preferredHolder":"x"}"#).expect("a record");
        assert_eq!(record, Record::default());
        assert_eq!(record.lease(), LEASE);
        for seconds in ["0", "-1", "null"] {
            let text = format!(r#"{{"leaseDurationSeconds":{seconds}}}"#);
            assert_eq!(Record::parse_annotation(&text).expect("a record").lease(), LEASE);
        }
        let absurd = Record::parse_annotation(r#"{"leaseDurationSeconds":99999999}"#).expect("a record");
        assert_eq!(absurd.lease(), Duration::from_secs(3600));
    }

    #[test]
    fn nonsense_is_unreadable() {
        for text in [
            "",
            "me",
            "[]",
            "{",
            r#"{"holderIdentity":1}"#,
            r#"{"renewTime":"noon"}"#,
            r#"{"leaseDurationSeconds":"60"}"#,
        ] {
            Record::parse_annotation(text).expect_err(text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,80}", name in "[a-zA-Z]{0,20}", value in "[0-9\"a-z:TZ.-]{0,30}") {
            let _ = Record::parse_annotation(&text);
            let _ = Record::parse_annotation(&format!("{{\"renewTime\":{value},\"{name}\":{value},\"holderIdentity\":{value}}}"));
        }

        #[test]
        fn a_written_record_is_read_again(holder in ".{0,20}", seconds in 1u64..3600, times in (0u64..253_402_300_799, 0u32..1_000_000), transitions in 0u64..2_000_000_000) {
            let time = Duration::new(times.0, times.1 * 1000);
            let record = Record { holder, lease: Some(Duration::from_secs(seconds)), acquired: None, renewed: Some(time), transitions };
            let mut spec = Map::new();
            record.write_lease(&mut spec);
            prop_assert_eq!(&Record::parse_lease(&spec).expect("a record"), &record);
            let whole = Record { renewed: Some(Duration::from_secs(times.0)), ..record };
            prop_assert_eq!(Record::parse_annotation(&whole.annotation()).expect("a record"), whole);
        }
    }
}
