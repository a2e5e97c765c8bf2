//! One event as JSON.

use super::config::EnvelopeVersion;
use super::fields::{Encoding, Field, Label, Reading};
use super::layout::Layout;
use super::metrics::Metrics;
use super::name_table::NameTable;
use super::{json, nested};

/// An event about to be written.
pub(crate) struct Writing<'a> {
    pub(crate) time_ms: i64,
    /// The version the event says it has, and its envelope where it has directives.
    pub(crate) version: EnvelopeVersion,
    pub(crate) labels: &'a [Label<'a>],
    pub(crate) fields: &'a [Field],
    /// What the fields' distributions are as JSON.
    pub(crate) distributions: &'a [u8],
    pub(crate) layout: &'a Layout,
    pub(crate) names: &'a NameTable,
    pub(crate) metrics: &'a Metrics,
}

impl Writing<'_> {
    /// Replaces what is in the buffer by the event.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(br#"{"Timestamp":""#);
        json::write_integer(out, self.time_ms);
        out.extend_from_slice(br#"","Version":""#);
        out.extend_from_slice(self.version.as_str().as_bytes());
        out.push(b'"');
        for label in self.labels.iter().filter(|label| label.encoding == Encoding::Text) {
            self.write_name(out, label.name);
            json::write_text(out, label.value);
        }
        for &place in &self.layout.order {
            let field = self.fields[place as usize];
            self.write_name(out, self.metrics.get(field.plan).name);
            match field.value {
                Reading::Integer(value) => json::write_integer(out, value),
                Reading::Float(value) => json::write_float(out, value),
                Reading::Json(start, end) => out.extend_from_slice(&self.distributions[start as usize..end as usize]),
            }
        }
        for label in self.labels {
            match label.encoding {
                Encoding::Json => {
                    self.write_name(out, label.name);
                    out.extend_from_slice(label.value.as_bytes());
                }
                Encoding::JsonLines => {
                    self.write_name(out, label.name);
                    nested::write_without_lines(out, label.value);
                }
                Encoding::Text | Encoding::Envelope => {}
            }
        }
        if !self.layout.directives.is_empty() {
            self.write_directives(out);
        }
        out.push(b'}');
    }

    fn write_name(&self, out: &mut Vec<u8>, name: u32) {
        out.extend_from_slice(&self.names.get(name).member);
    }

    fn write_directives(&self, out: &mut Vec<u8>) {
        match self.version {
            EnvelopeVersion::One => {
                out.extend_from_slice(br#","_aws":{"CloudWatchMetrics":"#);
                out.extend_from_slice(&self.layout.directives);
                out.extend_from_slice(br#","Timestamp":"#);
                json::write_integer(out, self.time_ms);
                out.push(b'}');
            }
            EnvelopeVersion::Zero => {
                out.extend_from_slice(br#","CloudWatchMetrics":"#);
                out.extend_from_slice(&self.layout.directives);
            }
        }
    }
}
