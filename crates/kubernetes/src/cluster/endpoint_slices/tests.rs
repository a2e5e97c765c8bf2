//! Slices as the controller and people write them.

use proptest::prelude::*;

use super::*;
use crate::cluster::room::{MOST_ENDPOINT_BYTES, MOST_OF_A_NAMESPACE};

/// A pod's endpoint; `conditions` as it stands in the object.
fn endpoint(pod: &str, node: &str, conditions: &str) -> String {
    format!(
        r#"{{"addresses":["10.0.0.7"],"conditions":{conditions},"nodeName":"{node}",
        "targetRef":{{"kind":"Pod","namespace":"shop","name":"{pod}","uid":"u"}}}}"#
    )
}

fn ready(pod: &str, node: &str) -> String {
    endpoint(pod, node, r#"{"ready":true,"serving":true,"terminating":false}"#)
}

/// A slice of a service.
fn slice(name: &str, service: &str, endpoints: &[String]) -> String {
    format!(
        r#"{{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{{"name":"{name}","namespace":"shop",
        "uid":"u","resourceVersion":"5","labels":{{"a":"b","kubernetes.io/service-name":"{service}"}}}},
        "addressType":"IPv4","endpoints":[{}],"ports":null}}"#,
        endpoints.join(",")
    )
}

/// The store of node `one` after these objects.
fn slices(objects: &[String]) -> EndpointSlices {
    let mut slices = EndpointSlices::new("one").empty();
    objects.iter().for_each(|object| slices.apply(object).expect("a slice"));
    slices
}

fn counts(slices: &EndpointSlices) -> Vec<(&str, &str, usize)> {
    slices.ready_pods().collect()
}

#[test]
fn a_service_has_the_pods_of_all_its_slices_and_each_once() {
    let slices = slices(&[
        slice("web-1", "web", &[ready("a", "one"), ready("b", "two")]),
        slice("web-2", "web", &[ready("c", "two")]),
        slice("web-v6", "web", &[ready("a", "one"), ready("b", "two"), ready("c", "two")]),
        slice("db-1", "db", &[ready("c", "two")]),
    ]);
    assert_eq!(counts(&slices), [("shop", "db", 1), ("shop", "web", 3)]);
}

#[test]
fn a_service_of_more_than_a_thousand_pods_has_them_all() {
    let of = |first: u32| (first..first + 100).map(|number| ready(&format!("p{number}"), "two")).collect::<Vec<_>>();
    let objects: Vec<_> = (0..25).map(|number| slice(&format!("web-{number}"), "web", &of(number * 100))).collect();
    assert_eq!(counts(&slices(&objects)), [("shop", "web", 2500)]);
}

#[test]
fn who_is_not_ready_does_not_count_and_what_nobody_says_is_ready() {
    let slices = slices(&[slice(
        "web-1",
        "web",
        &[
            endpoint("a", "one", r#"{"ready":false,"serving":true,"terminating":true}"#),
            endpoint("b", "one", "{}"),
            endpoint("c", "one", "null"),
        ],
    )]);
    assert_eq!(counts(&slices), [("shop", "web", 2)]);
}

#[test]
fn only_pods_of_services_are_counted() {
    let external = r#"{"addresses":["192.0.2.1"],"conditions":{"ready":true}}"#.to_owned();
    let other = ready("a", "one").replace("Pod", "Node");
    let unlabelled = slice("x", "", &[ready("a", "one")]);
    let bare = unlabelled.replace(r#""kubernetes.io/service-name":"""#, r#""c":"d""#);
    let none = slice("y", "web", &[]).replace("[]", "null");
    assert_eq!(counts(&slices(&[slice("web-1", "web", &[external, other]), unlabelled, bare, none])), []);
}

#[test]
fn a_pod_here_names_the_smallest_of_its_services() {
    let nodeless = ready("d", "one").replace(r#""nodeName":"one","#, "");
    let slices = slices(&[
        slice("a-slice", "web", &[ready("a", "one"), ready("b", "two"), nodeless]),
        slice("b-slice", "all", &[ready("a", "one")]),
    ]);
    let here: Vec<_> = slices.services_of_pods().into_iter().collect();
    assert_eq!(here, [(("shop", "a"), "all"), (("shop", "d"), "web")]);
}

#[test]
fn a_slice_that_changes_or_goes_is_no_longer_what_it_was() {
    let mut slices =
        slices(&[slice("web-1", "web", &[ready("a", "one")]), slice("web-2", "web", &[ready("b", "one")])]);
    slices.apply(&slice("web-1", "web", &[])).expect("a slice");
    assert_eq!(counts(&slices), [("shop", "web", 1)]);
    slices.delete(&slice("web-2", "web", &[])).expect("a slice");
    assert_eq!(counts(&slices), []);
}

#[test]
fn what_is_no_slice_is_an_error_and_changes_nothing() {
    let mut slices = slices(&[slice("web-1", "web", &[ready("a", "one")])]);
    for bad in [
        "",
        "{}",
        r#"{"metadata":{"name":"web-1"}}"#,
        r#"{"metadata":{"namespace":"shop","name":"web-1"},"endpoints":7}"#,
    ] {
        assert!(slices.apply(bad).is_err(), "{bad}");
    }
    assert_eq!(counts(&slices), [("shop", "web", 1)]);
}

proptest! {
    #[test]
    fn no_text_is_a_panic(text in ".*", cut in 0usize..400) {
        let mut slices = EndpointSlices::new("one");
        let _ = slices.apply(&text);
        let whole = slice("web-1", "web", &[ready("a", "one")]);
        let _ = slices.apply(&whole[..cut.min(whole.len())]);
        let _ = slices.delete(&text);
    }
}

#[test]
fn slices_of_a_cluster_and_of_a_namespace_have_a_bound_that_costs_the_latest() {
    let mut slices = EndpointSlices::new("one");
    let of = |namespace: &str, number: usize| {
        let pods: Vec<_> = (0..100).map(|pod| ready(&format!("p{number}-{pod}"), "one")).collect();
        slice(&format!("web-{number}"), "web", &pods).replacen("shop", namespace, 1)
    };
    let fill = |slices: &mut EndpointSlices, namespace: &str| {
        (0..1000).find(|number| slices.apply(&of(namespace, *number)).is_err()).expect("there is a bound")
    };
    let fitting = fill(&mut slices, "shop");
    assert!(slices.room.bytes() <= MOST_OF_A_NAMESPACE && slices.room.bytes() > MOST_OF_A_NAMESPACE / 10 * 9);
    let error = slices.apply(&of("shop", fitting)).expect_err("there is no room");
    assert!(
        error.is_limit() && error.to_string().contains(&format!("its namespace with shop/web-{fitting}")),
        "{error}"
    );
    // What one namespace has too much costs no other, until all are full together.
    assert_eq!(fill(&mut slices, "bank"), fitting);
    fill(&mut slices, "zoo");
    fill(&mut slices, "arts");
    assert!(slices.room.bytes() <= MOST_ENDPOINT_BYTES && slices.room.bytes() > MOST_ENDPOINT_BYTES / 10 * 9);
    // The same again takes no more room, and what is deleted makes room.
    slices.apply(&of("shop", 0)).expect("it had its room");
    slices.delete(&of("shop", 1)).expect("a slice");
    slices.apply(&of("shop", fitting)).expect("there is room again");
    for namespace in ["shop", "bank", "zoo", "arts"] {
        (0..=fitting).for_each(|number| slices.delete(&of(namespace, number)).expect("a slice"));
    }
    assert_eq!(slices.room.bytes(), 0);
}
