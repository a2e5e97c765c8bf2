//! Recorded nodes, strict fakes and golden files, for tests only.
