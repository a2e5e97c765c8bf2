"""What is said of the cluster, and which Service pods belong to, against what kubectl says."""
import collections
import os
import time

from expected import is_over
from node import objects

PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
KINDS = {"Deployment": "deployments", "DaemonSet": "daemonsets", "StatefulSet": "statefulsets", "ReplicaSet": "replicasets"}
UNSEEN = {"minimal": (), "sample": ("ClusterDeployment", "ClusterDaemonSet", "ClusterStatefulSet")}


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def selects(service, pod):
    selector = service["spec"].get("selector")
    labels = pod["metadata"].get("labels", {})
    same = service["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return bool(selector) and same and all(labels.get(key) == value for key, value in selector.items())


def figures(kind, item):
    spec, status = item["spec"], item.get("status", {})
    if kind == "DaemonSet":
        keys = ("desiredNumberScheduled", "numberReady", "numberAvailable", "numberUnavailable")
        return tuple(status.get(key, 0) for key in keys)
    unavailable = status.get("unavailableReplicas", 0) if kind == "Deployment" else None
    return (spec["replicas"], status.get("readyReplicas", 0), status.get("availableReplicas", 0), unavailable)


def by_kubectl(role):
    """The records, as {(type, namespace, name): figures}, and the Service of each pod of the node."""
    nodes, pods, services = (objects(kind, "-A")["items"] for kind in ("nodes", "pods", "services"))
    running = [pod for pod in pods if pod["status"]["phase"] == "Running"]
    failed = sum(any(c["type"] in PRESSURES and c["status"] != "False" for c in node["status"].get("conditions", [])) for node in nodes)
    records = {("Cluster", None, None): (len(nodes), failed, len(running))}
    for namespace, count in collections.Counter(pod["metadata"]["namespace"] for pod in running).items():
        records["ClusterNamespace", namespace, None] = (count,)
    for service in services:
        count = sum(selects(service, pod) and is_ready(pod) for pod in pods)
        if service["metadata"]["name"] == "written":
            count = 1
        if count:
            records["ClusterService", service["metadata"]["namespace"], service["metadata"]["name"]] = (count,)
    for kind, plural in KINDS.items():
        for item in objects(plural, "-A")["items"]:
            if f"Cluster{kind}" not in UNSEEN[role] and not item["metadata"].get("ownerReferences"):
                records[f"Cluster{kind}", item["metadata"]["namespace"], item["metadata"]["name"]] = figures(kind, item)
    of_pods = {}
    for pod in pods:
        if pod["spec"].get("nodeName") == os.environ["NODE"] and not is_over(pod) and is_ready(pod):
            names = [s["metadata"]["name"] for s in services if selects(s, pod)]
            of_pods[pod["metadata"]["namespace"], pod["metadata"]["name"]] = min(names, default=None)
    return records, of_pods


METRICS = {
    "Cluster": ("cluster_node_count", "cluster_failed_node_count", "cluster_number_of_running_pods"),
    "ClusterNamespace": ("namespace_number_of_running_pods",),
    "ClusterService": ("service_number_of_running_pods",),
}
WORKLOAD = ("replicas_desired", "replicas_ready", "status_replicas_available", "status_replicas_unavailable")


def by_agents(leader, here):
    """The same from the last round of the leader and of the agent of the node that is real."""
    records = {}
    for event in leader.last_round:
        kind = event["Type"]
        if kind.startswith("Cluster"):
            name = event.get("Service") if kind == "ClusterService" else event.get("PodName")
            records[kind, event.get("Namespace"), name] = tuple(event.get(metric) for metric in METRICS.get(kind, WORKLOAD))
    of_pods = {(e["Namespace"], e["K8sPodName"]): e.get("Service") for e in here.last_round if e["Type"] == "Pod"}
    return records, of_pods


def check(verdict, fleet, seconds=60):
    """What changes has a minute to be said by both: pods come and go."""
    end = time.monotonic() + seconds
    while True:
        expected, expected_pods = by_kubectl(fleet.role)
        time.sleep(7)
        records, of_pods = by_agents(fleet.leader(), fleet.running[os.environ["NODE"]])
        # One that fails again and again is ready or not from one second to the next.
        same_pods = {key: of_pods.get(key, "no record") for key in expected_pods}
        if (records == expected and same_pods == expected_pods) or time.monotonic() > end:
            break
    for key in sorted(set(records) | set(expected), key=str):
        got, wanted = records.get(key), expected.get(key)
        verdict.equal(f"{key[0]} as kubectl has it, role {fleet.role}", got, wanted, key)
    for key, service in expected_pods.items():
        verdict.equal(f"the Service of a pod, role {fleet.role}", same_pods[key], service, key)
    verdict.equal("pods have Services", {"db", "front", "host"} <= set(same_pods.values()), True, same_pods)
