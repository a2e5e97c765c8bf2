//! What the agent runs on, found out where no configuration says it, and the configuration that shows it.

use crate::environment::Variables;

/// What the agent runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// A pod that knows its node.
    Kubernetes,
    /// A task on a container instance of Amazon ECS.
    Ecs,
    /// A machine by itself.
    Host,
}

impl Platform {
    /// By what the platforms tell their containers.
    #[must_use]
    pub fn find(variables: &Variables) -> (Self, &'static str) {
        let is_set = |name: &str| variables.get(name).is_some_and(|value| !value.is_empty());
        let knows_node = is_set("HOST_IP") && (is_set("HOST_NAME") || is_set("K8S_NODE_NAME"));
        match is_set("KUBERNETES_SERVICE_HOST") {
            true if knows_node => (Self::Kubernetes, "KUBERNETES_SERVICE_HOST, HOST_IP and the node's name are set"),
            true => (
                Self::Host,
                "KUBERNETES_SERVICE_HOST is set, but HOST_IP or HOST_NAME isn't, so there is no kubelet to ask",
            ),
            false if is_set("ECS_CONTAINER_METADATA_URI_V4") || is_set("ECS_CONTAINER_METADATA_URI") => {
                (Self::Ecs, "ECS_CONTAINER_METADATA_URI is set")
            }
            false => (Self::Host, "no variable of Kubernetes or Amazon ECS is set"),
        }
    }

    /// The option's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "eks",
            Self::Ecs => "ecs",
            Self::Host => "host",
        }
    }

    /// What runs where nothing is configured, and what is laid over it: events go to standard output.
    #[must_use]
    pub const fn configuration(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Kubernetes => {
                (include_str!("../../../examples/eks.yaml"), &["exporters.awsemf.output_destination=stdout"])
            }
            Self::Ecs => (
                include_str!("../../../examples/ecs-instance.yaml"),
                &[
                    "exporters.awsemf/instancemetrics.output_destination=stdout",
                    "service.pipelines.metrics.exporters=[awsemf/instancemetrics]",
                ],
            ),
            Self::Host => (include_str!("../../../examples/host.yaml"), &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Platform {
        Platform::find(&Variables::of(variables)).0
    }

    #[test]
    fn a_platform_is_what_its_variables_say() {
        let kubernetes = ("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        assert_eq!(found(&[kubernetes, ("HOST_IP", "10.1.0.1"), ("HOST_NAME", "n")]), Platform::Kubernetes);
        assert_eq!(found(&[kubernetes, ("HOST_IP", "10.1.0.1"), ("K8S_NODE_NAME", "n")]), Platform::Kubernetes);
        assert_eq!(found(&[kubernetes]), Platform::Host);
        assert_eq!(found(&[("ECS_CONTAINER_METADATA_URI_V4", "http://169.254.170.2/v4/x")]), Platform::Ecs);
        assert_eq!(found(&[("ECS_CONTAINER_METADATA_URI_V4", "")]), Platform::Host);
    }

    #[test]
    fn every_platforms_configuration_is_right_and_goes_to_standard_output() {
        for platform in [Platform::Kubernetes, Platform::Ecs, Platform::Host] {
            let (text, sets) = platform.configuration();
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            let loaded = confmap::load(&[format!("yaml:{text}")], &sets, &|_| None).expect("it loads");
            let configuration = crate::configuration::decode(loaded).expect("it is right");
            assert!(configuration.components.values().any(|component| {
                let receiver = component.options::<receivers::awscontainerinsight::Config>();
                receiver.is_some_and(|config| config.container_orchestrator.to_string() == platform.as_str())
            }));
            assert!(configuration.components.values().all(|component| {
                let exporter = component.options::<exporters::awsemf::Config>();
                exporter.is_none_or(|config| config.output_destination == exporters::awsemf::OutputDestination::Stdout)
            }));
        }
    }
}
