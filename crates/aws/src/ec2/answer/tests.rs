//! Real answers, and ones that can't be.
