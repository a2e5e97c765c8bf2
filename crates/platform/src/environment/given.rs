//! What options and environment say of the node.

use super::Location;
use crate::facts::{Fact, Facts, Origin};

/// Adds what the environment says to what the options say, which come first.
pub(super) fn told(mut facts: Facts, location: &Location<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Facts {
    facts.learn(Fact::Region, variable("AWS_REGION").as_deref(), Origin::Environment);
    facts.learn(Fact::PrivateIp, variable("HOST_IP").as_deref(), Origin::Environment);
    facts.learn(Fact::PrivateIp, Some(location.host_ip), Origin::Configuration);
    facts
}
