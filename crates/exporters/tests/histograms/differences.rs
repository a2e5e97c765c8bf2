//! The events of both sides metric by metric: what differs, and why.

use std::collections::{BTreeMap, BTreeSet};

use model::{Data, Point, Record};
use serde_json::Value;

use crate::ends;
use crate::events::{Extracted, Key, Part, SCOPE};

/// What is no difference where histograms are statistic sets here too.
pub(crate) const BUCKETS: &str = "buckets";

/// What differs on purpose: a name, and the reason. `docs/compatibility.md` has a row for each.
pub(crate) const KNOWN: [(&str, &str); 8] = [
    (BUCKETS, "Go throws the buckets of histograms away, and CloudWatch has no percentiles"),
    ("absent ends", "Go writes 0 for a smallest or largest value that nobody gave: CloudWatch's minimum for good"),
    ("quantiles out of order", "Go takes the first and the last quantile, whichever they are"),
    ("exact counts", "Go makes floats of counts, which lose digits above 2^53"),
    ("twice", "Go keeps the first of a metric with the same labels, this agent the last"),
    ("unit", "Go passes on units that CloudWatch does not know"),
    ("scope without a name", "Go gives metrics the name of the scope before, where theirs has none"),
    (
        "dimensions",
        "Go makes dimensions of the scope, and of values that CloudWatch refuses as one, without being asked",
    ),
];

/// How far two numbers may lie apart that were rounded otherwise on the way, as a share: a few units in the last place, in reading
/// JSON and in powers.
pub(crate) const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// What came of a comparison.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// Metrics that both sides have.
    pub(crate) metrics: usize,
    /// Their parts: one, but for large distributions.
    pub(crate) parts: usize,
    /// Metrics that neither of them has: no value, or none that is a number.
    pub(crate) left_out: usize,
    /// How often each known difference was met.
    pub(crate) known: BTreeMap<&'static str, usize>,
    /// Everything else.
    pub(crate) unexplained: Vec<String>,
    /// The largest difference that counts as rounding.
    pub(crate) rounding: f64,
}

/// What both sides were given: the points of each key in their order, with their records.
pub(crate) type Given<'a> = BTreeMap<Key, Vec<(&'a Record, &'a Point)>>;

/// Compares the metrics of the Go exporter with this agent's.
pub(crate) fn compare(go: &BTreeMap<Key, Vec<Part>>, ours: &BTreeMap<Key, Vec<Part>>, given: &Given<'_>) -> Verdict {
    let left_out = given.keys().filter(|key| !go.contains_key(*key) && !ours.contains_key(*key)).count();
    let mut verdict = Verdict { left_out, ..Verdict::default() };
    for key in go.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
        let (Some(go), Some(ours), Some(points)) = (go.get(key), ours.get(key), given.get(key)) else {
            let there = [go.contains_key(key), ours.contains_key(key), given.contains_key(key)];
            verdict.unexplained.push(format!("{key:?}: there in Go, here and in what was given: {there:?}"));
            continue;
        };
        if go.len() != ours.len() {
            verdict.unexplained.push(format!("{key:?}: {} parts in Go, {} here", go.len(), ours.len()));
            continue;
        }
        verdict.metrics += 1;
        let last = go.len() - 1;
        for (at, (go, ours)) in go.iter().zip(ours).enumerate() {
            verdict.parts += 1;
            Pair { key, go, ours, points, is_first: at == 0, is_last: at == last, verdict: &mut verdict }.compare();
        }
    }
    verdict
}

/// One part as both sides wrote it.
struct Pair<'a> {
    key: &'a Key,
    go: &'a Part,
    ours: &'a Part,
    points: &'a [(&'a Record, &'a Point)],
    is_first: bool,
    is_last: bool,
    verdict: &'a mut Verdict,
}

