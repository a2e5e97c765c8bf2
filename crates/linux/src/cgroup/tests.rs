//! Tests of the hierarchy.
