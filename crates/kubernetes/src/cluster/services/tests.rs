//! Services and pods of every kind, and what the endpoints controller makes of them.

use proptest::prelude::*;

use super::*;
use crate::cluster::Endpoints;

/// A Service as the API server writes it; `spec` ends in a comma.
fn service(name: &str, spec: &str) -> String {
    format!(
        r#"{{"kind":"Service","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"shop","uid":"u-{name}",
        "annotations":{{"a":"{{\"selector\":{{}}}}"}}}},"spec":{{{spec}"type":"ClusterIP","ipFamilies":["IPv4"]}},
        "status":{{"loadBalancer":{{}}}}}}"#
    )
}

const PORT: &str = r#""ports":[{"protocol":"TCP","port":80,"targetPort":8080}],"clusterIP":"10.0.0.9","#;
const WEB: &str = r#""selector":{"app":"web"},"#;

fn services(specs: &[(&str, &str)]) -> Services {
    let mut services = Services::default();
    for (name, spec) in specs {
        services.apply(&service(name, spec)).expect("a service");
    }
    services
}

/// A ready pod of the Deployment `web`.
fn pod() -> Pod {
    let pair = |(key, value): (&str, &str)| (key.into(), value.into());
    Pod {
        namespace: "shop".into(),
        phase: Phase::Running,
        labels: [("app", "web"), ("pod-template-hash", "6d4b75cb6d"), ("tier", "front")].map(pair).into(),
        ready: Some(true),
        has_ip: true,
        named_ports: vec![pair(("http", "TCP")), pair(("dns", "UDP"))],
        ..Pod::default()
    }
}

fn check(spec: &str, pod: &Pod, expected: bool) {
    let services = services(&[("web", spec)]);
    assert_eq!(services.service_of(pod), expected.then_some("web"), "{spec} {pod:?}");
}

