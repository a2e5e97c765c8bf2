//! What is kept of the cluster's objects: slim stores, fed one object at a time by a [`crate::watch::Reflector`].
//!
//! Each takes an object's JSON as the API server writes it, reads the few members it needs and forgets the rest. An
//! object is what its UID says, or where names are what is asked for, its namespace and name.

mod double_buffered;
mod endpoint_slices;
mod endpoints;
mod key;
mod nodes;
mod pods;
mod room;
mod services;
mod uid;
mod workloads;

pub use double_buffered::DoubleBuffered;
pub use endpoint_slices::EndpointSlices;
pub use endpoints::Endpoints;
pub use nodes::Nodes;
pub use pods::Pods;
pub use services::Services;
pub use workloads::{Kind, Replicas, Workload, Workloads};

use serde::Deserialize;
use serde::de::Error as _;

use crate::error::ParseError;
use crate::json::Text;
use crate::watch::Shapes;
use uid::Uid;

/// A store of one kind of object.
pub trait Objects: Sized {
    /// What is wanted of an object.
    fn shapes() -> &'static Shapes;
    /// A store of the same kind, with the same settings, without objects.
    fn empty(&self) -> Self;
    /// Takes in an object that is new or has changed. An object that can't be read leaves what is known of it.
    fn apply(&mut self, object: &str) -> Result<(), ParseError>;
    /// Forgets an object; one that isn't known is none to forget.
    fn delete(&mut self, object: &str) -> Result<(), ParseError>;
}

/// The members of `metadata` that tell objects apart.
#[derive(Debug, Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    uid: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    namespace: Option<Text<'a>>,
}

/// An object of which nothing but its identity is read.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

impl Metadata<'_> {
    fn uid(&self) -> Result<Uid, ParseError> {
        Ok(Uid::of(need(&self.uid, "uid")?))
    }

    fn name(&self) -> Result<&str, ParseError> {
        need(&self.name, "name")
    }

    fn namespace(&self) -> Result<&str, ParseError> {
        need(&self.namespace, "namespace")
    }
}

/// The UID of an object that is deleted.
fn uid_of(object: &str) -> Result<Uid, ParseError> {
    serde_json::from_str::<Named>(object)?.metadata.uid()
}

/// A text that every object has, never empty.
fn need<'a>(text: &'a Option<Text>, name: &'static str) -> Result<&'a str, ParseError> {
    match text {
        Some(Text(text)) if !text.is_empty() => Ok(text),
        _ => Err(serde_json::Error::missing_field(name).into()),
    }
}
