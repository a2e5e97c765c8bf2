"""The job of leader.sh: fleets in parallel, each with a lock of its own and its own misfortune.

env: KILLS=3 (times that a leader is killed)  QUIET=180 (seconds in which requests are counted)
PARTS="stops kills pause broken configmap lease collector sample" (the fleets)
AGENT, PEER (the Go collector), OUT (a folder), NODE, NODE_IP, CLUSTER, KUBECONFIG and PATH are leader.sh's.
"""
import contextlib
import datetime
import json
import os
import random
import signal
import sys
import threading
import time
import traceback

import audit
import collector
import world
from fleet import ACCOUNT_PLACE, INSTANCE, INTERVAL, LOCK, STOPPED, Fleet
from node import kubectl, until
from verdict import Verdict

HERE = os.path.dirname(os.path.abspath(__file__))
NODE = os.environ["NODE"]
KILLS = int(os.environ.get("KILLS", "3"))
# At most so many of one fleet, as each takes more than a minute.
SHARE = 4
# Seconds in which requests are counted, while nothing else happens; ten minutes are what the limits are for.
QUIET = int(os.environ.get("QUIET", "180"))
# Requests a minute of the leader, and of another agent, by role.
LIMITS = {"minimal": (10, 1), "sample": (10, 4)}
# The longest time without a leader after SIGKILL, and after a clean stop.
GAPS = {"minimal": (75, 10), "sample": (90, 90)}
# A term that isn't renewed.
TERM = 40


def main():
    # What was begun is ended however this ends.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    verdict = Verdict()
    kubectl("apply", "-f", f"{HERE}/world.yaml")
    kubectl("patch", "node", NODE, "-p", json.dumps({"spec": INSTANCE}))
    os.chmod(os.environ["OUT"], 0o755)
    with mount_point():
        stories(verdict)
    raise SystemExit(verdict.end())


@contextlib.contextmanager
def mount_point():
    """Where the processes mount their accounts; what was not there before is taken away again."""
    place, made = ACCOUNT_PLACE, []
    while not os.path.exists(place):
        made.append(place)
        place = os.path.dirname(place)
    os.makedirs(ACCOUNT_PLACE, exist_ok=True)
    try:
        yield
    finally:
        for folder in made:
            os.rmdir(folder)


def stories(verdict):
    parts = os.environ.get("PARTS", " ".join(FLEETS)).split()
    fleets = []
    try:
        threads = []
        for part, (job, arguments) in wanted(parts):
            fleet = Fleet(f"fleet-{part}", **arguments)
            fleets.append(fleet)
            threads.append(threading.Thread(target=run, args=(verdict, job, fleet), daemon=True))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for fleet in fleets:
            fleet.stop()
    for fleet in fleets:
        fleet.check(verdict)
    audit.check_table(verdict, fleets)


def wanted(parts):
    """(name, job with arguments) of each fleet; many kills are shared out."""
    for part in parts:
        job, arguments = FLEETS[part]
        if part != "kills":
            yield part, (job, arguments)
            continue
        for number, first in enumerate(range(0, KILLS, SHARE)):
            count = min(SHARE, KILLS - first)
            yield f"kills{number}", (lambda verdict, fleet, count=count: kills(verdict, fleet, count), arguments)


def run(verdict, job, fleet):
    try:
        job(verdict, fleet)
    except Exception:
        verdict.check("every fleet's story comes to its end", False, f"{fleet.namespace}: {traceback.format_exc()}")
    else:
        verdict.check("every fleet's story comes to its end", True)


def begin(fleet):
    """All start; one leads and speaks."""
    now = time.time()
    fleet.start()
    # A lock without a record is left alone for 41 s.
    leader, when = fleet.until_leader(now, 60)
    fleet.until_record(leader, when - 1)
    return leader


def handed_over(verdict, fleet, before, after, how, limit):
    """Waits for the next leader; measures the time without one, and between two records."""
    leader, when = fleet.until_leader(after, limit + 30)
    first = fleet.until_record(leader, after)
    last = max((t for t, _ in before.records), default=after)
    about = f"after {how}, role {fleet.role}"
    verdict.measure(f"seconds without a leader {about}", when - after, "s")
    verdict.measure(f"seconds between two records of the cluster {about}", first - last, "s")
    verdict.check(f"the time without a leader {about}", when - after <= limit, f"{when - after:.1f} s")
    return leader


def quiet(verdict, fleet, leader):
    """Nothing happens: the world is told as it is, and requests are few."""
    time.sleep(2 * INTERVAL)
    world.check(verdict, fleet)
    start = time.time()
    time.sleep(QUIET)
    verdict.check("a leader stays one", fleet.leader() is leader, fleet.namespace)
    audit.check_rates(verdict, fleet, leader.name, start, start + QUIET, LIMITS[fleet.role])


