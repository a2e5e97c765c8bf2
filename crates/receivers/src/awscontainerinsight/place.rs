//! What the options say about where the agent is and what it may ask, in the platform's terms.

use std::time::Duration;

use aws::Settings;
use platform::{Environment, Fact, Facts, Location, Origin, Place, StartFault, discovery};

use crate::awscontainerinsight::config::{AuthType, Config};

/// What a request to EC2 may take where the options say nothing.
const EC2_TIMEOUT: Duration = Duration::from_secs(30);

/// Finds out where the agent is.
///
/// # Errors
///
/// All that is missing or wrong, in one go.
pub fn resolve(config: &Config, environment: &Environment<'_>) -> Result<Place, Vec<StartFault>> {
    platform::resolve(&location(config), given(config), environment)
}

/// What the options say about the place.
pub(crate) fn location(config: &Config) -> Location<'_> {
    Location {
        orchestrator: config.container_orchestrator,
        host_name: &config.host_name,
        host_ip: &config.host_ip,
        kube_config_path: &config.kube_config_path,
        needs_kube_config: config.kubelet.auth_type == AuthType::KubeConfig,
        kubelet_endpoint: config.kubelet.endpoint.as_deref(),
        root_path: config.root_path.as_deref(),
        run_on_systemd: config.run_on_systemd,
    }
}

/// What the options say of the node.
fn given(config: &Config) -> Facts {
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
    facts
}

/// What discovery asks, and how.
pub(crate) fn discovery_options(config: &Config) -> discovery::Options {
    discovery::Options {
        orchestrator: config.container_orchestrator,
        local_mode: config.local_mode,
        settings: settings(config),
        ec2_endpoint: filled(&config.endpoint),
        ec2_timeout: match config.request_timeout_seconds {
            0 => EC2_TIMEOUT,
            seconds => Duration::from_secs(seconds.into()),
        },
        imds_v1: config.imds_v1,
        imds_retries: config.imds_retries,
        ecs_agent_endpoint: filled(&config.ecs_agent_endpoint),
    }
}

/// How the options say that AWS is reached. The region is found out first, see [`Fact::Region`].
fn settings(config: &Config) -> Settings {
    Settings {
        profile: filled(&config.profile),
        shared_credentials_file: config.shared_credentials_file.first().map(Into::into),
        role_arn: filled(&config.role_arn),
        external_id: filled(config.external_id.reveal()),
        proxy_address: filled(config.proxy_address.reveal()),
        certificate_file_path: filled(&config.certificate_file_path).map(Into::into),
        no_verify_ssl: config.no_verify_ssl,
        ..Settings::default()
    }
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
