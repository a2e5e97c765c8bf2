//! What flows through the agent: stamps, records, rounds and events.