def stop_leader(verdict, fleet):
    leader = fleet.leader()
    after = leader.end()
    verdict.measure("seconds that a leader's clean stop takes", time.time() - after, "s")
    handed_over(verdict, fleet, leader, after, "a clean stop", GAPS[fleet.role][1])
    verdict.check("a stopped leader says so", leader.said(STOPPED), leader.name)
    fleet.start(leader.name)


def kill_leader(verdict, fleet):
    leader = fleet.leader()
    after = leader.end(signal.SIGKILL)
    handed_over(verdict, fleet, leader, after, "SIGKILL", GAPS[fleet.role][0])
    fleet.start(leader.name)


def stops(verdict, fleet):
    quiet(verdict, fleet, begin(fleet))
    for _ in range(3):
        stop_leader(verdict, fleet)
        time.sleep(random.uniform(5, 20))


def kills(verdict, fleet, count):
    begin(fleet)
    for _ in range(count):
        time.sleep(random.uniform(5, 25))
        kill_leader(verdict, fleet)
    # Under the same name it goes on at once.
    leader = fleet.leader()
    after = leader.end(signal.SIGKILL)
    fleet.start(leader.name)
    again, when = fleet.until_leader(after, 80)
    verdict.equal("a restarted leader goes on", again.name, leader.name)
    verdict.measure("seconds until a restarted leader leads again", when - after, "s")
    verdict.check("a restarted leader goes on at once", when - after <= 10, f"{when - after:.1f} s")
    fleet.until_record(again, after)


def pause(verdict, fleet):
    """A leader sleeps beyond its term and wakes while another one leads."""
    for _ in range(2):
        leader = begin(fleet) if not fleet.running else fleet.leader()
        time.sleep(random.uniform(2, 15))
        after = time.time()
        leader.send(signal.SIGSTOP)
        try:
            handed_over(verdict, fleet, leader, after, "SIGSTOP", GAPS[fleet.role][0])
            time.sleep(max(0, after + 70 - time.time()))
        finally:
            woken = time.time()
            leader.send(signal.SIGCONT)
        time.sleep(4 * INTERVAL)
        late = [t for t, _ in leader.records if t > after + TERM]
        verdict.equal("one that was paused beyond its term says nothing of the cluster", late, [], leader.name)
        verdict.check("it says that it no longer leads", [t for t in leader.said(STOPPED) if t >= woken], leader.name)
        verdict.check("it goes on with its own node", leader.last_round and int(leader.last_round[0]["Timestamp"]) / 1000 > woken, leader.name)


class Peer(threading.Thread):
    """Somebody else who holds a lock: a ConfigMap as the CloudWatch agent writes it, or a Lease."""

    def __init__(self, namespace, kind):
        super().__init__(daemon=True)
        self.namespace, self.kind = namespace, kind
        self.since = datetime.datetime.now(datetime.timezone.utc)
        self.renewed, self.failure, self.over = 0, None, threading.Event()
        self.write("create")

    def write(self, how):
        now = datetime.datetime.now(datetime.timezone.utc)
        record = {"holderIdentity": "ip-10-0-0-7.ec2.internal", "leaseDurationSeconds": 60}
        metadata = {"name": LOCK, "namespace": self.namespace}
        if self.kind == "configmap":
            stamp = "%Y-%m-%dT%H:%M:%SZ"
            record |= {"acquireTime": self.since.strftime(stamp), "renewTime": now.strftime(stamp), "leaderTransitions": 0}
            metadata["annotations"] = {"control-plane.alpha.kubernetes.io/leader": json.dumps(record, separators=(",", ":"))}
            value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        else:
            stamp = "%Y-%m-%dT%H:%M:%S.%fZ"
            record |= {"acquireTime": self.since.strftime(stamp), "renewTime": now.strftime(stamp), "leaseTransitions": 0}
            value = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": record}
        kubectl(how, "-f", "-", text=json.dumps(value))
        self.renewed = time.time()

    def run(self):
        try:
            while not self.over.wait(10):
                self.write("replace")
        except RuntimeError as error:
            self.failure = error

    def end(self):
        self.over.set()
        self.join()
        if self.failure:
            raise self.failure


def held(verdict, fleet):
    """A lock of somebody else is respected while it is renewed, and taken when its time is over."""
    kind = fleet.namespace.rpartition("-")[2]
    peer = Peer(fleet.namespace, kind)
    peer.start()
    before = time.time()
    fleet.start()
    time.sleep(100)
    peer.end()
    verdict.equal(f"nobody speaks while somebody else renews a {kind}", fleet.spoke(before), [])
    verdict.equal(f"nobody leads while somebody else renews a {kind}", [p.name for p in fleet.processes if p.leads()], [])
    _, when = fleet.until_leader(before, 120)
    took = when - peer.renewed
    verdict.measure(f"seconds from the last renewal of another's {kind} to a leader", took, "s")
    verdict.check(f"another's {kind} is taken when its 60 s are over", 59.5 <= took <= 75, f"{took:.1f} s")
    until(30, "the leader speaks", lambda: fleet.spoke(when - 1))


def collectors(verdict, fleet):
    with collector.cloud(fleet):
        beside_collector(verdict, fleet)