impl Pair<'_> {
    fn compare(&mut self) {
        self.compare_scope();
        match (&self.go.extracted, &self.ours.extracted) {
            (Some(go), Some(ours)) => self.compare_extracted(go, ours),
            (None, None) => {}
            _ => self.tell("extracted", &format!("{:?}", self.go.extracted), &format!("{:?}", self.ours.extracted)),
        }
        let names = |part: &Part| part.value.keys().cloned().collect::<Vec<_>>();
        let data = ends::data(&self.points[self.points.len() - 1].1.value);
        if let Data::Histogram(histogram) = data
            && self.ours.value.contains_key("Values")
            && !self.go.value.contains_key("Values")
        {
            let ours = pairs(self.ours);
            match ends::are_of_buckets(histogram, &ours) {
                true => self.know(BUCKETS),
                false => self.tell("Values", "none", &format!("{ours:?}")),
            }
        } else if names(self.go) == names(self.ours) {
            self.compare_values();
        } else {
            return self.tell("members", &names(self.go).join(" "), &names(self.ours).join(" "));
        }
        for name in ["Count", "Sum", "Max", "Min"] {
            let (go, ours) = (&self.go.value[name], &self.ours.value[name]);
            let equal = self.is_equal(go, ours);
            match self.expected(name, number(go), number(ours)) {
                Some((known, true)) if !equal => self.know(known),
                Some((_, fits)) if fits => {}
                None if equal => {}
                _ => self.tell(name, &go.to_string(), &ours.to_string()),
            }
        }
    }

    fn compare_scope(&mut self) {
        if self.go.scope == self.ours.scope {
            return;
        }
        let (record, _) = self.points[0];
        let own = record.attributes.get(SCOPE).map(|text| text.to_string());
        if record.scope.as_ref().is_some_and(|scope| scope.name.is_empty()) && self.ours.scope == own {
            self.know("scope without a name");
        } else {
            self.tell(SCOPE, &format!("{:?}", self.go.scope), &format!("{:?}", self.ours.scope));
        }
    }

    fn compare_extracted(&mut self, go: &Extracted, ours: &Extracted) {
        if go.unit != ours.unit {
            // What UCUM calls by other words than CloudWatch, and what neither of them knows.
            let mapped = [("{request}", "Count"), ("%", "Percent"), ("Millicore", "")];
            match mapped.contains(&(go.unit.as_str(), ours.unit.as_str())) {
                true => self.know("unit"),
                false => self.tell("unit", &go.unit, &ours.unit),
            }
        }
        if go.resolution != ours.resolution {
            self.tell("resolution", &go.resolution.to_string(), &ours.resolution.to_string());
        }
        if go.dimensions != ours.dimensions {
            match self.without_refused(&go.dimensions) == ours.dimensions {
                true => self.know("dimensions"),
                false => self.tell("dimensions", &format!("{:?}", go.dimensions), &format!("{:?}", ours.dimensions)),
            }
        }
    }

    /// Go's dimension sets as CloudWatch takes them: where they are declared, without those with a name that the record's scope
    /// lacks; elsewhere, without the scope and without values that are none.
    fn without_refused(&self, sets: &[Vec<String>]) -> Vec<Vec<String>> {
        let (namespace, _, _, labels) = self.key;
        if namespace == "Declared" {
            let has = |name: &String| name != SCOPE || self.ours.scope.is_some();
            return sets.iter().filter(|set| set.iter().all(has)).cloned().collect();
        }
        let fits = |name: &&String| {
            *name != SCOPE && labels.get(*name).is_some_and(|value| !value.is_empty() && value.is_ascii())
        };
        let sets: BTreeSet<Vec<String>> = sets.iter().map(|set| set.iter().filter(fits).cloned().collect()).collect();
        // The order of the other side: sorted.
        sets.into_iter().collect()
    }

    fn compare_values(&mut self) {
        let (go, ours) = (pairs(self.go), pairs(self.ours));
        if go.len() != ours.len() {
            return self.tell("Values", &go.len().to_string(), &ours.len().to_string());
        }
        for (go, ours) in go.iter().zip(&ours) {
            if !self.is_equal(&go.0, &ours.0) {
                self.tell("Values", &go.0.to_string(), &ours.0.to_string());
            }
            if go.1 != ours.1 {
                let rounded = ours.1.as_u64().is_some_and(|exact| exact > 1 << 53) && number(&go.1) == number(&ours.1);
                match rounded {
                    true => self.know("exact counts"),
                    false => self.tell("Counts", &go.1.to_string(), &ours.1.to_string()),
                }
            }
        }
    }

    /// Which known difference a member is about, and whether the numbers of both sides are what it makes of them; `None` where
    /// they have to be equal.
    fn expected(&self, member: &str, go: f64, ours: f64) -> Option<(&'static str, bool)> {
        if let [(_, first), .., (_, last)] = self.points {
            let fits = [first, last].map(|point| ends::sum(&point.value)) == [go, ours];
            return (member == "Sum" && self.is_first).then_some(("twice", fits));
        }
        let data = ends::data(&self.points[0].1.value);
        let smallest = match member {
            "Min" if self.is_last => true,
            "Max" if self.is_first => false,
            _ => return None,
        };
        if let Data::Summary(summary) = data
            && !summary.quantiles.is_sorted_by(|one, other| one.0 <= other.0)
        {
            let fits = apart(ours, ends::of_quantiles(summary, smallest)) <= ROUNDING;
            return Some(("quantiles out of order", fits));
        }
        let (low, high) = ends::can_be(data, smallest)?;
        let fits = (low..=high).contains(&ours) || apart(low, ours).min(apart(high, ours)) <= ROUNDING;
        Some(("absent ends", go == 0.0 && fits))
    }

    fn is_equal(&mut self, go: &Value, ours: &Value) -> bool {
        if go == ours {
            return true;
        }
        let apart = apart(number(go), number(ours));
        // Go takes powers of a rounded factor, so that the rounding counts as often as the index says.
        let room = ROUNDING.max(ends::largest_index(ends::data(&self.points[0].1.value)) * f64::EPSILON);
        if apart > room {
            return false;
        }
        self.verdict.rounding = self.verdict.rounding.max(apart);
        true
    }

    fn know(&mut self, name: &'static str) {
        assert!(KNOWN.iter().any(|(known, _)| *known == name), "{name} stands in the table");
        *self.verdict.known.entry(name).or_default() += 1;
    }

    fn tell(&mut self, what: &str, go: &str, ours: &str) {
        let (namespace, name, _, labels) = self.key;
        self.verdict.unexplained.push(format!("{namespace} {name} {labels:?}: {what}: {go} in Go, {ours} here"));
    }
}

/// The values of a part with their counts, from the smallest on.
fn pairs(part: &Part) -> Vec<(Value, Value)> {
    let list = |name| part.value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let (values, counts): (Vec<Value>, Vec<Value>) = (list("Values"), list("Counts"));
    assert_eq!(values.len(), counts.len());
    let mut pairs: Vec<(Value, Value)> = values.into_iter().zip(counts).collect();
    pairs.sort_by(|one, other| number(&one.0).total_cmp(&number(&other.0)));
    pairs
}

/// By which share of themselves two numbers differ.
fn apart(one: f64, other: f64) -> f64 {
    (one - other).abs() / one.abs().max(other.abs()).max(f64::MIN_POSITIVE)
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}
