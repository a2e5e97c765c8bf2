"""The job of sample_pod.sh and v2_systemd.sh: the agent as a pod of the sample, beside a kubelet that is asked the same.

Runs as root on the node, inside its network; KUBECONFIG, CLUSTER (with pki), NODE, NODE_IP and PATH are a bed's. env:
PAUSE=1 (seconds between two questions to the kubelet)  INTERVAL=5 (of the agent where it is shortened)
PARTS="values rights interval"  SEEN=FILE (keeps what was seen of the values, for replay.py)
SLOW=1 (a guest, whose kubelet may take seconds to answer)
"""
import os
import pickle
import signal
import subprocess
import sys
import time

import check_facts
import check_flows
import check_pods
import check_shape
import check_usage
import manifest
import rights
from node import RUNTIME_SOCKET, kubectl, objects, places, start_agent, until
from rounds import Log
from verdict import Verdict
from watcher import Watcher

HERE = os.path.dirname(os.path.abspath(__file__))
NODE = os.environ["NODE"]
INTERVAL = int(os.environ.get("INTERVAL", "5"))
PAUSE = float(os.environ.get("PAUSE", "1"))
SLOW = bool(os.environ.get("SLOW"))
UNIFIED = not os.path.isdir("/sys/fs/cgroup/memory")
# What source sends to sink.
BURSTS = (24_000_000, 6_000_000)


def main():
    # What was made is taken away again however this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    verdict = Verdict()
    parts = os.environ.get("PARTS", "values rights interval").split()
    with places():
        start_loads()
        count_block_io()
        agent = start_agent(manifest.manifest(f"{INTERVAL}s"))
        begun(verdict, agent, INTERVAL)
        if "values" in parts:
            values(verdict, agent)
        if "rights" in parts:
            rights.check(verdict, agent, INTERVAL)
        if "interval" in parts:
            agent = start_agent(manifest.manifest())
            begun(verdict, agent, 60)
            check_shape.check(verdict, Log(agent.log()).rounds, 60, 1, NODE, UNIFIED)
        kubectl("delete", "-f", "-", "--wait=false", text=manifest.manifest())
    raise SystemExit(verdict.end())


def start_loads():
    kubectl("apply", "-f", f"{HERE}/loads.yaml")
    running = ("-n", "apps", "get", "pods", "-l", "app=load", "--field-selector=status.phase=Running", "-o", "name")
    until(120, "the loads run", lambda: kubectl(*running).count("pod/") == 5)
    until(60, "a container of a pod that goes on has ended", lambda: "terminated" in kubectl("-n", "apps", "get", "pod", "halves", "-o", "json"))


def count_block_io():
    """Version 1 counts no block I/O of any group until one has a rule for the disk: one that never throttles."""
    rules = "/sys/fs/cgroup/blkio/kubepods/blkio.throttle.write_bps_device"
    if os.path.exists(rules):
        device = os.stat("/").st_dev
        path = os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
        if os.path.exists(f"{path}/partition"):
            path = os.path.dirname(path)
        with open(f"{path}/dev", encoding="utf-8") as file:
            disk = file.read().strip()
        with open(rules, "w", encoding="utf-8") as file:
            file.write(f"{disk} 1099511627776")


def begun(verdict, agent, interval):
    """The first round is there, complete, within an interval and a second of the process's start."""
    until(interval + 10, "the first event", lambda: Log(agent.log()).first_event)
    time.sleep(1)
    log = Log(agent.log(), verdict)
    took = log.first_event - agent.started
    # A round waits up to 5 s for a kubelet that is slow.
    room = 7 if SLOW else 1
    verdict.check("first events within an interval and a second", took <= interval + room, f"{took} s at an interval of {interval} s")
    verdict.measure(f"first events at an interval of {interval} s", took, "s")
    first = log.rounds[0]
    missing = set(check_shape.TYPES) - first.types() - ({"ContainerFS"} if SLOW else set())
    verdict.equal("the first round has every record type", missing, set())
    for event in first.of("Node") + first.of("Pod") + [e for e in first.of("Container") if e["container_status"] == "Running"]:
        prefix = event["Type"].lower()
        verdict.check("the first round has rates", f"{prefix}_cpu_usage_total" in event, f"{event}")
    for event in first.of("PodNet") + first.of("NodeNet"):
        prefix = event["Type"][:-3].lower()
        verdict.check("the first round has rates", f"{prefix}_interface_network_rx_bytes" in event, f"{event}")
    verdict.check("the first round has counts", first.of("Node")[0].get("node_number_of_running_pods", 0) > 0)


