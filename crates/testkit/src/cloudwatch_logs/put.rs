//! PutLogEvents: the checks of the service, and what it stores.

use serde::Deserialize;
use serde_json::{Value, json};

use super::limits::{AGE_DAYS, AHEAD_MS, BATCH_BYTES, DAY_MS, EVENT_BYTES, EVENTS, OVERHEAD_BYTES};
use super::refused::Refused;
use super::{State, Stored};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Put {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<InputEvent>,
    #[serde(default)]
    sequence_token: Option<String>,
    #[serde(default)]
    entity: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputEvent {
    timestamp: i64,
    message: String,
}

fn invalid(message: impl Into<String>) -> Refused {
    Refused { status: 400, code: "InvalidParameterException", message: message.into() }
}

fn missing(what: &str) -> Refused {
    let message = format!("The specified log {what} does not exist.");
    Refused { status: 400, code: "ResourceNotFoundException", message }
}

impl Put {
    pub(super) fn count(&self) -> usize {
        self.log_events.len()
    }

    /// Checks and stores, or says why not.
    pub(super) fn carry_out(self, state: &mut State) -> Result<Value, Refused> {
        self.check()?;
        if state.only_json {
            for event in &self.log_events {
                if !serde_json::from_str::<Value>(&event.message).is_ok_and(|value| value.is_object()) {
                    state.violations.push(format!("an event of {} is no JSON object", self.log_stream_name));
                }
            }
        }
        let now = state.now_ms();
        let group = state.groups.get_mut(&self.log_group_name).ok_or_else(|| missing("group"))?;
        let kept_ms = group.retention_days.map(|days| i64::from(days) * DAY_MS);
        let stream = group.streams.get_mut(&self.log_stream_name).ok_or_else(|| missing("stream"))?;

        let count = self.log_events.len();
        let before = |limit: i64| self.log_events.iter().take_while(|event| event.timestamp < limit).count();
        let too_old_end = before(now - AGE_DAYS * DAY_MS);
        let expired_end = kept_ms.map_or(0, |kept| before(now - kept));
        let too_new_start = self.log_events.iter().position(|event| event.timestamp > now + AHEAD_MS);
        let stored = too_old_end.max(expired_end)..too_new_start.unwrap_or(count);
        for (index, event) in self.log_events.into_iter().enumerate() {
            if stored.contains(&index) {
                stream.push(Stored { time_ms: event.timestamp, stored_at_ms: now, message: event.message });
            }
        }
        let mut info = serde_json::Map::new();
        if too_old_end > 0 {
            info.insert("tooOldLogEventEndIndex".into(), json!(too_old_end));
        }
        if expired_end > too_old_end {
            info.insert("expiredLogEventEndIndex".into(), json!(expired_end));
        }
        if let Some(start) = too_new_start {
            info.insert("tooNewLogEventStartIndex".into(), json!(start));
        }
        let mut answer = json!({ "nextSequenceToken": "0" });
        if !info.is_empty() {
            answer["rejectedLogEventsInfo"] = Value::Object(info);
        }
        if self.entity.is_some_and(|entity| entity.get("keyAttributes").is_none()) {
            answer["rejectedEntityInfo"] = json!({ "errorType": "MissingRequiredFields" });
        }
        Ok(answer)
    }

    fn check(&self) -> Result<(), Refused> {
        if self.log_events.is_empty() || self.log_events.len() > EVENTS {
            return Err(invalid(format!("Member must have length between 1 and {EVENTS}")));
        }
        if let Some(event) = self.log_events.iter().find(|event| event.timestamp < 0 || event.message.is_empty()) {
            return Err(invalid(format!("Log event is not valid, timestamp {}", event.timestamp)));
        }
        if self.log_events.iter().any(|event| event.message.len() > EVENT_BYTES) {
            return Err(invalid("Log event too large"));
        }
        let bytes: usize = self.log_events.iter().map(|event| event.message.len() + OVERHEAD_BYTES).sum();
        if bytes > BATCH_BYTES {
            return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES}")));
        }
        if self.log_events.windows(2).any(|pair| pair[1].timestamp < pair[0].timestamp) {
            return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
        }
        let times = self.log_events.first().zip(self.log_events.last());
        if times.is_some_and(|(first, last)| last.timestamp - first.timestamp > DAY_MS) {
            return Err(invalid(
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
            ));
        }
        Ok(())
    }

    pub(super) fn sequence_token(&self) -> Option<&str> {
        self.sequence_token.as_deref()
    }

    pub(super) fn names(&self) -> (&str, &str) {
        (&self.log_group_name, &self.log_stream_name)
    }
}
