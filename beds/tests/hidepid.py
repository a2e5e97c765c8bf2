#!/usr/bin/env python3
"""Checks that an agent without rights loses only what a procfs alone can tell it, where that shows less than it likes.

  hidepid.py AGENT FOLDER LOAD      as root, on the machine or in a guest; FOLDER is writable, LOAD is images/load.c

A pod is made by hand: its cgroups, one process in them that holds memory, and a kubelet that knows of it. Then an agent runs in
each view of jobs/view.sh, as uid 65532, under the sample configuration.
"""
import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

from expect import MIB, SAMPLE_WARNINGS, Checks, Events, check_output, read

SLOW = int(os.environ.get("BED_SLOW", "1"))
CGROUP = "/sys/fs/cgroup"
UID, CONTAINER = "5d2f0c1a-7b3e-4c6d-8e9f-0a1b2c3d4e5f", "fedcba98" * 8
HELD = 24 * MIB
ROUNDS = 4
RECEIVER = "receivers.awscontainerinsightreceiver"

NODE = ("node_cpu_usage_total", "node_memory_usage", "node_memory_working_set", "node_number_of_running_pods")
POD = ("pod_cpu_usage_total", "pod_memory_usage", "pod_memory_working_set")
OF_CONTAINER = ("container_cpu_usage_total", "container_memory_usage", "container_memory_rss")
# What a node's whole procfs gives beside cgroups.
BY_PROC = ("node_cpu_limit", "node_memory_limit")
EVERYTHING = {"Node", "NodeFS", "NodeDiskIO", "NodeNet", "Pod", "Container"}
# The views of jobs/view.sh: types that must be there, types that can't be, the Node's metrics, words of the log.
VIEWS = {
    "plain": (EVERYTHING, set(), NODE + BY_PROC, ()),
    "hidepid1": (EVERYTHING - {"NodeNet"}, {"NodeNet"}, NODE + BY_PROC, ("network",)),
    "hidepid2": (EVERYTHING - {"NodeNet"}, {"NodeNet"}, NODE + BY_PROC, ("network",)),
    # Its process 1 is none of the machine's first, but may stand in the machine's network.
    "other-pids": (EVERYTHING - {"NodeNet"}, set(), NODE + BY_PROC, ()),
    "unmounted": (EVERYTHING - {"NodeNet"}, {"NodeNet"}, NODE + BY_PROC, ("network",)),
    "none": ({"Node", "Pod", "Container"}, {"NodeFS", "NodeNet"}, NODE, ("network", "mount")),
}


def is_v2():
    return os.path.exists(CGROUP + "/cgroup.controllers")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Pod:
    """A pod's cgroups as the kubelet's cgroupfs driver makes them, and a process that holds memory."""

    def __init__(self, load):
        self.tops = [CGROUP] if is_v2() else [f"{CGROUP}/{name}" for name in ("cpu", "cpuacct", "memory", "blkio")]
        self.steps = ["kubepods", "burstable", "pod" + UID, CONTAINER]
        for top in self.tops:
            for count in range(1, len(self.steps) + 1):
                folder = os.path.join(top, *self.steps[:count])
                os.makedirs(folder, exist_ok=True)
                if is_v2() and count < len(self.steps):
                    write(folder + "/cgroup.subtree_control", "+cpu +memory +io")
        joins = "".join(f"echo $$ > {os.path.join(top, *self.steps)}/cgroup.procs; " for top in self.tops)
        self.process = subprocess.Popen(["sh", "-c", f'{joins} exec unshare --net "$@"', "sh", load, "memory", str(HELD)])

    def end(self):
        self.process.kill()
        self.process.wait()
        for top in self.tops:
            for count in range(len(self.steps), 0, -1):
                with contextlib.suppress(OSError):
                    os.rmdir(os.path.join(top, *self.steps[:count]))


