//! From options and surroundings to a collector.

use component::Context;
use kubernetes::{Kubelet, LabelRules};
use net::chain;
use platform::discovery;
use platform::{Place, api_server};
use tracing::Instrument;

use crate::awscontainerinsight::cluster::Cluster;
use crate::awscontainerinsight::collect::{Collector, Parts};
use crate::awscontainerinsight::config::{AuthType, Config, CronJobNames, JobNames, Orchestrator};
use crate::awscontainerinsight::error::Error;
use crate::awscontainerinsight::insights::NodeIdentity;
use crate::awscontainerinsight::kubelet_settings::settings;
use crate::awscontainerinsight::place::discovery_options;
use crate::awscontainerinsight::source_failures::SourceFailures;
use crate::awscontainerinsight::sources::kubelet::{self, KubeletTask};
use crate::awscontainerinsight::sources::{KubeletThenApiServer, Machine};
use crate::awscontainerinsight::stores::inventory::Inventory;
use crate::awscontainerinsight::stores::owners::Naming;
use crate::awscontainerinsight::stores::pod::Style;

impl Collector {
    /// A collector of the machine at `place`.
    pub fn open(config: Config, place: &Place, context: Context) -> Result<Self, Error> {
        let failures = SourceFailures::new(&context.registry, &context.name);
        let mut machine = Machine::open(&place.root, &config, context.clock.clone(), failures)
            .map_err(|source| Error::Machine { root: place.root.display().to_string(), source })?;
        let node_name = place.node_name.clone().unwrap_or_else(|| machine.host_name());
        let kubelet = match &place.kubelet {
            None => None,
            Some(address) => {
                let settings = settings(&config, address, &node_name);
                let faults: Vec<_> = settings.unreadable_files().iter().map(|(key, error)| file(key, error)).collect();
                if !faults.is_empty() {
                    return Err(Error::Files { faults });
                }
                let client = Kubelet::new(settings).map_err(|source| Error::Kubelet { source })?;
                let client = client.with_labels(labels(&config));
                let (handle, server) = kubelet::channel();
                // With client-certificate authentication there is no fallback to the API server.
                let api_server = match config.kubelet.auth_type {
                    AuthType::ServiceAccount => api_server::client(place, &node_name)?,
                    AuthType::Tls | AuthType::None | AuthType::KubeConfig => None,
                };
                let fallback = api_server
                    .map(|api_server| KubeletThenApiServer::new(api_server.with_labels(labels(&config)), &node_name));
                context.runtime.spawn(KubeletTask::run(server, client, fallback).in_current_span());
                Some(handle)
            }
        };
        let node = discovery::Node {
            place,
            node_name: &node_name,
            dmi: &machine.dmi(),
            status: context.status.clone(),
            clock: context.clock.clone(),
        };
        let cluster = match config.container_orchestrator {
            Orchestrator::Eks => {
                let limits = machine.failures().limits().clone();
                Cluster::begin(&config, place, &node_name, &context, &limits)?
            }
            Orchestrator::Ecs | Orchestrator::Host => None,
        };
        let discovery = discovery::begin(discovery_options(&config), node, &context.runtime)?;
        let platform = config.container_orchestrator;
        // A container instance has a name only where the configuration or HOST_NAME gives it one.
        let shown = if platform == Orchestrator::Ecs { place.node_name.as_deref() } else { Some(&*node_name) };
        let identity = NodeIdentity::new(platform, shown.map(Into::into), machine.capacity());
        let inventory = Inventory::new(style(&config, &node_name), config.collection_interval);
        let name = node_name;
        let Context { clock, registry, name: component, .. } = context;
        let parts = Parts {
            name,
            config,
            identity,
            machine,
            inventory,
            kubelet,
            discovery,
            cluster,
            clock,
            registry,
            component,
        };
        Ok(Self::new(parts))
    }
}

/// Which labels of pods are kept at all.
fn labels(config: &Config) -> LabelRules {
    LabelRules { names: named_labels(config).map(Into::into) }
}

/// The labels that records repeat; `None` for all of them.
fn named_labels(config: &Config) -> Option<Vec<String>> {
    let all = config.pod_labels.iter().any(|name| name == "*");
    (!all).then(|| config.pod_labels.clone())
}

fn style(config: &Config, node_name: &str) -> Style {
    Style {
        host: node_name.into(),
        naming: Naming {
            prefer_full_pod_name: config.prefer_full_pod_name,
            current_cron_jobs: config.cron_job_names == CronJobNames::Current,
            whole_job_names: config.job_names == JobNames::Whole,
        },
        labels: named_labels(config),
    }
}

/// A file that can't be read, under the option that names it.
fn file(key: &str, error: &kubernetes::Error) -> String {
    let key = if key == "kubeconfig" { "kube_config_path".to_owned() } else { format!("kubelet::{key}") };
    format!("{key}: {}", chain(error))
}
