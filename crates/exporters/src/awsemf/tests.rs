//! What leaves the encoder, by subject.

mod config;
mod declarations;
mod distributions;
mod ecs;
mod envelope;
mod golden;
mod grouping;
mod properties;
mod stdout;
mod support;
