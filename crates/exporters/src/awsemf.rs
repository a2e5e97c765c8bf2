//! `awsemf`: records to log events in CloudWatch's embedded metric format.
//!
//! The format is that of the CloudWatch user guide's "Embedded metric format specification", and its older form with
//! the metadata in root members.

mod build;
mod config;
mod cut;
mod delivery;
mod destination;
mod destinations;
mod directive;
mod distribution;
mod encode;
mod event;
mod fields;
mod grouping;
mod json;
mod layout;
pub mod limits;
mod matching;
mod metrics;
mod name_table;
mod nested;
mod self_metrics;
mod stdout;
pub mod template;
pub mod unit;

pub use crate::delivery::Worker;
pub use config::{
    Checked, Compression, Config, Declaration, Descriptor, DimensionSet, EnvelopeVersion, Histograms, LabelMatcher,
    LogGroupClass, Namespace, OutputDestination, Pattern, ResourceConversion, Retention, RetryOnFailure, Rollup,
    SendingQueue, Sizer, TagValue, Undeclared, Unit, UnresolvedPlaceholders,
};
pub use delivery::{Delivery, Tools};
pub use destination::Destination;
pub use encode::{Counts, Encoded, Encoder};
#[cfg(fuzzing)]
pub use nested::fuzz as fuzz_nested;
pub use stdout::Stdout;

#[cfg(test)]
mod tests;
