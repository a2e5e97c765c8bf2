//! Configuration text: sources, merging, expansion, value types, and faults with their key paths.
//!
//! [`load`] turns sources into one tree of [`Node`]s, each knowing the line it came from. [`Decode`] turns a part of
//! that tree into a typed value and collects every fault on the way; [`config!`] and [`choice!`] write the
//! implementation for a component's options. The crate follows the OpenTelemetry Collector's configuration rules and
//! knows no component.

mod choice;
mod config;
mod decode;
pub mod duration;
mod expand;
mod fault;
mod id;
mod ignored;
mod load;
mod merge;
mod node;
mod secret;
mod source;
mod suggest;
#[cfg(test)]
mod testing;
mod yaml;

#[doc(hidden)]
pub use choice::choice_support;
pub use config::OptionDoc;
#[doc(hidden)]
pub use config::support;
pub use decode::{Decode, decode_text};
pub use fault::{Fault, Faults};
pub use id::{ComponentId, IdError};
pub use ignored::Ignored;
pub use load::{Loaded, load};
pub use merge::merge;
pub use node::{Entry, Location, Map, Node, Value, join};
pub use secret::Secret;
