"""Checks a recording of agent_pod.py (SEEN=FILE) again, perhaps spoiled first: shows that the checks notice.

  replay.py FILE            as it is
  replay.py FILE spoil      each way of being wrong alone; every one must be noticed
"""
import json
import os
import pickle
import sys

os.environ.setdefault("NODE", "")
import agent_pod
from verdict import Verdict


def each(change):
    """A spoiler that changes every event, or takes it away where `change` says None."""
    def spoil(rows):
        for when, stream, line in rows:
            if stream == "stdout":
                event = change(json.loads(line))
                if event is None:
                    continue
                line = json.dumps(event)
            yield when, stream, line
    return spoil


def scaled(record_type, field, factor, **where):
    def change(event):
        if event["Type"] == record_type and field in event and all(event.get(k) == v for k, v in where.items()):
            event[field] *= factor
        return event
    return each(change)


def moved(record_type, field, value, **where):
    def change(event):
        if event["Type"] == record_type and all(event.get(k) == v for k, v in where.items()):
            event[field] = value
        return event
    return each(change)


def without(record_type, **where):
    return each(lambda e: None if e["Type"] == record_type and all(e.get(k) == v for k, v in where.items()) else e)


WAYS = {
    "CPU of the busy container 6 % too high": scaled("Container", "container_cpu_usage_total", 1.06, K8sPodName="qos-guaranteed"),
    "CPU of every pod halved": scaled("Pod", "pod_cpu_usage_total", 0.5),
    "memory of a container 8 % too low": scaled("Container", "container_memory_working_set", 0.92, K8sPodName="held"),
    "a small pod's memory off by a page": each(lambda e: e.update(pod_memory_rss=e["pod_memory_rss"] + 4096) or e if e["Type"] == "Pod" and e["K8sPodName"] == "qos-besteffort" else e),
    "received and sent bytes 3 % too high": scaled("PodNet", "pod_interface_network_rx_bytes", 1.03),
    "a pod's total traffic doubled": scaled("Pod", "pod_network_tx_bytes", 2),
    "no traffic of one pod": without("PodNet", K8sPodName="static-bed-host"),
    "one running pod too many": each(lambda e: e.update(node_number_of_running_pods=e["node_number_of_running_pods"] + 1) or e if e["Type"] == "Node" else e),
    "a request forgotten": scaled("Node", "node_cpu_request", 0.9),
    "a limit of a container in cores": scaled("Container", "container_cpu_limit", 0.001),
    "restarts doubled": scaled("Container", "number_of_container_restarts", 2),
    "a container's state stale": moved("Container", "container_status", "Running", K8sPodName="gated"),
    "no record of the ended container": without("Container", ContainerName="ended"),
    "PodName is the ReplicaSet's": moved("Pod", "PodName", "web-768d77f46b", PodName="web"),
    "labels lost": each(lambda e: e["kubernetes"].pop("labels", None) and None or e),
    "a file system's usage without its logs": scaled("ContainerFS", "container_filesystem_usage", 0.5),
    "a metric never there": each(lambda e: e.pop("pod_network_rx_dropped", None) and None or e),
    "disk bytes of the wrong direction": scaled("NodeDiskIO", "node_diskio_io_service_bytes_write", 3),
}


def check(seen, rows):
    verdict = Verdict()
    agent_pod.check_values(verdict, {**seen, "rows": rows})
    return verdict


def main():
    with open(sys.argv[1], "rb") as file:
        seen = pickle.load(file)
    if sys.argv[2:] != ["spoil"]:
        raise SystemExit(check(seen, seen["rows"]).end())
    unnoticed = 0
    for words, spoil in WAYS.items():
        noticed = check(seen, list(spoil(seen["rows"]))).failed
        unnoticed += not noticed
        print(f"{'noticed' if noticed else 'NOT NOTICED'}: {words}: {', '.join(noticed)}")
    raise SystemExit(unnoticed)


main()
