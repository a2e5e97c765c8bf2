//! How a log line is written.
//!
//! For people: `TIME LEVEL COMPONENT: MESSAGE KEY=VALUE …`. As JSON one object a line, whose first keys are `timestamp` (RFC 3339,
//! UTC), `level` (`ERROR`, `WARN`, `INFO`, `DEBUG`), `component` (unless `disable_caller` takes it away) and `message`, after
//! which come the line's own fields; `lost_lines` is how many lines before it no output took. No line has a control character of a field or a message in it but as an escape.

use std::fmt::{self, Debug, Write};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::{names, outputs};
use crate::service::Encoding;

/// The field of a span, or of a line, that names the component.
const COMPONENT: &str = "component";
/// Keys of a JSON line that no field of a line may take.
const RESERVED: [&str; 4] = ["timestamp", "level", COMPONENT, "message"];

/// Writes lines.
#[derive(Debug)]
pub struct Lines {
    pub encoding: Encoding,
    pub with_component: bool,
}

/// What a line has to say.
#[derive(Debug, Default)]
struct Parts {
    message: String,
    component: Option<String>,
    fields: Vec<(&'static str, Value, Quotes)>,
}

/// Whether a text is quoted for people: one that was given as text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Yes,
    No,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut parts = Parts::default();
        event.record(&mut parts);
        let lost = outputs::lost();
        if lost > 0 {
            parts.fields.push(("lost_lines", lost.into(), Quotes::No));
        }
        let around = || {
            context.event_scope()?.find_map(|span| {
                let extensions = span.extensions();
                let fields = extensions.get::<FormattedFields<N>>()?;
                Some(fields.fields.strip_prefix(COMPONENT)?.strip_prefix('=')?.to_owned())
            })
        };
        let component = parts.component.take().or_else(around);
        let component = component.as_deref().unwrap_or_else(|| names::of_module(event.metadata().target()));
        let component = Some(component).filter(|_| self.with_component);
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let line = match self.encoding {
            Encoding::Console => console(&time, event.metadata().level().as_str(), component, &parts),
            Encoding::Json => json(&time, event.metadata().level().as_str(), component, &parts),
        };
        writer.write_str(&line)
    }
}

fn console(time: &str, level: &str, component: Option<&str>, parts: &Parts) -> String {
    let mut line = format!("{time} {level:>5} ");
    if let Some(component) = component {
        push_escaped(&mut line, component);
        line.push_str(": ");
    }
    push_escaped(&mut line, &parts.message);
    for (key, value, quotes) in &parts.fields {
        // Writing to a String cannot fail.
        let _ = match value {
            Value::String(text) if *quotes == Quotes::Yes => write!(line, " {key}={text:?}"),
            Value::String(text) => {
                let _ = write!(line, " {key}=");
                push_escaped(&mut line, text);
                Ok(())
            }
            value => write!(line, " {key}={value}"),
        };
    }
    line.push('\n');
    line
}

fn json(time: &str, level: &str, component: Option<&str>, parts: &Parts) -> String {
    let mut line = String::from("{");
    let mut push = |key: &str, value: &Value| {
        let comma = if line.len() > 1 { "," } else { "" };
        let _ = write!(line, "{comma}{}:{value}", Value::from(key));
    };
    push("timestamp", &time.into());
    push("level", &level.into());
    if let Some(component) = component {
        push(COMPONENT, &component.into());
    }
    push("message", &parts.message.as_str().into());
    for (key, value, _) in &parts.fields {
        if RESERVED.contains(key) { push(&format!("{key}_"), value) } else { push(key, value) }
    }
    line.push_str("}\n");
    line
}

/// A text without anything that a terminal obeys or that begins another line.
fn push_escaped(line: &mut String, text: &str) {
    for letter in text.chars() {
        if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
}

impl Parts {
    fn put(&mut self, field: &Field, value: Value, quotes: Quotes) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (COMPONENT, Value::String(text)) => self.component = Some(text),
            (name, value) => self.fields.push((name, value, quotes)),
        }
    }
}

impl Visit for Parts {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}").into(), Quotes::No);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into(), Quotes::Yes);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into(), Quotes::No);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into(), Quotes::No);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into(), Quotes::No);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into(), Quotes::No);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{error, info};

    use super::*;

    /// What lines become in an encoding, the time left out.
    fn check(encoding: Encoding, with_component: bool, log: impl Fn(), expected: &str) {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(Lines { encoding, with_component })
            .with_writer(move || Shared(writer.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let without_time = match encoding {
            Encoding::Console => text.split_once(' ').unwrap().1.to_owned(),
            Encoding::Json => {
                assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
                text.split_once("Z\",").unwrap().1.to_owned()
            }
        };
        assert_eq!(without_time, expected);
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_carries_its_components_name_in_both_encodings() {
        let in_span = || {
            let span = super::super::span(crate::components::Section::Exporters, "awsemf/a");
            span.in_scope(|| error!(group = "g", failures = 3, rest = %"as is", "delivery fails"));
        };
        check(
            Encoding::Console,
            true,
            in_span,
            "ERROR exporter/awsemf/a: delivery fails group=\"g\" failures=3 rest=as is\n",
        );
        let json = r#""level":"ERROR","component":"exporter/awsemf/a","message":"delivery fails","group":"g","failures":3,"rest":"as is"}"#;
        check(Encoding::Json, true, in_span, &format!("{json}\n"));
        check(Encoding::Console, false, in_span, "ERROR delivery fails group=\"g\" failures=3 rest=as is\n");
        let named = || info!(component = "receiver/x", level = true, "limit");
        check(Encoding::Console, true, named, " INFO receiver/x: limit level=true\n");
        check(
            Encoding::Json,
            true,
            named,
            "\"level\":\"INFO\",\"component\":\"receiver/x\",\"message\":\"limit\",\"level_\":true}\n",
        );
        check(Encoding::Console, true, || info!("a module says"), " INFO agent: a module says\n");
    }

    #[test]
    fn no_text_from_outside_reaches_a_terminal_or_begins_a_line() {
        let evil = "a\u{1b}[2Jb\nc\u{7}\u{9b}31m";
        let log = || info!(plain = %evil, debugged = ?evil, quoted = evil, "{evil}");
        let written = "a\\u{1b}[2Jb\\nc\\u{7}\\u{9b}31m";
        let expected = format!(" INFO agent: {written} plain={written} debugged=\"{written}\" quoted=\"{written}\"\n");
        check(Encoding::Console, true, log, &expected);
    }
}
