//! The facts: record types, metrics, units and attributes, spelled for every output.