def values(verdict, agent):
    watcher = Watcher(os.environ["NODE_IP"], os.environ["CLUSTER"] + "/pki", PAUSE)
    watcher.start()
    time.sleep(INTERVAL)
    act(watcher)
    watcher.stop()
    seen = {
        "rows": list(agent.log()), "interval": INTERVAL, "bursts": BURSTS, "unified": UNIFIED, "slow": SLOW,
        "watched": {key: getattr(watcher, key) for key in ("cadvisor", "summaries", "pods", "devices")},
        "api_pods": objects("pods", "-A")["items"], "api_node": objects("node", NODE),
    }
    if "SEEN" in os.environ:
        with open(os.environ["SEEN"], "wb") as file:
            pickle.dump(seen, file)
    check_values(verdict, seen)


def act(watcher):
    """Traffic, a write and a restart, each a whole interval away from the readings of the kubelet around it."""
    def exec_source(*command):
        kubectl("-n", "apps", "exec", "source", "--", *command)

    sink = objects("pod", "sink", "-n", "apps")["status"]["podIP"]
    watcher.until_read(("sink", "source"), 60)
    time.sleep(INTERVAL + 1)
    exec_source("load", "send", sink, "5001", str(BURSTS[0]))
    exec_source("load", "write", "/tmp/file", "8388608")
    statuses = objects("pod", "db-0", "-n", "apps")["status"]["containerStatuses"]
    sidecar = next(s["containerID"] for s in statuses if s["name"] == "sidecar").partition("://")[2]
    kill = ["ctr", "-a", RUNTIME_SOCKET, "-n", "k8s.io", "task", "kill", "-s", "SIGKILL", sidecar]
    subprocess.run(kill, check=True, capture_output=True)
    time.sleep(INTERVAL + 1)
    exec_source("load", "send", sink, "5001", str(BURSTS[1]))
    time.sleep(INTERVAL + 1)
    watcher.until_read(("sink", "source"), 60)
    # One more round after the last reading.
    time.sleep(INTERVAL + 1)


def check_values(verdict, seen):
    """All comparisons of what was seen; replay.py calls it again for a recording."""
    watched = type("Watched", (), seen["watched"])
    log = Log(seen["rows"], verdict)
    # Rounds from before the kubelet was asked can't be compared, and one at the very end may be cut.
    near = [tick for tick in log.rounds if watched.pods[0][0] - 0.5 <= tick.time <= watched.pods[-1][0] - 1]
    slow = seen["slow"]
    check_shape.check(verdict, near, seen["interval"], 8, seen["api_node"]["metadata"]["name"], seen["unified"], slow)
    usage = check_usage.check(verdict, near, seen["interval"], watched, seen["unified"])
    check_flows.check(usage, near, seen["bursts"], slow)
    check_facts.check(verdict, near, watched, seen["api_pods"], seen["api_node"], slow)
    check_pods.check(verdict, near, watched)
    verdict.equal("no failure lasts", log.lasting(), [])
    known = ("exporters::logging", "no answer in time") if slow else ("exporters::logging",)
    strange = [line for line in log.warnings() if not any(words in line for words in known)]
    verdict.equal("no warning beside that of the sample's logging exporter", strange, [])
    verdict.equal("the sample's warning is said once", sum("exporters::logging" in line for line in log.warnings()), 1)


if __name__ == "__main__":
    main()
