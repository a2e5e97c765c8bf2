//! What is wrong with the options, each by itself and together, as far as neither the environment nor a file is needed.

use std::time::Duration;

use confmap::{Decode, Faults, Node};

use crate::awscontainerinsight::config::{Config, Orchestrator};
use crate::awscontainerinsight::kubelet_settings;
use crate::awscontainerinsight::place::location;
use platform::{KubeletAddress, NO_KUBE_CONFIG};

/// Below this a round would hardly be done before the next one.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
/// Stands for what only the environment will say.
const SOME_HOST: &str = "127.0.0.1";

impl Config {
    /// Reads the options written at `node`; `None` after adding at least one fault to `faults`.
    ///
    /// Opens no file and asks no variable.
    pub fn read(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let before = faults.len();
        let config = Self::decode(node, path, faults);
        let fault = |key: &str, message: String| faults.within(path, node, key, message);
        // A fault in one option doesn't hide those of others.
        config.as_ref().unwrap_or(&readable(node)).check(fault);
        config.filter(|_| faults.len() == before)
    }

    fn check(&self, mut fault: impl FnMut(&str, String)) {
        if self.collection_interval < SHORTEST_INTERVAL {
            let least = confmap::duration::format(SHORTEST_INTERVAL);
            fault("collection_interval", format!("must be at least {least}"));
        }
        match self.container_orchestrator {
            Orchestrator::Host | Orchestrator::Ecs => {}
            Orchestrator::Eks => self.check_kubelet(&mut fault),
        }
        self.check_access(fault);
    }

    /// What concerns requests to AWS and to the ECS agent.
    fn check_access(&self, mut fault: impl FnMut(&str, String)) {
        for (key, url) in [("endpoint", &self.endpoint), ("ecs_agent_endpoint", &self.ecs_agent_endpoint)] {
            if let Some(words) = Some(url).filter(|url| !url.is_empty()).and_then(|url| aws::logs::endpoint_fault(url))
            {
                fault(key, words.to_owned());
            }
        }
        if let Some(words) =
            Some(&self.region).filter(|region| !region.is_empty()).and_then(|name| aws::region_fault(name))
        {
            fault("region", format!("{} {words}", confmap::quote(&self.region)));
        }
        if let Some(words) = aws::proxy_fault(self.proxy_address.reveal()) {
            fault("proxy_address", words.to_owned());
        }
    }

    fn check_kubelet(&self, fault: &mut dyn FnMut(&str, String)) {
        let host_ip = Some(self.host_ip.as_str()).filter(|ip| !ip.is_empty());
        let mut address = match location(self).kubelet(host_ip.or(Some(SOME_HOST))) {
            Ok(address) => address,
            // The only other fault is an address that nothing gives.
            Err(_) => {
                fault("kube_config_path", NO_KUBE_CONFIG.to_owned());
                return;
            }
        };
        if self.kubelet.endpoint.is_none() && !address.is_valid() {
            fault("host_ip", "is no address".to_owned());
            address = KubeletAddress::Url(format!("https://{SOME_HOST}"));
        }
        for error in kubelet_settings::settings(self, &address, "node").faults() {
            match error {
                kubernetes::Error::Setting { key, reason } => fault(&format!("kubelet::{key}"), reason.to_owned()),
                other => fault("kubelet::endpoint", other.to_string()),
            }
        }
    }
}

/// As much of the options as has no fault of its own and is checked together with others.
fn readable(node: &Node) -> Config {
    fn part<T: Decode>(node: &Node, key: &str, default: T) -> T {
        let read = node.get(key).and_then(|node| T::decode(node, "", &mut Faults::new()));
        read.unwrap_or(default)
    }
    let default = Config::default();
    Config {
        collection_interval: part(node, "collection_interval", default.collection_interval),
        container_orchestrator: part(node, "container_orchestrator", default.container_orchestrator),
        kubelet: part(node, "kubelet", default.kubelet),
        host_ip: part(node, "host_ip", default.host_ip),
        run_on_systemd: part(node, "run_on_systemd", default.run_on_systemd),
        kube_config_path: part(node, "kube_config_path", default.kube_config_path),
        endpoint: part(node, "endpoint", default.endpoint),
        ecs_agent_endpoint: part(node, "ecs_agent_endpoint", default.ecs_agent_endpoint),
        proxy_address: part(node, "proxy_address", default.proxy_address),
        region: part(node, "region", default.region),
        ..Config::default()
    }
}
