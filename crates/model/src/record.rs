//! Records: what is known about one thing at one time, before any output's spelling.

use std::sync::Arc;

use catalog::RecordType;

use crate::{Attributes, Metric, Resource, Scope, UnixTime, Value};

/// One metric's value in a record.
#[derive(Debug, Clone)]
pub struct Point {
    /// The metric.
    pub metric: Metric,
    /// Its value.
    pub value: Value,
}

// Points are most of what is in memory: a record of a pod has seventy.
const _: () = assert!(size_of::<Point>() == 32, "a point has two words for its metric and two for its value");

/// One resource, one scope, one set of attributes, one time and one start: what differs in any of them is another record.
#[derive(Debug, Clone)]
pub struct Record {
    /// What the record is about; `None` for what came from elsewhere.
    pub record_type: Option<RecordType>,
    /// What is observed; shared by all that is said of it.
    pub resource: Arc<Resource>,
    /// What measured; `None` for this agent's own receiver.
    pub scope: Option<Arc<Scope>>,
    /// What is true of these points beside the resource; empty for all that this agent's own receiver makes.
    pub attributes: Attributes,
    /// When it was true.
    pub time: UnixTime,
    /// From when on sums and distributions were counted.
    pub start: Option<UnixTime>,
    /// The metrics' values, each metric once.
    pub points: Vec<Point>,
}

impl Record {
    /// A record about a resource alone, of no type, from no scope and without a start.
    #[must_use]
    pub fn of(resource: Attributes, time: UnixTime, points: Vec<Point>) -> Self {
        Self {
            record_type: None,
            resource: Arc::new(Resource::of(resource)),
            scope: None,
            attributes: Attributes::new(),
            time,
            start: None,
            points,
        }
    }
}
