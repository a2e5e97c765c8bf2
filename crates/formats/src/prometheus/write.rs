//! Series to Prometheus' text format, version 0.0.4 (the page "Exposition formats" of Prometheus' documentation).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write;

use telemetry::{Reading, Value};

/// What an answer in this format says it is.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// One number under its name and labels.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The metric's name, without suffixes.
    pub name: &'static str,
    /// One sentence that says what it is.
    pub help: &'static str,
    /// The unit where the name does not say it: `bytes`; else empty.
    pub unit: &'static str,
    /// Names with values; a character that is not allowed in a name becomes `_`.
    pub labels: Vec<(String, String)>,
    /// The number.
    pub amount: Amount,
}

/// A number and its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// How many since the process started; written exactly.
    Count(u64),
    /// A sum since the process started that needs a fraction.
    Sum(f64),
    /// What goes up and down.
    Gauge(f64),
}

/// Which suffixes names get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suffixes {
    /// `_total` for counters.
    pub of_type: bool,
    /// Units where the name doesn't say them.
    pub of_unit: bool,
}

/// One name with its series, which are all of one kind.
struct Family<'a> {
    help: &'a str,
    kind: &'static str,
    /// By the text of their labels, so that none is there twice.
    series: BTreeMap<String, Amount>,
}

impl From<Reading> for Series {
    fn from(reading: Reading) -> Self {
        let Reading { name, help, labels, value } = reading;
        let amount = match value {
            Value::Counter(count) => Amount::Count(count),
            Value::Gauge(value) => Amount::Gauge(value),
        };
        Self { name, help, unit: "", labels, amount }
    }
}

impl Amount {
    fn kind(self) -> &'static str {
        match self {
            Self::Count(_) | Self::Sum(_) => "counter",
            Self::Gauge(_) => "gauge",
        }
    }
}

/// The page: families by name, series by labels, `target_info` last.
#[must_use]
pub fn render(series: &[Series], suffixes: Suffixes, resource: &[(String, String)]) -> String {
    let mut families: BTreeMap<String, Family<'_>> = BTreeMap::new();
    for Series { name, help, unit, labels, amount } in series {
        let kind = amount.kind();
        let family = match families.entry(full_name(name, unit, kind, suffixes)) {
            Entry::Vacant(place) => place.insert(Family { help, kind, series: BTreeMap::new() }),
            // One name is of one kind, or the whole page is refused.
            Entry::Occupied(place) if place.get().kind != kind => continue,
            Entry::Occupied(place) => place.into_mut(),
        };
        family.series.entry(label_set(labels)).or_insert(*amount);
    }
    let mut page = String::with_capacity(4096);
    for (name, family) in &families {
        write_family(&mut page, name, family);
    }
    let series = BTreeMap::from([(label_set(resource), Amount::Count(1))]);
    write_family(&mut page, "target_info", &Family { help: "Target metadata", kind: "gauge", series });
    page
}

fn full_name(name: &str, unit: &str, kind: &str, suffixes: Suffixes) -> String {
    let mut full = legal_name(name).into_owned();
    if suffixes.of_unit && !unit.is_empty() {
        full.push('_');
        full.push_str(unit);
    }
    if suffixes.of_type && kind == "counter" && !full.ends_with("_total") {
        full.push_str("_total");
    }
    full
}

// Writing into a String never fails.
fn write_family(page: &mut String, name: &str, family: &Family<'_>) {
    let help = family.help.replace('\\', r"\\").replace('\n', r"\n");
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {}", family.kind);
    for (labels, amount) in &family.series {
        let _ = write!(page, "{name}{labels} ");
        let _ = match *amount {
            Amount::Count(count) => writeln!(page, "{count}"),
            Amount::Sum(value) | Amount::Gauge(value) => writeln!(page, "{}", number(value)),
        };
    }
}

/// The braces with all labels in them; nothing where there are none.
fn label_set(labels: &[(String, String)]) -> String {
    let mut by_name: BTreeMap<Cow<'_, str>, &str> = BTreeMap::new();
    for (name, value) in labels {
        by_name.entry(legal_name(name)).or_insert(value);
    }
    let mut set = String::new();
    for (name, value) in by_name {
        set.push(if set.is_empty() { '{' } else { ',' });
        let value = value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
        let _ = write!(set, "{name}=\"{value}\"");
    }
    if !set.is_empty() {
        set.push('}');
    }
    set
}

/// A name in which any character but an ASCII letter, digit or underscore is an underscore, also a digit at its beginning.
fn legal_name(name: &str) -> Cow<'_, str> {
    let legal = |(at, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || at > 0 && c.is_ascii_digit();
    if !name.is_empty() && name.char_indices().all(legal) {
        return Cow::Borrowed(name);
    }
    let first = if name.starts_with(|c: char| c.is_ascii_digit()) || name.is_empty() { "_" } else { "" };
    let rest = name.chars().map(|c| if c == '_' || c.is_ascii_alphanumeric() { c } else { '_' });
    Cow::Owned(first.chars().chain(rest).collect())
}

/// A number as Go's `ParseFloat` reads it.
fn number(value: f64) -> Cow<'static, str> {
    match value {
        f64::INFINITY => Cow::Borrowed("+Inf"),
        f64::NEG_INFINITY => Cow::Borrowed("-Inf"),
        value => Cow::Owned(value.to_string()),
    }
}