def serve():
    """The endpoint of a kubelet that knows of the pod."""
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    status = {"name": "main", "image": "bed", "imageID": "bed", "containerID": "containerd://" + CONTAINER, "restartCount": 0,
              "ready": True, "started": True, "state": {"running": {"startedAt": started}}, "lastState": {}}
    pod = {"metadata": {"name": "seen", "namespace": "bed", "uid": UID, "creationTimestamp": started,
                        "annotations": {"kubernetes.io/config.source": "api"}},
           "spec": {"nodeName": "bed-node", "containers": [{"name": "main", "image": "bed", "resources": {}}]},
           "status": {"phase": "Running", "podIP": "10.88.0.2", "startTime": started, "qosClass": "Burstable",
                      "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [status]}}
    answers = {"/pods": {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [pod]},
               "/stats/summary": {"node": {"nodeName": "bed-node"}, "pods": []}}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers.get(self.path.split("?")[0].rstrip("/"))
            body = json.dumps(answer).encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def run(view, agent, folder, endpoint):
    """The events and the log of an agent in a view, and its exit code."""
    options = {f"{RECEIVER}.cluster_name": "bed", f"{RECEIVER}.local_mode": "true", f"{RECEIVER}.collection_interval": "1s",
               f"{RECEIVER}.kubelet.endpoint": endpoint, f"{RECEIVER}.kubelet.auth_type": "none",
               "exporters.awsemf.output_destination": "stdout", "extensions.health_check.endpoint": "localhost:0"}
    sets = " ".join(f"--set {name}={value}" for name, value in options.items())
    script = f'exec "$0" --config env:SAMPLE {sets} --set {RECEIVER}.root_path=$ROOT'
    here = os.path.dirname(os.path.abspath(__file__))
    events, log = f"{folder}/{view}.events", f"{folder}/{view}.stderr"
    with open(events, "wb") as out, open(log, "wb") as said:
        process = subprocess.Popen([here + "/jobs/view.sh", view, folder, "sh", "-c", script, agent], stdin=subprocess.DEVNULL,
                                   stdout=out, stderr=said, start_new_session=True)
        end = time.monotonic() + 30 * SLOW
        while time.monotonic() < end and process.poll() is None and len(Events(read(events)).times) < ROUNDS:
            time.sleep(0.2)
        # The whole session, since unshare does not pass the signal on.
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20 * SLOW)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    text = read(events)
    # The signal may have ended it within a line.
    return Events(text[:text.rfind("\n") + 1]), read(log)


def check(checks, view, events, log):
    there, missing, of_node, words = VIEWS[view]
    print(f"{view}: {len(events.times)} rounds", flush=True)
    warnings = (*SAMPLE_WARNINGS, "network", "mount", "storage", "disk")
    allowed = warnings if missing or view == "other-pids" else SAMPLE_WARNINGS
    # The kubelet, a Python program, may be slow in a guest.
    check_output(checks, events, log, (*allowed, *(["no answer in time"] if "BED_PEER" in os.environ else [])))
    checks.that(len(events.times) >= ROUNDS, f"{ROUNDS} rounds came", len(events.times))
    # The first round has no rates.
    rounds = [events.rounds[time] for time in events.times[1:]]
    kinds = [{event["Type"] for event in found} for found in rounds]
    lacking = set().union(*(there - found for found in kinds))
    checks.that(rounds and not lacking, f"each round has {', '.join(sorted(there))}", f"no {', '.join(sorted(lacking))}" if lacking else "")
    strange = set().union(*(found & missing for found in kinds))
    checks.that(not strange, "and nothing of what can't be known", strange or "")
    for kind, names in (("Node", of_node), ("Pod", POD), ("Container", OF_CONTAINER)):
        found = [event for events_of in rounds for event in events_of if event["Type"] == kind]
        absent = {name for event in found for name in names if name not in event}
        checks.that(found and not absent, f"{kind} has {', '.join(names)}", absent or "")
    if missing:
        network = {name for found in rounds for event in found if event["Type"] == "Node" for name in event if "network" in name}
        checks.that(not network, "the node's network is missing, not zero", network or "")
    held = events.last("Container", "container_memory_rss", ContainerName="main")
    checks.between(held, HELD, HELD + MIB, "the container's memory is what it holds")
    if "NodeFS" in there:
        answer = os.statvfs("/")
        size = answer.f_blocks * answer.f_frsize
        sizes = {event["node_filesystem_capacity"] for _, event in events.of("NodeFS")}
        # A guest's / is a folder of the machine; its disk is at /mnt.
        disk = os.statvfs("/mnt")
        checks.that({size, disk.f_blocks * disk.f_frsize} & sizes, "NodeFS has the machine's disk", sizes)
    for word in words:
        checks.that(word in log.lower(), f"the log says what is missing: {word}")


def main():
    agent, folder, load = sys.argv[1:]
    checks = Checks()
    pod = Pod(load)
    try:
        endpoint = serve()
        for view in VIEWS:
            check(checks, view, *run(view, agent, folder, endpoint))
    finally:
        pod.end()
    checks.end()


main()
