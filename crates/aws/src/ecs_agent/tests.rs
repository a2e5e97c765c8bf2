//! The client against a strict fake.
