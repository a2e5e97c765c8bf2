//! Records to events in the embedded metric format: pure, and straight into one reused buffer.

use aws::logs::limits::MAX_EVENT_BYTES;
use model::{Batch, Data, Number, Record, Text, Value};
use tracing::{debug, warn};

use super::config::{Config, EnvelopeVersion, Undeclared};
use super::cut::{Cut, cut};
use super::destination::Destination;
use super::destinations::Destinations;
use super::distribution::{self, Set};
use super::event::Writing;
use super::fields::{Encoding, Field, Label, LayoutKey, Reading};
use super::grouping::{self, Grouping, Part};
use super::layout::Layouts;
use super::limits;
use super::matching::Matchers;
use super::metrics::Metrics;
use super::name_table::{NameTable, Role};
use super::nested::{Form, JsonCache};

/// How many names, metrics and destinations are remembered before the encoder begins anew.
const MOST_REMEMBERED: usize = 1 << 14;

/// An event as the encoder hands it on.
#[derive(Debug, Clone, Copy)]
pub struct Encoded<'a> {
    /// Log group and log stream.
    pub destination: &'a Destination,
    /// Whether every placeholder of the destination found its value.
    pub resolved: bool,
    /// Milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Metric points in it.
    pub points: u32,
    /// One JSON object on one line, without a line end.
    pub body: &'a [u8],
}

/// What the encoder has counted since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events handed on.
    pub events: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Points left out because they were NaN or infinite.
    pub not_finite: u64,
    /// Points left out because an attribute or the envelope has a member of the metric's name.
    pub collisions: u64,
    /// Points replaced by a later one of the same metric and the same attributes.
    pub replaced: u64,
    /// Attributes left out because the envelope has a member of their name.
    pub reserved: u64,
    /// Attributes that should have been JSON and weren't, so that they stayed texts.
    pub invalid_json: u64,
    /// Events dropped because nothing is extracted from them.
    pub undeclared: u64,
    /// Events some of whose attributes were cut because they were more than an event may have.
    pub cut: u64,
    /// Events lost, in part at least, because one metric alone was more than an event may have.
    pub oversized: u64,
}

/// Encodes batches.
#[derive(Debug)]
pub struct Encoder {
    config: Config,
    default_stream: String,
    memory: Memory,
    grouping: Grouping,
    json_cache: JsonCache,
    scratch: Scratch,
    counts: Counts,
    /// Attributes were cut in the last batch: it is told when that begins.
    cutting: bool,
}

/// What is known about names and combinations met so far.
#[derive(Debug)]
struct Memory {
    names: NameTable,
    metrics: Metrics,
    layouts: Layouts,
    matchers: Matchers,
    destinations: Destinations,
}

/// What one event needs, kept for the next one.
#[derive(Debug, Default)]
struct Scratch {
    fields: Vec<Field>,
    /// Parts of distributions beyond the first, each with its number.
    further: Vec<(u32, Field)>,
    /// The JSON of distributions, one behind the other.
    distributions: Vec<u8>,
    seen: Vec<Seen>,
    event: u32,
    accepted: Vec<u64>,
    body: Vec<u8>,
}

/// In which event a name was seen last, and as what.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    event: u32,
    // The metric's place among the event's fields; `None` for an attribute.
    field: Option<u32>,
}

impl Memory {
    fn new(config: &Config, default_stream: &str) -> Self {
        let mut names = NameTable::new(config);
        Self {
            layouts: Layouts::new(config, &mut names),
            matchers: Matchers::new(config, &mut names),
            names,
            metrics: Metrics::new(config),
            destinations: Destinations::new(config, default_stream),
        }
    }

    fn is_full(&self) -> bool {
        self.layouts.is_full()
            || [self.names.len(), self.metrics.len(), self.destinations.len()]
                .iter()
                .any(|count| *count > MOST_REMEMBERED)
    }
}

