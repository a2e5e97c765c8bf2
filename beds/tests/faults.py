#!/usr/bin/env python3
"""Runs the agent beside pods while its surroundings break, one fault after the other, and checks each round; see faults.sh.

  faults.py --socket S --storage FOLDER AGENT OUT
"""
import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time

from expect import MIB, SAMPLE_WARNINGS, Checks, Events, check_output, check_rounds, read

BEDS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, BEDS + "/cri")
import counters
from runtime import Runtime

INTERVAL_MS, SLACK_MS = 2000, 100
MILLICORES = 200
MOST_MEMORY = 32 * MIB
RECEIVER = "receivers.awscontainerinsightreceiver."
TOLD = re.compile(r'source="([^"]+)"')


def now_ms():
    return time.time_ns() // 10**6


class Kubelet:
    """faults_kubelet.py as a process of its own, which can go, come back, stop and misbehave."""

    def __init__(self, arguments):
        self.mode = arguments.out + "/mode"
        self.words = [sys.executable, BEDS + "/tests/faults_kubelet.py", arguments.socket, arguments.storage, self.mode]
        self.port, self.process = 0, None
        self.answer("ok")
        # A port of its own from the start, so that the agent knows it before anybody listens there.
        self.start()
        self.stop()

    def start(self):
        # Its stderr is of no interest: connections break, which is what it is for.
        self.process = subprocess.Popen(
            [*self.words, str(self.port)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()

    def answer(self, mode):
        with open(self.mode + ".new", "w", encoding="ascii") as file:
            file.write(mode)
        os.replace(self.mode + ".new", self.mode)


class Agent:
    """The agent in the sandbox."""

    def __init__(self, arguments, port):
        self.out = arguments.out + "/events"
        words = [BEDS + "/sandbox.sh", "--", arguments.agent, "--config", "env:SAMPLE"]
        for option in ("exporters.awsemf.output_destination=stdout", "extensions.health_check.endpoint=localhost:0",
                       RECEIVER + "cluster_name=bed", RECEIVER + "local_mode=true", RECEIVER + "collection_interval=2s",
                       RECEIVER + "kubelet.auth_type=none", RECEIVER + f"kubelet.endpoint=http://127.0.0.1:{port}"):
            words += ["--set", option]
        with open(self.out, "wb") as out, open(self.out + ".stderr", "wb") as log:
            self.process = subprocess.Popen(words, stdout=out, stderr=log, start_new_session=True)

    def events(self):
        text = read(self.out)
        return Events(text[:text.rfind("\n") + 1])

    def wait_for_rounds(self, number):
        """Until so many more rounds have come: (time before, time after)."""
        begin, deadline = now_ms(), time.monotonic() + (number + 3) * INTERVAL_MS / 1000
        while time.monotonic() < deadline and self.process.poll() is None:
            if sum(moment > begin for moment in self.events().times) >= number:
                break
            time.sleep(0.1)
        # What belongs to the last one is written at once.
        time.sleep(0.2)
        return begin, now_ms()

    def most_memory(self):
        """The most memory that the agent itself has held, in bytes; None where it is not found."""
        family = [self.process.pid]
        for pid in family:
            with contextlib.suppress(OSError):
                family += map(int, read(f"/proc/{pid}/task/{pid}/children").split())
        for pid in family:
            status = read(f"/proc/{pid}/status")
            if re.search(r"^Name:\tagent$", status, re.MULTILINE):
                return int(re.search(r"^VmHWM:\s+(\d+)", status, re.MULTILINE)[1]) * 1024
        return None

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


class Churn:
    """Pods' cgroups, with a container's in each, that come and go as fast as they can."""

    def __init__(self):
        self.running, self.made = True, 0
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.thread.join()

    def run(self):
        parents = [counters.CGROUP + part + "/kubepods/burstable" for part in ("/cpu", "/cpuacct", "/memory", "/blkio", "")]
        parents = [parent for parent in parents if os.path.isdir(parent)]
        while self.running:
            pod = f"pod{os.urandom(4).hex()}-0000-4000-8000-{os.urandom(6).hex()}"
            folders = [f"{parent}/{pod}" for parent in parents]
            folders += [f"{folder}/{os.urandom(32).hex()}" for folder in folders]
            for folder in folders:
                os.mkdir(folder)
            for folder in reversed(folders):
                os.rmdir(folder)
            self.made += 1


def run(arguments):
    """All faults in turn: the agent's end, and when each fault began and ended."""
    runtime, kubelet, phases = Runtime(arguments.socket), Kubelet(arguments), {}
    options = {"cpu": f"{MILLICORES}m", "memory": "32Mi"}
    pods = {name: runtime.run_pod(name, "bed", containers=[{"name": "main", "command": command, **options}])
            for name, command in (("busy", ["load", "spin"]), ("idle", ["sleep", "1000000"]), ("gone", ["sleep", "1000000"]))}
    agent = Agent(arguments, kubelet.port)

    def phase(name, rounds):
        phases[name] = agent.wait_for_rounds(rounds)

    busy, start = pods["busy"], time.monotonic_ns()
    before = counters.cpu_usage_ns(busy, "main")
    try:
        phase("not up yet", 2)
        kubelet.start()
        phase("up", 2)
        kubelet.stop()
        phase("away", 2)
        runtime.end_pod(pods["gone"])
        phase("away, a pod ended", 2)
        kubelet.start()
        phase("back", 2)
        for mode in ("error", "truncated", "huge"):
            kubelet.answer(mode)
            phase(mode, 2)
            kubelet.answer("ok")
            phase(f"{mode} is over", 1)
        kubelet.process.send_signal(signal.SIGSTOP)
        phase("stopped", 4)
        kubelet.process.send_signal(signal.SIGCONT)
        phase("stopped is over", 2)
        with Churn() as churn:
            phase("churn", 3)
        phase("churn is over", 2)
        print(f"{churn.made} pods came and went", flush=True)
        memory = agent.most_memory()
        busy["counted"] = (counters.cpu_usage_ns(busy, "main") - before) * 1000 / (time.monotonic_ns() - start)
    finally:
        code = agent.end()
        kubelet.stop()
    return pods, phases, code, memory, agent


def check_truth(checks, events, phases, pods):
    """What each round says of the pods, whatever the kubelet did."""
    wrong, number = [], len(pods)
    for name, (begin, end) in phases.items():
        ended = begin >= phases["away, a pod ended"][0]
        known = name != "not up yet"
        # The kubelet's last list has the ended pod until it gives another.
        listed = number if begin < phases["back"][0] else number - 1
        for time in [time for time in events.times if begin < time < end]:
            found = events.rounds[time]
            [node] = [event for event in found if event["Type"] == "Node"]
            counts = (node.get("node_number_of_running_pods"), node.get("node_number_of_running_containers"))
            if counts != ((listed, listed) if known else (None, None)):
                # The round after a change may have asked before it.
                if not (name in ("up", "back") and time == min(moment for moment in events.times if moment > begin)):
                    wrong.append(f"{name}: the node counts {counts}")
            for pod_name, pod in pods.items():
                records = [event for event in found if event.get("PodId") == pod["uid"]]
                usage = {event["Type"] for event in records if any(key.endswith(("cpu_usage_total", "rx_bytes")) for key in event)}
                expected = set() if pod_name == "gone" and ended else {"Pod", "PodNet"} | ({"Container"} if known else set())
                if not expected <= usage or (not expected and usage):
                    wrong.append(f"{name}: {pod_name} has {sorted(usage)}, not {sorted(expected)}")
                names = {(event.get("K8sPodName"), event.get("Namespace")) for event in records}
                if records and names != {(pod_name, "bed")}:
                    wrong.append(f"{name}: {pod_name} is called {names}")
    checks.that(not wrong, f"every round is true in each of {len(phases)} situations", "; ".join(wrong[:4]))
    restarts = [value for _, value in events.values("Pod", "pod_number_of_container_restarts") if value]
    checks.that(not restarts, "no restart that was none", restarts or "")
    values = [value for _, value in events.values("Pod", "pod_cpu_usage_total", K8sPodName="busy")]
    mean = sum(values) / max(1, len(values))
    # Where others take the CPUs, the kernel itself counts less than was asked for.
    low = min(MILLICORES, pods["busy"]["counted"])
    checks.between(mean, low - MILLICORES * 0.05, MILLICORES * 1.05, "cpu of a pod all the time")
    checks.between(max(values, default=None), 0, MILLICORES * 1.15, "and at most, in any round")


def check_log(checks, log, phases):
    """Each failure is told when it begins and when it ends, and no more often."""
    told = {}
    for line in log.splitlines():
        source = TOLD.search(line)
        if source:
            told.setdefault(source[1], []).append("begins" if " WARN " in line else "ends")
    for source, words in sorted(told.items()):
        pairs = len(words) // 2
        checks.that(words == ["begins", "ends"] * pairs, f"`{source}` fails and recovers in turn", " ".join(words))
    episodes = {source: words.count("begins") for source, words in told.items()}
    # Not up yet, away, error, truncated, huge, stopped. Whether the summary is asked for after the list has failed is open.
    checks.that(episodes.get("kubelet pods") == 6, "`kubelet pods` has failed 6 times", episodes.get("kubelet pods"))
    checks.that(1 <= episodes.get("kubelet summary", 0) <= 6, "`kubelet summary` no more often", episodes.get("kubelet summary"))
    checks.that(episodes.get("kubelet", 0) <= 1, "`kubelet`, that no answer came in time, once at most", episodes.get("kubelet", 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--storage", required=True)
    parser.add_argument("agent")
    parser.add_argument("out")
    arguments = parser.parse_args()
    pods, phases, code, memory, agent = run(arguments)
    checks, events, log = Checks(), agent.events(), read(agent.out + ".stderr")
    checks.that(code == 0, "SIGTERM ends the agent with code 0", code)
    check_output(checks, events, log, ["source fails", *SAMPLE_WARNINGS])
    check_rounds(checks, events, INTERVAL_MS, SLACK_MS)
    check_truth(checks, events, phases, pods)
    check_log(checks, log, phases)
    checks.between(memory, MIB, MOST_MEMORY, "the most memory the agent held, in bytes")
    checks.end()


main()
