//! Endpoints as controllers and people write them.

use proptest::prelude::*;

use super::*;

/// A ready pod's address.
fn address(pod: &str, node: &str) -> String {
    format!(
        r#"{{"ip":"10.0.0.7","nodeName":"{node}","targetRef":{{"kind":"Pod","namespace":"shop","name":"{pod}","uid":"u"}}}}"#
    )
}

fn subset(ready: &[&str], unready: &[&str]) -> String {
    format!(
        r#"{{"addresses":[{}],"notReadyAddresses":[{}],"ports":[{{"port":8080}}]}}"#,
        ready.join(","),
        unready.join(",")
    )
}

fn object(name: &str, subsets: &[String]) -> String {
    format!(
        r#"{{"kind":"Endpoints","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"shop","uid":"u",
        "resourceVersion":"5"}},"subsets":[{}]}}"#,
        subsets.join(",")
    )
}

/// The store of node `one` after these objects.
fn endpoints(objects: &[String]) -> Endpoints {
    let mut endpoints = Endpoints::new("one").empty();
    objects.iter().for_each(|object| endpoints.apply(object).expect("endpoints"));
    endpoints
}

fn counts(endpoints: &Endpoints) -> Vec<(&str, &str, usize)> {
    endpoints.ready_pods().collect()
}

#[test]
fn ready_pods_are_counted_once_each() {
    let (a, b, c) = (address("a", "one"), address("b", "two"), address("c", "two"));
    let endpoints = endpoints(&[
        object("web", &[subset(&[&a, &b], &[&c]), subset(&[&a], &[])]),
        object("db", &[subset(&[&c], &[])]),
        object("cold", &[subset(&[], &[&a])]),
        object("none", &[]),
    ]);
    assert_eq!(counts(&endpoints), [("shop", "db", 1), ("shop", "web", 2)]);
}

#[test]
fn only_pods_are_counted() {
    let external = r#"{"ip":"192.0.2.1"}"#;
    let other = address("a", "one").replace("Pod", "Node");
    let nameless = address("", "one");
    let endpoints = endpoints(&[
        object("web", &[subset(&[external, &other, &nameless], &[])]),
        object("x", &[]).replace("\"subsets\":[]", "\"subsets\":null"),
    ]);
    assert_eq!(counts(&endpoints), []);
}

#[test]
fn pods_of_the_node_have_the_smallest_service() {
    let (a, b) = (address("a", "one"), address("b", "two"));
    let nodeless = address("c", "one").replace(r#""nodeName":"one","#, "");
    let mut endpoints = endpoints(&[
        object("web-all", &[subset(&[&a, &b], &[])]),
        object("web", &[subset(&[&a], &[])]),
        object("by-hand", &[subset(&[&nodeless], &[])]),
    ]);
    let expected = BTreeMap::from([(("shop", "a"), "web"), (("shop", "c"), "by-hand")]);
    assert_eq!(endpoints.services_of_pods(), expected);
    endpoints.delete(&object("web", &[])).expect("endpoints");
    endpoints.delete(&object("by-hand", &[])).expect("endpoints");
    assert_eq!(endpoints.services_of_pods(), BTreeMap::from([(("shop", "a"), "web-all")]));
    endpoints.apply(&object("web-all", &[subset(&[&b], &[&a])])).expect("it is not ready any more");
    assert_eq!(endpoints.services_of_pods(), BTreeMap::new());
}

#[test]
fn the_smallest_name_counts_across_namespaces_too() {
    // Endpoints by hand may point into another namespace.
    let a = address("a", "one");
    let far = object("aa", &[subset(&[&a], &[])]).replacen("shop", "zoo", 1);
    let endpoints = endpoints(&[object("web", &[subset(&[&a], &[])]), far]);
    assert_eq!(endpoints.services_of_pods(), BTreeMap::from([(("shop", "a"), "aa")]));
}

#[test]
fn endpoints_that_cannot_be_read_stay_what_they_were() {
    let good = object("web", &[subset(&[&address("a", "one")], &[])]);
    let mut endpoints = endpoints(std::slice::from_ref(&good));
    endpoints.apply(&good.replace("\"addresses\":[", "\"addresses\":[7,")).expect_err("an address is an object");
    endpoints.delete("{}").expect_err("no name");
    assert_eq!(counts(&endpoints), [("shop", "web", 1)]);
}

proptest! {
    #[test]
    fn any_text_is_survived(text in ".{0,80}", kind in r#"("Pod"|null|7|"")"#, cut in 0..400_usize) {
        let mut endpoints = Endpoints::new("one");
        let _ = (endpoints.apply(&text), endpoints.delete(&text));
        let odd = object("web", &[subset(&[&address("a", "one").replace("\"Pod\"", &kind)], &[])]);
        let _ = (endpoints.apply(&odd), endpoints.apply(odd.get(..cut).unwrap_or("")));
        let _ = (counts(&endpoints), endpoints.services_of_pods());
    }
}

#[test]
fn endpoints_of_a_namespace_have_a_bound_that_costs_the_latest() {
    let mut endpoints = Endpoints::new("one");
    let of = |number: usize| {
        let pods: Vec<_> = (0..100).map(|pod| address(&format!("p{number}-{pod}"), "one")).collect();
        object(&format!("web-{number}"), &[subset(&pods.iter().map(String::as_str).collect::<Vec<_>>(), &[])])
    };
    let fitting = (0..1000).find(|number| endpoints.apply(&of(*number)).is_err()).expect("there is a bound");
    assert!(endpoints.apply(&of(fitting)).expect_err("there is no room").is_limit());
    assert_eq!(counts(&endpoints).len(), fitting);
    endpoints.delete(&of(1)).expect("endpoints");
    endpoints.apply(&of(fitting)).expect("there is room again");
    (0..=fitting).for_each(|number| endpoints.delete(&of(number)).expect("endpoints"));
    assert_eq!(endpoints.room.bytes(), 0);
}
