//! The agent's own counters and gauges, and a board of each component's state.
