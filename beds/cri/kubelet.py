"""The kubelet's answers for a node that has a runtime but no kubelet, made from CRI's own: `/pods`, `/stats/summary`.

Made by hand is what a runtime can't know: the spec (kept in the sandbox's annotation `bed/spec`), owners (none) and the
pod's phase. Ids, states, exit codes, restart counts, addresses and times are the runtime's.
"""
import contextlib
import http.server
import json
import os
import threading
import time

RUNNING, EXITED = 1, 2


def rfc3339(nanoseconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(nanoseconds / 1e9))


def pods(runtime, node="bed"):
    """A PodList of all sandboxes that are ready."""
    containers = {}
    for container in runtime.call("ListContainers").containers:
        containers.setdefault(container.pod_sandbox_id, []).append(container)
    items = [
        _pod(runtime, sandbox, containers.get(sandbox.id, []), node)
        for sandbox in runtime.call("ListPodSandbox").items if sandbox.state == 0
    ]
    items.sort(key=lambda item: (item["metadata"]["namespace"], item["metadata"]["name"]))
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}


def _pod(runtime, sandbox, containers, node):
    spec = json.loads(sandbox.annotations["bed/spec"])
    statuses = []
    for name in spec["containers"]:
        attempts = [container for container in containers if container.metadata.name == name]
        if attempts:
            attempts.sort(key=lambda container: container.metadata.attempt)
            statuses.append(_container_status(runtime, attempts))
    ready = all(status["ready"] for status in statuses)
    address = runtime.call("PodSandboxStatus", pod_sandbox_id=sandbox.id).status.network.ip
    return {
        "metadata": {
            "name": sandbox.metadata.name, "namespace": sandbox.metadata.namespace, "uid": sandbox.metadata.uid,
            "creationTimestamp": rfc3339(sandbox.created_at), "labels": spec["labels"],
            "annotations": {"kubernetes.io/config.source": "api"},
        },
        "spec": {
            "nodeName": node, "restartPolicy": "Always", "hostNetwork": spec["host_network"],
            "containers": [
                {"name": name, "image": "bed-busybox:1", "resources": _resources(limits, spec["qos"])}
                for name, limits in spec["containers"].items()
            ],
        },
        "status": {
            "phase": "Running", "podIP": address, "startTime": rfc3339(sandbox.created_at),
            "qosClass": {"guaranteed": "Guaranteed", "burstable": "Burstable", "besteffort": "BestEffort"}[spec["qos"]],
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": statuses,
        },
    }


def _resources(limits, qos):
    limits = {key: value for key, value in limits.items() if value}
    if not limits:
        return {}
    if qos == "guaranteed":
        return {"limits": limits, "requests": limits}
    return {"limits": limits, "requests": {key: {"cpu": "10m", "memory": "8Mi"}[key] for key in limits}}


def _container_status(runtime, attempts):
    latest = attempts[-1]
    result = {
        "name": latest.metadata.name, "image": latest.image.image, "imageID": latest.image_ref,
        "containerID": "containerd://" + latest.id, "restartCount": latest.metadata.attempt,
        "ready": latest.state == RUNNING, "started": latest.state == RUNNING, "lastState": {},
    }
    result["state"] = _state(runtime, latest)
    if len(attempts) > 1:
        result["lastState"] = _state(runtime, attempts[-2])
    return result


def _state(runtime, container):
    status = runtime.call("ContainerStatus", container_id=container.id).status
    if status.state == RUNNING:
        return {"running": {"startedAt": rfc3339(status.started_at)}}
    if status.state == EXITED:
        return {"terminated": {
            "exitCode": status.exit_code, "reason": status.reason, "startedAt": rfc3339(status.started_at),
            "finishedAt": rfc3339(status.finished_at), "containerID": "containerd://" + container.id}}
    return {"waiting": {"reason": "ContainerCreating"}}


def summary(runtime, storage, node="bed"):
    """A Summary of the containers that run; `storage` is a path on the file system that holds the runtime's layers."""
    statistics = os.statvfs(storage)
    disk = {
        "availableBytes": statistics.f_bavail * statistics.f_frsize,
        "capacityBytes": statistics.f_blocks * statistics.f_frsize,
        "inodesFree": statistics.f_favail, "inodes": statistics.f_files,
    }
    by_pod = {}
    for stats in runtime.call("ListContainerStats").stats:
        labels = stats.attributes.labels
        reference = (labels["io.kubernetes.pod.namespace"], labels["io.kubernetes.pod.name"], labels["io.kubernetes.pod.uid"])
        by_pod.setdefault(reference, []).append(_container_summary(stats, reference, disk))
    now = rfc3339(time.time_ns())
    used = (statistics.f_blocks - statistics.f_bfree) * statistics.f_frsize
    return {
        "node": {"nodeName": node, "fs": {"time": now, "usedBytes": used, **disk},
                 "runtime": {"imageFs": {"time": now, **disk}, "containerFs": {"time": now, **disk}}},
        "pods": [
            {"podRef": {"name": name, "namespace": namespace, "uid": uid}, "containers": containers}
            for (namespace, name, uid), containers in sorted(by_pod.items())
        ],
    }


def _container_summary(stats, reference, disk):
    namespace, pod, uid = reference
    name = stats.attributes.metadata.name
    folder = f"/var/log/pods/{namespace}_{pod}_{uid}/{name}"
    logs = sum(entry.stat().st_size for entry in os.scandir(folder)) if os.path.isdir(folder) else 0
    layer = stats.writable_layer
    return {
        "name": name,
        "cpu": {"time": rfc3339(stats.cpu.timestamp), "usageCoreNanoSeconds": stats.cpu.usage_core_nano_seconds.value},
        "memory": {"time": rfc3339(stats.memory.timestamp), "workingSetBytes": stats.memory.working_set_bytes.value,
                   "usageBytes": stats.memory.usage_bytes.value},
        "rootfs": {"time": rfc3339(layer.timestamp), "usedBytes": layer.used_bytes.value,
                   "inodesUsed": layer.inodes_used.value, **disk},
        "logs": {"time": rfc3339(time.time_ns()), "usedBytes": logs, **disk},
    }


def serve(runtime, storage, port=0):
    """Serves both answers on loopback from a thread of its own; gives the endpoint."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            makers = {"/pods": lambda: pods(runtime), "/stats/summary": lambda: summary(runtime, storage)}
            maker = makers.get(self.path)
            body = json.dumps(maker()).encode() if maker else b"404 page not found\n"
            self.send_response(200 if maker else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # Who asked may have lost patience.
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