impl Encoder {
    /// An encoder; `default_stream` is the log stream where the configuration names none.
    #[must_use]
    pub fn new(config: &Config, default_stream: &str) -> Self {
        Self {
            config: config.clone(),
            default_stream: default_stream.to_owned(),
            memory: Memory::new(config, default_stream),
            grouping: Grouping::default(),
            json_cache: JsonCache::default(),
            scratch: Scratch::default(),
            counts: Counts::default(),
            cutting: false,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Encodes a batch, and hands each event on as it is done.
    ///
    /// Every event is one JSON object: `Timestamp` and `Version`, the attributes in byte order, the metrics that
    /// CloudWatch extracts by name, the other metrics by name, then what holds further members: attributes that are
    /// JSON, and the directives. CloudWatch Logs finds the first 200 members of an event by itself, so the ones people
    /// ask for come first.
    ///
    /// # Errors
    ///
    /// The first error of `sink`; the rest of the batch is not encoded.
    pub fn encode<E>(&mut self, batch: &Batch, sink: &mut impl FnMut(Encoded<'_>) -> Result<(), E>) -> Result<(), E> {
        if self.memory.is_full() {
            self.memory = Memory::new(&self.config, &self.default_stream);
            self.scratch.seen = Vec::new();
        }
        let conversion = self.config.resource_to_telemetry_conversion.enabled;
        let destinations = &mut self.memory.destinations;
        let mut grouping = std::mem::take(&mut self.grouping);
        grouping.arrange(batch, conversion, |record| destinations.of(record));
        let mut labels = Vec::new();
        let cut_before = self.counts.cut;
        let result = grouping.parts.chunk_by(|this, that| this.event == that.event).try_for_each(|event| {
            labels.clear();
            self.encode_event(batch, event, &mut labels, sink)
        });
        self.grouping = grouping;
        self.json_cache.end_round();
        self.cutting = self.counts.cut > cut_before;
        result
    }

    fn encode_event<'a, E>(
        &mut self,
        batch: &'a Batch,
        event: &[Part],
        labels: &mut Vec<Label<'a>>,
        sink: &mut impl FnMut(Encoded<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.scratch.begin();
        let each_second = self.gather_labels(&batch.records[event[0].record as usize], labels);
        for part in event {
            batch.records[part.record as usize].points.iter().for_each(|point| self.gather_point(point));
        }
        self.memory.matchers.accept(labels, &mut self.scratch.accepted);
        let fields = std::mem::take(&mut self.scratch.fields);
        let further = std::mem::take(&mut self.scratch.further);
        let lost = self.counts.oversized;
        let mut result = self.write_fields(event[0], labels, &fields, each_second, sink);
        // Further parts of a distribution have events of their own: an event has each metric once.
        for part in 1..=further.iter().map(|(part, _)| *part).max().unwrap_or(0) {
            let fields: Vec<Field> = further.iter().filter(|(of, _)| *of == part).map(|(_, field)| *field).collect();
            result = result.and_then(|()| self.write_fields(event[0], labels, &fields, each_second, sink));
        }
        // An event counts once, however many of its metrics were too large.
        self.counts.oversized = self.counts.oversized.min(lost + 1);
        (self.scratch.fields, self.scratch.further) = (fields, further);
        result
    }

    /// Cuts an event's attributes where they are what makes it too large: the places of those that stay, and what stays of one
    /// that is shorter. `None` where they aren't.
    fn cut_labels(&mut self, labels: &[Label<'_>]) -> Option<Vec<(usize, Option<Text>)>> {
        let cuts = cut(labels, limits::ATTRIBUTES_OF_LARGE_EVENT);
        if cuts.iter().all(|cut| *cut == Cut::Kept) {
            return None;
        }
        self.counts.cut += 1;
        let by_size = labels.iter().zip(&cuts).filter(|(_, cut)| **cut != Cut::Kept);
        if let Some((largest, _)) = by_size.max_by_key(|(label, _)| label.value.len())
            && !std::mem::replace(&mut self.cutting, true)
        {
            let value = |wanted: &str| labels.iter().find(|label| &*self.memory.names.get(label.name).text == wanted);
            let pod = ["PodName", "NodeName"].into_iter().find_map(value).map_or("", |label| &**label.value);
            let attribute = &*self.memory.names.get(largest.name).text;
            let bytes = largest.value.len();
            warn!(
                attribute,
                bytes,
                of = pod.get(..100).unwrap_or(pod),
                "attributes are larger than an event may be: the largest are cut, metrics stay; pod_labels selects fewer labels"
            );
        }
        let kept = cuts.into_iter().enumerate().filter_map(|(at, cut)| match cut {
            Cut::Kept => Some((at, None)),
            Cut::Shorter(text) => Some((at, Some(text))),
            Cut::Gone => None,
        });
        Some(kept.collect())
    }

    /// Collects the labels of an event; says whether its metrics are stored each second.
    fn gather_labels<'a>(&mut self, record: &'a Record, labels: &mut Vec<Label<'a>>) -> bool {
        let mut each_second = false;
        let conversion = self.config.resource_to_telemetry_conversion.enabled;
        for (name, value) in grouping::labels(record, conversion) {
            let name = self.memory.names.of(name);
            let encoding = match self.memory.names.get(name).role {
                Role::Field | Role::Scope => Encoding::Text,
                Role::Envelope => Encoding::Envelope,
                Role::Nested => match self.json_cache.of(value) {
                    Form::OneLine => Encoding::Json,
                    Form::Lines => Encoding::JsonLines,
                    Form::Invalid => {
                        self.counts.invalid_json += 1;
                        Encoding::Text
                    }
                },
                Role::StorageResolution => {
                    each_second = &**value == "1";
                    continue;
                }
                Role::Reserved => {
                    self.counts.reserved += 1;
                    continue;
                }
                Role::Excluded => continue,
            };
            self.scratch.see(name, None);
            let eligible = matches!(encoding, Encoding::Text | Encoding::Envelope) && is_dimension_value(value);
            labels.push(Label { name, encoding, eligible, value });
        }
        each_second
    }

    fn gather_point(&mut self, point: &model::Point) {
        let number = match &point.value {
            Value::Integer(value) => Number::Integer(*value),
            Value::Float(value) => Number::Float(*value),
            // The sender says that there is no value.
            Value::Compound(compound) if compound.flags & 1 == 1 => return,
            Value::Compound(compound) => match &compound.data {
                Data::Number(number) => *number,
                data => return self.gather_distribution(point, data),
            },
        };
        let (value, in_range) = match number {
            Number::Integer(value) => (Reading::Integer(value), true),
            Number::Float(value) if !value.is_finite() => {
                self.counts.not_finite += 1;
                return;
            }
            Number::Float(value) => (Reading::Float(value), value.abs() <= limits::METRIC_VALUE),
        };
        let plan = self.memory.metrics.of(&point.metric, &mut self.memory.names);
        let _taken = self.put(point, Field { plan, value, in_range });
    }

    fn gather_distribution(&mut self, point: &model::Point, data: &Data) {
        let sets = distribution::sets(data, self.config.histograms);
        if sets.is_empty() {
            self.counts.not_finite += 1;
            return;
        }
        let plan = self.memory.metrics.of(&point.metric, &mut self.memory.names);
        let mut field = |set: &Set| {
            let json = &mut self.scratch.distributions;
            let start = json.len();
            set.write(json);
            let [start, end] = [start, json.len()].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
            Field { plan, value: Reading::Json(start, end), in_range: set.is_within(limits::METRIC_VALUE) }
        };
        let fields: Vec<Field> = sets.iter().map(&mut field).collect();
        if self.put(point, fields[0]) {
            self.scratch.further.extend((1..).zip(fields.into_iter().skip(1)));
        }
    }

    /// Takes a metric, unless another member has its name; says whether it did. One that was there before goes with all its
    /// parts.
    fn put(&mut self, point: &model::Point, field: Field) -> bool {
        let metrics = &self.memory.metrics;
        let plan = metrics.get(field.plan);
        let (name, reserved) = (plan.name, plan.reserved);
        match self.scratch.seen(name) {
            _ if reserved => return self.collide(point),
            Some(Seen { field: None, .. }) => return self.collide(point),
            Some(Seen { field: Some(place), .. }) => {
                self.counts.replaced += 1;
                self.scratch.fields[place as usize] = field;
                self.scratch.further.retain(|(_, further)| metrics.get(further.plan).name != name);
            }
            None => {
                let place = u32::try_from(self.scratch.fields.len()).unwrap_or(u32::MAX);
                self.scratch.see(name, Some(place));
                self.scratch.fields.push(field);
            }
        }
        true
    }

    /// Counts a metric that is left out: it was not taken.
    fn collide(&mut self, point: &model::Point) -> bool {
        self.counts.collisions += 1;
        debug!(metric = point.metric.name(), "metric left out: the event has another member of this name");
        false
    }

    /// Writes an event with these fields, or several where one would be too large.
    fn write_fields<E>(
        &mut self,
        part: Part,
        labels: &[Label<'_>],
        fields: &[Field],
        each_second: bool,
        sink: &mut impl FnMut(Encoded<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if fields.is_empty() {
            return Ok(());
        }
        if !self.write_event(part, labels, fields, each_second) {
            self.counts.undeclared += 1;
            return Ok(());
        }
        let body = &self.scratch.body;
        if body.len() > MAX_EVENT_BYTES {
            if let Some(kept) = self.cut_labels(labels) {
                let kept = kept.iter().map(|(at, shorter)| {
                    let label = labels[*at];
                    Label { value: shorter.as_ref().unwrap_or(label.value), ..label }
                });
                let labels: Vec<Label<'_>> = kept.collect();
                return self.write_fields(part, &labels, fields, each_second, sink);
            }
            if fields.len() == 1 {
                self.counts.oversized += 1;
                return Ok(());
            }
            let (first, second) = fields.split_at(fields.len() / 2);
            self.write_fields(part, labels, first, each_second, sink)?;
            return self.write_fields(part, labels, second, each_second, sink);
        }
        self.counts.events += 1;
        self.counts.bytes += body.len() as u64;
        let destination = self.memory.destinations.destination(part.target.destination);
        let points = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        sink(Encoded { destination, resolved: part.target.resolved, time_ms: part.time_ms, points, body })
    }

    /// Writes one event into the buffer, unless it is one to drop.
    fn write_event(&mut self, part: Part, labels: &[Label<'_>], fields: &[Field], each_second: bool) -> bool {
        let Memory { names, metrics, layouts, destinations, .. } = &mut self.memory;
        let namespace = destinations.namespace(part.target.namespace);
        let accepted = &self.scratch.accepted;
        let key = LayoutKey { labels, fields, accepted, namespace: part.target.namespace, each_second };
        let layout = layouts.of(key, namespace, names, metrics);
        let extracts = !layout.directives.is_empty();
        if !extracts && drops(&self.config, labels, names) {
            return false;
        }
        let version = self.config.version;
        let event = Writing {
            time_ms: part.time_ms,
            version: if extracts || self.config.uniform_version { version } else { EnvelopeVersion::Zero },
            labels,
            fields,
            distributions: &self.scratch.distributions,
            layout,
            names,
            metrics,
        };
        event.write(&mut self.scratch.body);
        true
    }
}

/// Whether an event that nothing is extracted from is dropped.
fn drops(config: &Config, labels: &[Label<'_>], names: &NameTable) -> bool {
    if config.disable_metric_extraction {
        return false;
    }
    if config.enhanced_container_insights {
        return true;
    }
    config.undeclared_events == Undeclared::Drop
        && (config.undeclared_event_types.is_empty()
            || labels
                .iter()
                .filter(|label| &*names.get(label.name).text == "Type")
                .any(|label| config.undeclared_event_types.iter().any(|name| **name == **label.value)))
}

fn is_dimension_value(value: &Text) -> bool {
    // What is ASCII has as many characters as bytes.
    value.len() <= limits::DIMENSION_VALUE && limits::is_dimension_text(value)
}

impl Scratch {
    fn begin(&mut self) {
        self.fields.clear();
        self.further.clear();
        self.distributions.clear();
        // After four thousand million events the numbers begin again; no name may then seem to be seen.
        self.event = self.event.checked_add(1).unwrap_or_else(|| {
            self.seen.clear();
            1
        });
    }

    fn see(&mut self, name: u32, field: Option<u32>) {
        let name = name as usize;
        if name >= self.seen.len() {
            self.seen.resize(name + 1, Seen::default());
        }
        self.seen[name] = Seen { event: self.event, field };
    }

    fn seen(&self, name: u32) -> Option<Seen> {
        self.seen.get(name as usize).copied().filter(|seen| seen.event == self.event)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Attributes, Descriptor, Metric, Point, UnixTime};

    use super::*;

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut encoder = Encoder::new(&Config::default(), "");
        let mut most = 0;
        for number in 0..10 {
            let point = |place: usize| Point {
                metric: Metric::Other(Arc::new(Descriptor::gauge(&format!("m{number}_{place}"), ""))),
                value: Value::Integer(1),
            };
            let record = Record::of(Attributes::new(), UnixTime::from_millis(1), (0..5000).map(point).collect());
            let batch = Batch { tick: None, records: vec![record], ends: true, permits: Vec::new() };
            let Ok(()) = encoder.encode::<std::convert::Infallible>(&batch, &mut |_| Ok(()));
            most = most.max(encoder.memory.names.len());
        }
        assert!(most < MOST_REMEMBERED + 5000, "{most}");
        assert!(encoder.counts().events == 10);
    }
}
