"""The job of outages.sh: one agent on the node, everything around it failing in turn.

  outages.py FOLDER      env: as on_node.sh has it, AGENT
"""
import collections
import json
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../peer"))
from sides import Cloud, Side
from verdict import Verdict

INTERVAL = 10
AWAY, CALM = 120, 40
# A term ends so long after its last renewal, which is up to 15 s old when an outage begins; then somebody else's wait is over.
TERM, RENEWAL, TAKEN = 40, 15, 25
CLUSTER_TYPES = ("Cluster", "ClusterNamespace", "ClusterService", "ClusterDeployment", "ClusterDaemonSet", "ClusterStatefulSet", "ClusterReplicaSet")
COUNTS = ("node_number_of_running_pods", "node_number_of_running_containers", "node_cpu_request", "node_memory_request")


class Bed:
    """The agent, and what is done to it and to what is around it."""

    def __init__(self, folder):
        self.folder, self.side = folder, None

    def start(self):
        config = os.path.join(HERE, "../../../examples/eks.yaml")
        storage = ["--config", f"yaml:extensions: {{file_storage: {{directory: {self.folder}/spool}}}}",
                   "--set", "service::extensions=[health_check, file_storage]", "--set", "exporters::awsemf::sending_queue::storage=file_storage"]
        self.side = Side("right", self.folder, config, storage, INTERVAL)

    @staticmethod
    def pause(name, seconds):
        """A server that no longer answers, though its connections stay; then it goes on."""
        with open(f"{os.environ['CLUSTER']}/pid/{name}", encoding="ascii") as file:
            pid = int(file.read())
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    def restart(self, number):
        self.side.end(number)
        self.start()


def rounds(folder):
    """Events by their time, which all of a round share."""
    found = collections.defaultdict(list)
    with open(f"{folder}/right/events.ndjson", encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            found[event["timestamp"] / 1000].append(json.loads(event["message"]))
    return found


def types(events):
    return collections.Counter(event["Type"] for event in events if event["Type"] not in CLUSTER_TYPES)


def check(verdict, name, began, ended, found, usual, missing):
    """What a story cost: its ticks are all there and whole; the cluster's are missing for `missing` seconds at most."""
    ticks = sorted(t for t in found if began <= t < ended)
    gaps = [after - before for before, after in zip(ticks, ticks[1:])]
    verdict.check("no tick of the node is lost", gaps and max(gaps) < 1.5 * INTERVAL, f"{name}: {gaps}")
    verdict.check("as many ticks as intervals", len(ticks) >= (ended - began) / INTERVAL - 1, f"{name}: {len(ticks)} in {ended - began:.0f} s")
    for tick in ticks:
        events = found[tick]
        seen, whole = types(events), dict(usual[0])
        if name in ("kubelet away", "API server away"):
            # What the kubelet alone measures is not to be had from anybody else; it asks the API server whom it may answer.
            whole["ContainerFS"] = seen["ContainerFS"] = 0
        verdict.equal("a round is whole", seen, whole, f"{name} at {tick - began:.0f} s")
        node = next((event for event in events if event["Type"] == "Node"), {})
        verdict.equal("no count is false", {count: node.get(count) for count in COUNTS}, usual[1], f"{name} at {tick - began:.0f} s")
        verdict.equal("no event comes twice", len(events), len({json.dumps(event, sort_keys=True) for event in events}), name)
    silent = [tick for tick in ticks if not any(event["Type"] == "Cluster" for event in found[tick])]
    verdict.measure(f"ticks without the cluster's records, {name}", len(silent))
    verdict.check("the cluster's records are missing only while nobody may lead", len(silent) * INTERVAL <= missing + INTERVAL, f"{name}: {len(silent)} ticks")


def main():
    folder = sys.argv[1]
    os.makedirs(f"{folder}/right", exist_ok=True)
    verdict, bed = Verdict(), Bed(folder)
    # How each is done, and for how many seconds the cluster may be silent.
    stories = {
        "calm": (lambda: time.sleep(CALM), 0),
        "kubelet away": (lambda: bed.pause("kubelet", AWAY), 0),
        "API server away": (lambda: bed.pause("kube-apiserver", AWAY), AWAY - (TERM - RENEWAL) + TAKEN),
        "kill -9": (lambda: bed.restart(signal.SIGKILL), 2 * INTERVAL),
        "SIGTERM": (lambda: bed.restart(signal.SIGTERM), 2 * INTERVAL),
    }
    times = {}
    with Cloud(folder):
        bed.start()
        # A lock without a record is left alone for 41 s.
        time.sleep(70)
        for name, (story, _) in stories.items():
            began = time.time()
            story()
            time.sleep(CALM)
            times[name] = (began, time.time())
        # What waited is delivered.
        time.sleep(60)
        verdict.equal("SIGTERM ends it with code 0", bed.side.end(), 0)
    found = rounds(folder)
    began, ended = times["calm"]
    calm = [events for tick, events in found.items() if began <= tick < ended]
    node = next(event for event in calm[-1] if event["Type"] == "Node")
    usual = types(calm[-1]), {count: node[count] for count in COUNTS}
    print(f"a round: {dict(usual[0])}")
    for name, (began, ended) in times.items():
        check(verdict, name, began, ended, found, usual, stories[name][1])
    raise SystemExit(verdict.end())


if __name__ == "__main__":
    main()
