//! Exporters: records to events, and events to a destination.
