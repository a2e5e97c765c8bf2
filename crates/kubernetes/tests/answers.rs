//! The kubelet's answers: what was written comes back, in any spelling and with any other members beside it.

use kubernetes::{parse_node, parse_pods, parse_summary};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A pod's name and bytes of its containers.
type Pod = (String, Vec<(String, [u64; 3])>);

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9-]{1,20}", "\\PC{1,8}"]
}

fn pods() -> impl Strategy<Value = Vec<Pod>> {
    let bytes = proptest::array::uniform3(any::<u64>());
    proptest::collection::vec((name(), proptest::collection::vec((name(), bytes), 0..4)), 1..5)
}

/// What a newer kubelet may say besides.
fn besides() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"a": [1, {"b": null}], "usedBytes": "x"})),
        Just(json!([[], {}, -1, 1.5e300])),
        Just(json!("text \" \\ \u{1b} \u{2028}")),
        Just(Value::Null),
    ]
}

/// The value with a member more in each of its objects, before and behind the others.
fn with_members(value: Value, more: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut all = Map::from_iter([("AAnew".to_owned(), more.clone()), ("zznew".to_owned(), more.clone())]);
            all.extend(members.into_iter().map(|(name, value)| (name, with_members(value, more))));
            Value::Object(all)
        }
        Value::Array(items) => items.into_iter().map(|item| with_members(item, more)).collect(),
        other => other,
    }
}

/// The text with blanks wherever JSON allows them, and letters as their escapes.
fn spread(value: &Value) -> String {
    let mut text = String::new();
    let mut quoted = false;
    let mut escaped = false;
    for letter in value.to_string().chars() {
        let ends = !escaped && letter == '"';
        escaped = quoted && !escaped && letter == '\\';
        match (quoted, letter) {
            (true, 'e') if !text.ends_with('\\') => text.push_str("\\u0065"),
            (false, '{' | '[' | ',' | ':') => text.extend([letter, ' ', '\n', '\t']),
            _ => text.push(letter),
        }
        quoted ^= ends;
    }
    text
}

fn summary(pods: &[Pod]) -> Value {
    let file_system = |[capacity, available, used]: &[u64; 3]| json!({"capacityBytes": capacity, "availableBytes": available, "usedBytes": used});
    let container = |(name, bytes): &(String, [u64; 3])| json!({"name": name, "rootfs": file_system(bytes), "logs": file_system(bytes)});
    let pod = |(number, (name, containers)): (usize, &Pod)| {
        json!({"podRef": {"name": name, "namespace": "n", "uid": format!("uid-{number}")},
            "containers": containers.iter().map(container).collect::<Vec<_>>()})
    };
    json!({"node": {"nodeName": "n"}, "pods": pods.iter().enumerate().map(pod).collect::<Vec<_>>()})
}

fn list(pods: &[Pod]) -> Value {
    let container = |(name, [cpu, memory, _]): &(String, [u64; 3])| json!({"name": name, "resources": {"requests": {"cpu": format!("{}m", cpu % 1_000_000), "memory": (memory >> 2).to_string()}}});
    let pod = |(number, (name, containers)): (usize, &Pod)| {
        json!({"metadata": {"name": name, "namespace": "n", "uid": format!("uid-{number}"), "labels": {"app": name}},
            "spec": {"containers": containers.iter().map(container).collect::<Vec<_>>()}, "status": {"phase": "Running"}})
    };
    json!({"kind": "PodList", "apiVersion": "v1", "items": pods.iter().enumerate().map(pod).collect::<Vec<_>>()})
}

proptest! {
    #[test]
    fn a_summary_comes_back_as_it_was(pods in pods(), more in besides()) {
        let value = summary(&pods);
        let read = parse_summary(value.to_string().as_bytes()).expect("it is well formed");
        prop_assert_eq!((read.pods.len(), read.skipped), (pods.len(), 0));
        for (read, (name, _)) in read.pods.iter().zip(&pods) {
            prop_assert_eq!(&*read.name, &**name);
        }
        // The same of a kubelet that says more, and of one that writes otherwise.
        let newer = parse_summary(with_members(value.clone(), &more).to_string().as_bytes()).expect("it is well formed");
        prop_assert_eq!(&newer, &read);
        prop_assert_eq!(&parse_summary(spread(&value).as_bytes()).expect("it is well formed"), &read);
    }

    #[test]
    fn a_containers_bytes_are_those_of_its_name(bytes in proptest::array::uniform3(0..1_u64 << 60)) {
        let [available, used] = [bytes[1] % (bytes[0] + 1), bytes[2] % (bytes[0] + 1)];
        let pods = [("p".to_owned(), vec![("c".to_owned(), [bytes[0], available, used])])];
        let read = parse_summary(summary(&pods).to_string().as_bytes()).expect("it is well formed");
        let container = &read.pods[0].containers[0];
        for of in [container.rootfs, container.logs] {
            let of = of.expect("it was written");
            prop_assert_eq!([of.capacity_bytes, of.available_bytes, of.used_bytes], [Some(bytes[0]), Some(available), Some(used)]);
        }
    }

    #[test]
    fn a_list_is_the_same_whatever_it_says_besides_and_however_it_is_written(pods in pods(), more in besides()) {
        let value = list(&pods);
        let read = parse_pods(value.to_string().as_bytes()).expect("it is well formed");
        prop_assert_eq!((read.pods.len(), read.skipped), (pods.len(), 0));
        for (read, (name, containers)) in read.pods.iter().zip(&pods) {
            prop_assert_eq!((&*read.name, read.containers.len()), (&**name, containers.len()));
            for (read, (name, [cpu, memory, _])) in read.containers.iter().zip(containers) {
                prop_assert_eq!(&*read.name, &**name);
                prop_assert_eq!(read.requests.cpu_millicores, Some(cpu % 1_000_000));
                prop_assert_eq!(read.requests.memory_bytes, Some(memory >> 2));
            }
        }
        prop_assert_eq!(&parse_pods(spread(&value).as_bytes()).expect("it is well formed").pods, &read.pods);
        // Labels are objects too: only what stands beside them may grow.
        let mut newer = with_members(value, &more);
        for (item, (name, _)) in newer["items"].as_array_mut().expect("it is a list").iter_mut().zip(&pods) {
            item["metadata"]["labels"] = json!({"app": name});
        }
        prop_assert_eq!(&parse_pods(newer.to_string().as_bytes()).expect("it is well formed").pods, &read.pods);
    }

    #[test]
    fn a_pod_of_a_wrong_shape_costs_itself(pods in pods(), at in 0..5_usize, wrong in besides()) {
        let whole = parse_pods(list(&pods).to_string().as_bytes()).expect("it is well formed");
        let mut value = list(&pods);
        let items = value["items"].as_array_mut().expect("it is a list");
        items.insert(at % (pods.len() + 1), wrong);
        let read = parse_pods(value.to_string().as_bytes()).expect("the list is well formed");
        prop_assert_eq!((&read.pods, read.skipped), (&whole.pods, 1));
    }

    #[test]
    fn a_nodes_object_comes_back(provider in name(), labels in proptest::collection::btree_map(name(), name(), 0..5)) {
        let value = json!({"kind": "Node", "metadata": {"name": "n", "labels": labels}, "spec": {"providerID": provider}});
        for text in [value.to_string(), spread(&value)] {
            let read = parse_node(text.as_bytes()).expect("it is well formed");
            prop_assert_eq!((read.provider_id.as_deref(), &read.labels), (Some(&*provider), &labels));
        }
    }
}
