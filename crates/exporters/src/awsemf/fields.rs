//! What an event is made of: labels and metrics, and what of them its layout depends on.

use model::Text;

/// One label of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label<'a> {
    /// The number of its name.
    pub(crate) name: u32,
    /// How it is written.
    pub(crate) encoding: Encoding,
    /// Whether it can be a dimension: a text that isn't blank, and not too long.
    pub(crate) eligible: bool,
    /// Its value.
    pub(crate) value: &'a Text,
}

/// How a label is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As a text.
    Text,
    /// As the JSON that it is.
    Json,
    /// As the JSON that it is, without its line ends.
    JsonLines,
    /// By the envelope.
    Envelope,
}

/// One metric of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The number of its plan.
    pub(crate) plan: u32,
    /// Its value.
    pub(crate) value: Reading,
    /// Whether CloudWatch takes the value.
    pub(crate) in_range: bool,
}

/// The value of a metric, never NaN or infinite.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reading {
    Integer(i64),
    Float(f64),
    /// A distribution: from where to where its JSON stands among those of the event.
    Json(u32, u32),
}

/// Everything a layout depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayoutKey<'a> {
    pub(crate) labels: &'a [Label<'a>],
    pub(crate) fields: &'a [Field],
    /// One bit for each declaration, set where it accepts the event; none at all where every declaration does.
    pub(crate) accepted: &'a [u64],
    /// The number of the namespace.
    pub(crate) namespace: u32,
    /// Whether the metrics are stored each second, not each minute.
    pub(crate) each_second: bool,
}
