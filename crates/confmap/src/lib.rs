//! Configuration text: sources, merging, expansion, value types, and faults with their key paths.
