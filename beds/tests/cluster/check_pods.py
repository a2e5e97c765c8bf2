"""What is true of each pod all the time: names, labels, owners, requests and limits, its records; and restarts."""
import re

import manifest
from expected import amount, is_over, uid_of
from rounds import owner_document

WORKLOADS = {  # of a pod's name: PodName, the owner in the document
    r"web-\w+-\w+$": ("web", ("Deployment", "web")),
    r"ds-\w+$": ("ds", ("DaemonSet", "ds")),
    r"db-0$": ("db-0", ("StatefulSet", "db")),
    r"nightly-29411234-\w+$": ("nightly", ("Job", "nightly")),
    r"aws-otel-eks-ci-\w+$": ("aws-otel-eks-ci", ("DaemonSet", "aws-otel-eks-ci")),
    r"(static-.*|crash|qos-\w+|hostnet|source|sink|held|halves|gated)$": (None, None),
}


def check(verdict, rounds, watcher):
    for pod in watcher.pods[-1][1]:
        check_pod(verdict, rounds, pod)
    check_special(verdict, rounds)
    check_restarts(verdict, rounds, watcher)


def check_pod(verdict, rounds, pod):
    """Names, labels, owners, requests and limits of all records of one pod, and that they are there in every round."""
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    known = [found for pattern, found in WORKLOADS.items() if re.match(pattern, name)]
    if is_over(pod) or not verdict.check("the pod is one of the workloads", known, name):
        return
    pod_name, owner = known[0]
    for tick in rounds:
        pods = tick.of("Pod", PodId=uid_of(pod))
        verdict.equal("one Pod record for every pod in every round", len(pods), 1, name)
        verdict.check("PodNet for every pod in every round", tick.of("PodNet", PodId=uid_of(pod)), name)
        for event in [e for e in tick.events if e.get("PodId") == uid_of(pod)]:
            document = owner_document(event)
            verdict.equal("PodName follows the owner", event["PodName"], pod_name or name, name)
            verdict.equal("names of a pod", (event["K8sPodName"], event["Namespace"]), (name, namespace))
            expected = {"pod_name": name, "namespace_name": namespace, "pod_id": uid_of(pod), "host": event["NodeName"],
                        "labels": pod["metadata"].get("labels")}
            verdict.equal("the document repeats the pod", {k: document.get(k) for k in expected}, expected, name)
            owners = owner and [{"owner_kind": owner[0], "owner_name": owner[1]}]
            verdict.equal("the document has the owners", document.get("pod_owners"), owners, name)
            if "ContainerName" in event:
                ids = (document.get("container_name"), document.get("containerd", {}).get("container_id"))
                verdict.equal("the document has the container", ids, (event["ContainerName"], event.get("ContainerId")), name)
        for event in pods:
            check_amounts(verdict, "pod", event, pod["spec"]["containers"])
        for container in pod["spec"]["containers"]:
            for event in tick.of("Container", PodId=uid_of(pod), ContainerName=container["name"]):
                check_amounts(verdict, "container", event, [container])


def check_amounts(verdict, kind, event, containers):
    for resource in ("cpu", "memory"):
        requests = [amount(c, "requests", resource) for c in containers]
        limits = [amount(c, "limits", resource) for c in containers]
        # A limit without a request is the request too, says the API server, which has filled it in.
        request = sum(r for r in requests if r) or None
        limit = sum(limits) if all(limits) else None
        for word, expected in (("request", request), ("limit", limit)):
            got = event.get(f"{kind}_{resource}_{word}")
            verdict.equal(f"{word}s of a {kind}", got, expected, f"{event['K8sPodName']} {event.get('ContainerName', '')} {resource}")


def check_special(verdict, rounds):
    """Records that have to be there, and that must not."""
    everything = [event for tick in rounds for event in tick.events]
    by_pod = {event["K8sPodName"] for event in everything if "K8sPodName" in event}
    verdict.check("a pod that waits for a node has no record", "toobig" not in by_pod)
    verdict.check("a pod that succeeded has no record", not [name for name in by_pod if name.startswith("once-")], str(by_pod))
    own = [e["Type"] for e in everything if e.get("PodName") == manifest.DAEMON_SET]
    verdict.check("the agent's own pod has all its records", {"Pod", "PodNet", "Container", "ContainerFS"} <= set(own), str(set(own)))
    found = {(e["K8sPodName"], e["ContainerName"], e.get("container_status"), e.get("container_status_reason")) for e in everything if e["Type"] == "Container"}
    for wanted in (("halves", "ended", "Terminated", "Error"), ("halves", "goes-on", "Running", None),
                   ("gated", "main", "Waiting", "CreateContainerConfigError")):
        verdict.check("states that were brought about", wanted in found, str(wanted))
    # The kubelet itself says one or the other for most of the time between two attempts.
    attempts = {("crash", "main", "Waiting", "CrashLoopBackOff"), ("crash", "main", "Terminated", "Error")}
    verdict.check("a container that fails again and again", attempts & found, str(found))
    gated = [e for e in everything if e["Type"] == "Container" and e["K8sPodName"] == "gated"]
    verdict.check("a container that never started has no id", gated and not any("ContainerId" in e for e in gated))


def check_restarts(verdict, rounds, watcher):
    """The restarts that all rounds count together are those of the kubelet."""
    def count(near, name, container):
        for _, pods in sorted(watcher.pods, key=lambda answer: abs(answer[0] - near.time))[:1]:
            for pod in pods:
                if pod["metadata"]["name"] == name:
                    return next(s["restartCount"] for s in pod["status"]["containerStatuses"] if s["name"] == container)

    for name, container, at_least in (("crash", "main", 0), ("db-0", "sidecar", 1), ("db-0", "main", 0)):
        expected = count(rounds[-1], name, container) - count(rounds[0], name, container)
        events = [e for tick in rounds[1:] for e in tick.of("Container", K8sPodName=name, ContainerName=container)]
        got = sum(e.get("number_of_container_restarts", 0) for e in events)
        verdict.check("restarts of a container", abs(got - expected) <= (name == "crash") and got >= at_least, f"{name}/{container}: {got}, the kubelet counts {expected}")
        if name == "db-0" and container == "sidecar":
            verdict.equal("a new container has a new id", len({e["ContainerId"] for e in events}), 2, name)
            pods = [e for tick in rounds[1:] for e in tick.of("Pod", K8sPodName=name)]
            verdict.equal("restarts of a pod", sum(e["pod_number_of_container_restarts"] for e in pods), 1, name)
