//! Tests of where the agent is.

use std::path::Path;

use platform::{KubeletAddress, Orchestrator};

use super::*;
use crate::awscontainerinsight::config::AuthType;

fn place(config: Config, variables: &[(&str, &str)], rootfs: bool) -> Result<Place, Vec<StartFault>> {
    let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let environment = Environment {
        variable: &variable,
        is_directory: &|_| rootfs,
        read: &|path| path.ends_with("namespace").then(|| "agents\n".to_owned()),
    };
    resolve(&config, &environment)
}

fn url(place: Result<Place, Vec<StartFault>>) -> String {
    match place.expect("the place is known").kubelet {
        Some(KubeletAddress::Url(url)) => url,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_samples_environment_is_enough() {
    let variables = [("HOST_IP", "10.0.0.1"), ("HOST_NAME", "n1"), ("K8S_NODE_NAME", "n2"), ("K8S_NAMESPACE", "ns")];
    let place = place(Config::default(), &variables, true).expect("the place is known");
    assert_eq!(place.root, Path::new("/rootfs"));
    assert_eq!((place.node_name.as_deref(), place.namespace.as_deref()), (Some("n1"), Some("ns")));
    assert_eq!(place.kubelet, Some(KubeletAddress::Url("https://10.0.0.1:10250".into())));
}

#[test]
fn what_is_missing_is_named_all_at_once() {
    let faults = place(Config::default(), &[("HOST_IP", "")], false).expect_err("nothing is known");
    assert_eq!(faults, [StartFault::NoNodeName, StartFault::NoKubelet]);
    let words = faults[1].to_string();
    assert!(["kubelet::endpoint", "HOST_IP", "host_ip"].iter().all(|name| words.contains(name)));
    let words = faults[0].to_string();
    assert!(["HOST_NAME", "K8S_NODE_NAME", "host_name"].iter().all(|name| words.contains(name)));
}

#[test]
fn an_address_that_is_none_names_all_that_would_help() {
    let config = Config { host_name: "n".into(), ..Config::default() };
    for (variables, option) in [(&[("HOST_IP", "a b")][..], ""), (&[], "10.0.0.1:x"), (&[("HOST_IP", "::x")], "")] {
        let config = Config { host_ip: option.into(), ..config.clone() };
        let faults = place(config, variables, false).expect_err("it is no address");
        let words = faults[0].to_string();
        let names = ["kubelet::endpoint", "HOST_IP", "host_ip", "no address"];
        assert!(faults.len() == 1 && names.iter().all(|name| words.contains(name)), "{words}");
    }
}

#[test]
fn an_endpoint_wins_over_the_hosts_address() {
    let mut config = Config { host_name: "n".into(), host_ip: "10.0.0.9".into(), ..Config::default() };
    assert_eq!(url(place(config.clone(), &[], false)), "https://10.0.0.9:10250");
    assert_eq!(url(place(config.clone(), &[("HOST_IP", "fd00::1")], false)), "https://[fd00::1]:10250");
    config.kubelet.endpoint = Some("http://127.0.0.1:10255".into());
    assert_eq!(url(place(config, &[("HOST_IP", "10.0.0.1")], false)), "http://127.0.0.1:10255");
}

#[test]
fn a_machine_by_itself_needs_nothing() {
    let config = Config { container_orchestrator: Orchestrator::Host, ..Config::default() };
    let place = place(config, &[], false).expect("nothing is needed");
    assert_eq!((place.root.as_path(), place.node_name, place.kubelet), (Path::new("/"), None, None));
    assert_eq!(place.namespace.as_deref(), Some("agents"));
}

#[test]
fn a_kubeconfig_stands_in_for_an_address() {
    let mut config = Config { host_name: "n".into(), ..Config::default() };
    config.kubelet.auth_type = AuthType::KubeConfig;
    assert_eq!(place(config.clone(), &[], false), Err(vec![StartFault::NoKubeConfig]));
    config.kube_config_path = "/etc/kube".into();
    let place = place(config, &[], false).expect("the kubeconfig is named");
    assert_eq!(place.kubelet, Some(KubeletAddress::KubeConfig("/etc/kube".into())));
}
