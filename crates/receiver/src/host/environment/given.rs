//! What options and environment say of the node.

use crate::config::Config;
use crate::host::facts::{Fact, Facts, Origin};

/// Options first.
pub(super) fn given(config: &Config, variable: &dyn Fn(&str) -> Option<String>) -> Facts {
    let mut facts = Facts::default();
    let options = [
        (Fact::ClusterName, &config.cluster_name),
        (Fact::InstanceId, &config.instance_id),
        (Fact::InstanceType, &config.instance_type),
        (Fact::Region, &config.region),
        (Fact::Zone, &config.availability_zone),
    ];
    for (fact, value) in options {
        facts.learn(fact, Some(value), Origin::Configuration);
    }
    facts.learn(Fact::Region, variable("AWS_REGION").as_deref(), Origin::Environment);
    facts.learn(Fact::PrivateIp, variable("HOST_IP").as_deref(), Origin::Environment);
    facts.learn(Fact::PrivateIp, Some(&config.host_ip), Origin::Configuration);
    facts
}
