//! Extensions beside the pipelines: the health check.