def beside_collector(verdict, fleet):
    """The Go collector of a migration, which knows the Lease alone: first as the leader, then as a candidate, then as both."""
    first = collector.start(fleet)
    until(60, "the Go collector leads", first.leads)
    until(60, "it speaks for the cluster", lambda: first.records)
    before = time.time()
    fleet.start()
    time.sleep(75)
    verdict.equal("nobody of ours speaks while the Go collector leads", fleet.spoke(before), [])
    after = first.end(signal.SIGKILL)
    leader, when = fleet.until_leader(after, 90)
    verdict.measure("seconds without a leader after the Go collector's SIGKILL", when - after, "s")
    verdict.check("ours leads when the Go collector's time is over", when - after <= GAPS["minimal"][0], f"{when - after:.1f} s")
    fleet.until_record(leader, after)

    second = collector.start(fleet)
    time.sleep(75)
    verdict.equal("the Go collector doesn't lead while ours does", second.said(collector.BECAME), [])
    verdict.check("ours stays the leader beside the Go collector", fleet.leader() is leader, leader.name)
    after = max(process.end() for process in fleet.running.values())
    until(60, "the Go collector leads", second.leads)
    took = second.said(collector.BECAME)[0] - after
    verdict.measure("seconds from our clean stop to the Go collector's term", took, "s")
    verdict.check("the Go collector leads within seconds of our clean stop", took <= 10, f"{took:.1f} s")

    fleet.start()
    time.sleep(30)
    verdict.equal("nobody of ours leads while the Go collector does", [name for name, p in fleet.running.items() if p.leads()], [])
    # It doesn't give its lock back.
    after = second.end(signal.SIGKILL)
    _, when = fleet.until_leader(after, 90)
    verdict.measure("seconds without a leader after the Go collector's SIGKILL", when - after, "s")
    until(30, "the leader speaks", lambda: fleet.spoke(when - 1))


def broken(verdict, fleet):
    """The lock's objects are deleted, or edited by hand: a leader goes on where the record is gone, and gives way to nonsense."""
    begin(fleet)
    place = ("-n", fleet.namespace)
    annotation = "control-plane.alpha.kubernetes.io/leader"

    def holders():
        """Who the two objects name; nothing while one of them is broken."""
        try:
            metadata = json.loads(kubectl(*place, "get", "configmap", LOCK, "-o", "json"))["metadata"]
            lease = json.loads(kubectl(*place, "get", "lease", LOCK, "-o", "json"))["spec"]
            return {json.loads(metadata["annotations"][annotation])["holderIdentity"], lease["holderIdentity"]}
        except (RuntimeError, KeyError, TypeError, ValueError):
            return set()

    def whole():
        leader = fleet.leader()
        return leader and holders() == {leader.name}

    harms = {
        "deleted": (True, lambda: kubectl(*place, "delete", "configmap,lease", LOCK)),
        "without a record": (True, lambda: kubectl(*place, "annotate", "configmap", LOCK, f"{annotation}-")),
        "nonsense": (False, lambda: kubectl(*place, "annotate", "--overwrite", "configmap", LOCK, f"{annotation}=me, of course")),
    }
    for name, (stays, harm) in harms.items():
        time.sleep(random.uniform(1, 15))
        leader = fleet.leader()
        before = time.time()
        harm()
        # A renewal comes every 15 s; nonsense is left alone for 60.
        until(30 if stays else 90, f"a lock that was {name} is whole", whole)
        verdict.measure(f"seconds until a lock that was {name} is whole", time.time() - before, "s")
        time.sleep(INTERVAL + 1)
        if stays:
            verdict.equal(f"a leader whose lock is {name} stays the leader", fleet.leader(), leader)
            verdict.equal(f"nobody else speaks while a lock is {name}", {who for _, who in fleet.spoke(before)}, {leader.name})
        else:
            verdict.check(f"somebody speaks after a lock was {name}", fleet.spoke(time.time() - 2 * INTERVAL))


def sample(verdict, fleet):
    quiet(verdict, fleet, begin(fleet))
    for _ in range(2):
        stop_leader(verdict, fleet)
        time.sleep(random.uniform(5, 20))
    kill_leader(verdict, fleet)


FLEETS = {
    "stops": (stops, {"role": "minimal", "count": 3, "nodes": [NODE, "stops-1", "stops-2"], "kubelet": True}),
    "kills": (kills, {"role": "minimal", "count": 3}),
    "pause": (pause, {"role": "minimal", "count": 3}),
    "broken": (broken, {"role": "minimal", "count": 3}),
    "configmap": (held, {"role": "minimal", "count": 2}),
    "lease": (held, {"role": "minimal", "count": 2}),
    "collector": (collectors, {"role": "minimal", "count": 2}),
    "sample": (sample, {"role": "sample", "count": 3, "nodes": [NODE, "sample-1", "sample-2"], "kubelet": True}),
}

if __name__ == "__main__":
    main()