#[test]
fn a_selector_takes_pods_with_all_its_labels() {
    check(&format!("{WEB}{PORT}"), &pod(), true);
    check(&format!(r#""selector":{{"tier":"front","app":"web"}},{PORT}"#), &pod(), true);
    check(&format!(r#""selector":{{"app":"web","tier":"back"}},{PORT}"#), &pod(), false);
    check(&format!(r#""selector":{{"app":"web","zone":""}},{PORT}"#), &pod(), false);
    check(&format!("{WEB}{PORT}"), &Pod { namespace: "other".into(), ..pod() }, false);
}

#[test]
fn a_service_without_selector_takes_none() {
    check(PORT, &pod(), false);
    check(&format!(r#""selector":{{}},{PORT}"#), &pod(), false);
    check(&format!(r#""selector":null,{PORT}"#), &pod(), false);
    assert_eq!(services(&[("web", PORT)]).count(), 0);
}

#[test]
fn a_service_finds_its_pods_by_labels_that_are_not_held() {
    let spec = format!(r#""selector":{{"app":"web","zone":"z"}},{PORT}"#);
    let item = r#"{"metadata":{"uid":"1","name":"a","namespace":"shop","labels":{"app":"web","zone":"z"}},
        "status":{"phase":"Running","podIP":"10.0.0.7","conditions":[{"type":"Ready","status":"True"}]}}"#;
    let rules = crate::LabelRules { names: Some(["tier".to_owned()].into()) };
    let known = crate::pods::Known::default();
    let read = |item: &str| {
        let mut reader = crate::pods::Reader::new(&rules, &known);
        reader.push(format!(r#"{{"kind":"PodList","items":[{item}]}}"#).as_bytes()).expect("good JSON");
        Pod::clone(&reader.finish().expect("a good list").list().pods[0])
    };
    let pod = read(item);
    assert!(pod.labels.is_empty() && pod.labels_cut == 0);
    check(&spec, &pod, true);
    check(&spec, &read(&item.replace(r#""z""#, r#""y""#)), false);
}

#[test]
fn a_service_over_its_limit_costs_itself() {
    let pairs: Vec<_> = (0..100).map(|n| format!(r#""label-{n}":"{}""#, "v".repeat(63))).collect();
    let large = format!(r#""selector":{{{}}},{PORT}"#, pairs.join(","));
    let mut services = services(&[("web", &format!("{WEB}{PORT}"))]);
    let error = services.apply(&service("large", &large)).expect_err("it is too large");
    assert!(error.is_limit() && error.to_string().contains("shop/large"), "{error}");
    assert_eq!((services.count(), services.service_of(&pod())), (1, Some("web")));
    // A Service that becomes too large is no longer what it was.
    services.apply(&service("web", &large)).expect_err("it is too large");
    assert_eq!(services.count(), 0);

    // One namespace takes no room from another, and what is deleted makes room.
    let small = |n: usize| service(&format!("s{n}"), &format!("{WEB}{PORT}"));
    let most = LARGEST_NAMESPACE / LEAST;
    (0..most).for_each(|n| services.apply(&small(n)).expect("there is room"));
    assert!(services.apply(&small(most)).expect_err("there is none").is_limit());
    services.apply(&small(most).replace("\"shop\"", "\"other\"")).expect("it has its own");
    services.delete(&small(0)).expect("a service");
    services.apply(&small(most)).expect("there is room again");
    assert_eq!(services.count(), most + 1);
}

#[test]
fn only_ready_pods_are_addresses() {
    let spec = format!("{WEB}{PORT}");
    check(&spec, &Pod { ready: Some(false), ..pod() }, false);
    check(&spec, &Pod { ready: None, ..pod() }, false);
    check(&spec, &Pod { is_terminating: true, ..pod() }, false);
    check(&spec, &Pod { has_ip: false, ..pod() }, false);
    check(&spec, &Pod { phase: Phase::Succeeded, ..pod() }, false);
    check(&spec, &Pod { phase: Phase::Failed, ..pod() }, false);
    check(&spec, &Pod { phase: Phase::Pending, ..pod() }, true);
}

#[test]
fn unready_addresses_are_published_where_the_service_says_so() {
    let spec = format!(r#"{WEB}"publishNotReadyAddresses":true,{PORT}"#);
    check(&spec, &Pod { ready: Some(false), ..pod() }, true);
    check(&spec, &Pod { is_terminating: true, ..pod() }, true);
    check(&spec, &Pod { has_ip: false, ..pod() }, false);
    check(&spec, &Pod { phase: Phase::Failed, ..pod() }, false);
}

#[test]
fn a_port_by_name_is_one_of_the_pods() {
    let named = |name: &str, protocol: &str| {
        format!(r#"{WEB}"ports":[{{{protocol}"port":80,"targetPort":"{name}"}}],"clusterIP":"10.0.0.9","#)
    };
    check(&named("http", r#""protocol":"TCP","#), &pod(), true);
    check(&named("http", ""), &pod(), true);
    check(&named("http", r#""protocol":"UDP","#), &pod(), false);
    check(&named("https", r#""protocol":"TCP","#), &pod(), false);
    let both = r#""ports":[{"port":1,"targetPort":"https"},{"port":2,"targetPort":8080}],"#;
    check(&format!("{WEB}{both}"), &pod(), true);
}

#[test]
fn without_ports_only_a_headless_service_has_addresses() {
    check(&format!(r#"{WEB}"clusterIP":"None","#), &pod(), true);
    check(&format!(r#"{WEB}"clusterIP":"10.0.0.9","#), &pod(), false);
    check(WEB, &pod(), false);
}

/// Objects of a list recorded from an API server of Kubernetes 1.37.
fn recorded(list: &str) -> Vec<serde_json::Value> {
    let list: serde_json::Value = serde_json::from_str(list).expect("it is JSON");
    list["items"].as_array().expect("it is a list").clone()
}

#[test]
fn each_service_has_the_pods_that_kubernetes_gives_it() {
    let pods = crate::parse_pods(include_bytes!("../../../testdata/services/pods.json")).expect("pods").pods;
    let endpoints = recorded(include_str!("../../../testdata/services/endpoints.json"));
    let (mut services_with_pods, mut checked) = (0, 0);
    for service in recorded(include_str!("../../../testdata/services/services.json")) {
        let (mut selectors, mut addresses) = (Services::default(), Endpoints::new("n1"));
        selectors.apply(&service.to_string()).expect("a service");
        for object in endpoints.iter().filter(|object| object["metadata"]["name"] == service["metadata"]["name"]) {
            addresses.apply(&object.to_string()).expect("endpoints");
        }
        let ours: Vec<_> =
            pods.iter().filter(|pod| selectors.service_of(pod).is_some()).map(|pod| &*pod.name).collect();
        let theirs: Vec<_> = addresses.services_of_pods().into_keys().map(|(_, pod)| pod).collect();
        assert_eq!(ours, theirs, "{}", service["metadata"]["name"]);
        checked += 1;
        services_with_pods += usize::from(!ours.is_empty());
    }
    assert_eq!((pods.len(), checked, services_with_pods), (14, 15, 11));
}

#[test]
fn of_several_services_the_smallest_name_counts() {
    let spec = format!("{WEB}{PORT}");
    let other = format!(r#""selector":{{"app":"db"}},{PORT}"#);
    let mut services = services(&[("web-b", &spec), ("web", &spec), ("a", &other), ("web-a", &spec)]);
    assert_eq!(services.service_of(&pod()), Some("web"));
    services.delete(&service("web", "")).expect("a service");
    assert_eq!(services.service_of(&pod()), Some("web-a"));
    services.apply(&service("web-a", PORT)).expect("it lost its selector");
    assert_eq!(services.service_of(&pod()), Some("web-b"));
    services.apply(&service("web-b", &other)).expect("it selects others now");
    assert_eq!((services.service_of(&pod()), services.count()), (None, 2));
}

#[test]
fn a_namespace_without_services_is_forgotten() {
    let mut services = services(&[("web", &format!("{WEB}{PORT}"))]);
    services.delete(&service("web", "")).expect("a service");
    services.delete(&service("web", "")).expect("it is gone already");
    assert!(services.namespaces.is_empty());
}

#[test]
fn a_service_that_cannot_be_read_stays_what_it_was() {
    let mut services = services(&[("web", &format!("{WEB}{PORT}"))]);
    services.apply(&service("web", r#""selector":[],"#)).expect_err("a selector is an object");
    services.apply(&service("", "")).expect_err("no name");
    assert_eq!(services.service_of(&pod()), Some("web"));
}

proptest! {
    #[test]
    fn any_text_is_survived(text in ".{0,80}", target in r#"([0-9]{1,6}|"[a-z]{0,3}"|null|\[\]|-1|1e400)"#, cut in 0..400_usize) {
        let mut services = Services::default();
        let _ = (services.apply(&text), services.delete(&text));
        let odd = service("web", &format!(r#"{WEB}"ports":[{{"port":1,"targetPort":{target}}}],"#));
        let _ = (services.apply(&odd), services.apply(odd.get(..cut).unwrap_or("")));
        let _ = services.service_of(&pod());
    }
}
