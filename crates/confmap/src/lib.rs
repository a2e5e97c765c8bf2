//! Configuration text: sources, merging, expansion, value types, and faults with their key paths.
//!
//! [`load`] turns sources into one tree of [`Node`]s, each knowing the line it came from. [`Decode`] turns a part of
//! that tree into a typed value and collects every fault on the way; [`config!`] and [`choice!`] write the
//! implementation for a component's options. The crate follows the OpenTelemetry Collector's configuration rules and
//! knows no component.

mod choice;
mod conceal;
mod config;
mod decode;
pub mod duration;
mod expand;
mod fault;
mod id;
mod ignored;
mod load;
mod manifest;
mod merge;
mod node;
mod option_doc;
mod secret;
mod source;
mod suggest;
#[cfg(test)]
mod testing;
mod urls;
mod yaml;

#[doc(hidden)]
pub use choice::choice_support;
#[doc(hidden)]
pub use config::support;
pub use decode::{Decode, decode_text};
pub use fault::{Fault, Faults};
pub use id::{ComponentId, IdError};
pub use ignored::Ignored;
pub use load::{Loaded, Reading, Source, load, read};
pub use merge::merge;
pub use node::{Entry, Location, Map, Node, Value, join, quote};
pub use option_doc::OptionDoc;
pub use secret::Secret;
pub use suggest::{closest, did_you_mean};
pub use urls::hide_urls;
pub use yaml::parse as parse_yaml;
