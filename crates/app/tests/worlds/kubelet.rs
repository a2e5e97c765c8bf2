//! What the kubelet of a world answers.

use serde_json::{Value, json};

use crate::kernel::{container_bytes, usage};
use crate::world::{Pod, State, World};

/// What a container asks for: millicores and MiB, and its limits.
pub fn resources(world: &World, key: &str) -> [u64; 4] {
    let pick = |what: &str| world.numbers.pick(&format!("{key}/{what}"), 10..200);
    let (cpu, memory) = (pick("cpu"), pick("memory"));
    [cpu, memory, cpu * 2, memory * 3]
}

/// A pod as the list has it.
pub fn pod(world: &World, pod: &Pod) -> Value {
    let specification = |container: &crate::world::Container| {
        let [cpu, memory, cpu_limit, memory_limit] = resources(world, &container.key);
        json!({"name": container.name, "image": "registry.example/image:1", "resources": {
            "requests": {"cpu": format!("{cpu}m"), "memory": format!("{memory}Mi")},
            "limits": {"cpu": format!("{cpu_limit}m"), "memory": format!("{memory_limit}Mi")},
        }})
    };
    let status = |container: &crate::world::Container| {
        let state = match container.state {
            State::Running => json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}}),
            State::Waiting => json!({"waiting": {"reason": "CrashLoopBackOff"}}),
            State::Terminated => json!({"terminated": {"reason": "Completed", "exitCode": 0}}),
        };
        let mut status = json!({"name": container.name, "restartCount": 2, "state": state, "lastState": {},
            "ready": container.state == State::Running});
        if pod.runs() {
            status["containerID"] = format!("{}://{}", world.runtime(), container.id).into();
        }
        status
    };
    let mut annotations = json!({"kubernetes.io/config.source": "api"});
    if pod.is_static {
        annotations = json!({"kubernetes.io/config.source": "file", "kubernetes.io/config.hash": pod.uid});
    }
    json!({
        "metadata": {
            "name": pod.name, "namespace": pod.namespace, "uid": pod.uid, "annotations": annotations,
            "labels": {"app": pod.key, "tier": "made-up"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{}-6d4b75cb6d", pod.key), "uid": "x"}],
        },
        "spec": {
            "nodeName": "node-1", "hostNetwork": pod.host_network,
            "containers": pod.containers.iter().map(specification).collect::<Vec<_>>(),
        },
        "status": {
            "phase": pod.phase, "podIP": "10.0.0.7",
            "containerStatuses": pod.containers.iter().map(status).collect::<Vec<_>>(),
        },
    })
}

/// A pod as the summary has it.
pub fn summary(world: &World, pod: &Pod, tick: u64) -> Value {
    let root = &world.disks[0];
    let [_, available, ..] = usage(world, root, tick);
    let running = pod.containers.iter().filter(|container| container.state == State::Running);
    let containers = running.map(|container| {
        let (layer, logs) = container_bytes(world, &container.key, tick);
        let file_system =
            |used: u64| json!({"capacityBytes": root.capacity, "availableBytes": available, "usedBytes": used});
        json!({"name": container.name, "rootfs": file_system(layer), "logs": file_system(logs)})
    });
    json!({
        "podRef": {"name": pod.name, "namespace": pod.namespace, "uid": pod.uid},
        "containers": containers.collect::<Vec<_>>(),
    })
}
