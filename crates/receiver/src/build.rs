//! From options and surroundings to a collector.

use std::sync::Arc;
use std::time::Duration;

use kubernetes::{Auth, Kubelet, LabelRules, Settings};
use model::Clock;
use telemetry::{Registry, Status, chain};
use tracing::Instrument;

use crate::cluster::{self, Cluster};
use crate::collect::{Collector, Parts};
use crate::config::{AuthType, Config, CronJobNames, JobNames, Orchestrator};
use crate::host::search::{self, Around};
use crate::host::{KubeletAddress, Place};
use crate::insights::NodeIdentity;
use crate::sources::kubelet::{self, Server};
use crate::sources::{Detour, Machine};
use crate::stores::inventory::Inventory;
use crate::stores::owners::Naming;
use crate::stores::pod::Style;
use crate::troubles::Troubles;

/// The most that a question to the kubelet takes, less than the interval.
const KUBELET_DEADLINE: Duration = Duration::from_secs(30);

/// Why there can be no collector.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine can't be read at all.
    #[error("open the machine below {root}")]
    Machine {
        /// Where its `/` should be.
        root: String,
        /// What the kernel said.
        source: linux::Error,
    },
    /// The options about the kubelet contradict each other.
    #[error("prepare the kubelet client")]
    Kubelet {
        /// What is wrong.
        #[source]
        source: kubernetes::Error,
    },
    /// The options about AWS contradict each other.
    #[error("prepare the clients of instance metadata and of the ECS agent")]
    Aws {
        /// What is wrong.
        #[source]
        source: aws::Error,
    },
    /// Files that the options name and that can't be read.
    #[error("{}", faults.join("; "))]
    Files {
        /// What is wrong with each, its key first.
        faults: Vec<String>,
    },
    /// The sampling thread couldn't be made.
    #[error("start the sampling thread")]
    Thread {
        /// What the system said.
        source: std::io::Error,
    },
}

/// What a collector is made with beside its options.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agent's own numbers.
    pub registry: Registry,
    /// The receiver's name in the configuration, which tells its numbers from those of others.
    pub component: String,
    /// Where the clients run.
    pub runtime: tokio::runtime::Handle,
    /// The receiver's line on the status board.
    pub status: Status,
}

impl Collector {
    /// A collector of the machine at `place`.
    pub fn open(config: Config, place: &Place, tools: Tools) -> Result<Self, Error> {
        let troubles = Troubles::new(&tools.registry, &tools.component);
        let mut machine = Machine::open(&place.root, &config, tools.clock.clone(), troubles)
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
                let (asker, server) = kubelet::channel();
                // Whoever may ask the kubelet by a certificate of its own has no way round it.
                let way_round = match config.kubelet.auth_type {
                    AuthType::ServiceAccount => cluster::client(place, &node_name)?,
                    AuthType::Tls | AuthType::None | AuthType::KubeConfig => None,
                };
                let detour =
                    way_round.map(|api_server| Detour::new(api_server.with_labels(labels(&config)), &node_name));
                tools.runtime.spawn(Server::run(server, client, detour).in_current_span());
                Some(asker)
            }
        };
        let around = Around {
            place,
            node_name: &node_name,
            dmi: &machine.dmi(),
            status: tools.status.clone(),
            clock: tools.clock.clone(),
        };
        let cluster = match config.container_orchestrator {
            Orchestrator::Eks => {
                let limits = machine.troubles().limits().clone();
                Cluster::begin(&config, place, &node_name, &tools, &limits)?
            }
            Orchestrator::Ecs | Orchestrator::Host => None,
        };
        let findings = search::begin(&config, around, &tools.runtime)?;
        let platform = config.container_orchestrator;
        // A container instance has a name only where somebody gave it one.
        let shown = if platform == Orchestrator::Ecs { place.node_name.as_deref() } else { Some(&*node_name) };
        let identity = NodeIdentity::new(platform, shown.map(Into::into), machine.capacity());
        let inventory = Inventory::new(style(&config, &node_name), config.collection_interval);
        let name = node_name;
        let Tools { clock, registry, component, .. } = tools;
        let parts = Parts {
            name,
            config,
            identity,
            machine,
            inventory,
            kubelet,
            findings,
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

/// How the kubelet at an address is asked.
pub(crate) fn settings(config: &Config, address: &KubeletAddress, node_name: &str) -> Settings {
    let options = &config.kubelet;
    let (endpoint, auth) = match address {
        KubeletAddress::KubeConfig(path) => (String::new(), Auth::KubeConfig { path: path.clone() }),
        KubeletAddress::Url(url) => (
            url.clone(),
            match options.auth_type {
                AuthType::Tls => Auth::Tls,
                AuthType::None => Auth::None,
                AuthType::ServiceAccount | AuthType::KubeConfig => Auth::service_account(),
            },
        ),
    };
    Settings {
        endpoint,
        auth,
        ca_file: options.ca_file.as_ref().map(Into::into),
        cert_file: options.cert_file.as_ref().map(Into::into),
        key_file: options.key_file.as_ref().map(Into::into),
        insecure_skip_verify: options.insecure_skip_verify,
        deadline: KUBELET_DEADLINE.min(config.collection_interval.mul_f64(0.8)),
        node_name: node_name.to_owned(),
        ..Settings::default()
    }
}
