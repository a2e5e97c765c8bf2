#!/usr/bin/env python3
"""Runs a command while pods make known loads, and says in JSON lines what was asked and what the kernel counted.

  with_pods.py --socket S [--driver cgroupfs|systemd] [--storage FOLDER] [--loads cpu,write,...] [--pace S]
               [--sandbox] [--before SECONDS] [--after SECONDS] [--out FILE [--until TEXT]] [-- COMMAND [ARGUMENT...]]

Called by with_pods.sh, which brings the runtime up and down. In COMMAND's arguments and environment values `{kubelet}`
stands for the endpoint (http, loopback) of a kubelet that answers from the runtime; it is also in $KUBELET_ENDPOINT.
COMMAND's stdout goes to --out (its stderr to FILE.stderr), or to nowhere. The loads begin --before seconds after it was
started, with --until after this text is in its output; it gets SIGTERM --after seconds behind the last one, and SIGKILL a minute later.

Loads: cpu (a container that spins at a limit of 200m), write (32 MiB with O_DIRECT), network (32 MiB by TCP from one
pod to another), uplink (8 MiB from a pod in the node's network to $BED_PEER, which only the guests have), memory (48 MiB
touched), oom (killed at a limit of 32 MiB), restart (ends with code 3, made anew), delete (a pod is taken away).
One follows the other; those joined by `+` run at the same time. With --pace the bytes are spread evenly over so many seconds.

Lines, each with "unix_ms":
  {"line": "pods", "pods": [{name, namespace, uid, cgroup, sandbox, containers: {name: id}}], "kernel", "cgroup": 1|2}
  {"line": "command", "pid"}
  {"line": "load", "load", "pod", "container", "begin_unix_ms", "end_unix_ms", ... what was asked, what was counted}
  {"line": "end", "code": COMMAND's exit code or null, "seconds", "cpu_seconds"}
"""
import argparse
import concurrent.futures
import json
import os
import resource
import signal
import subprocess
import sys
import time

import grpc

import counters
import kubelet
from runtime import SLOW, Runtime

MIB = 2**20
CPU_MILLICORES = 200
WRITE_BYTES, NETWORK_BYTES, UPLINK_BYTES = 32 * MIB, 32 * MIB, 8 * MIB
MEMORY_BYTES, OOM_BYTES = 48 * MIB, 96 * MIB
PORT = 5001
GRACE_SECONDS = 60 * SLOW
# Waits without a process beside the shell, for pids that come and go would disturb who counts them.
UNTIL_GO = "mkfifo /tmp/go; read go < /tmp/go; "


def say(line, **fields):
    text = json.dumps({"line": line, "unix_ms": time.time_ns() // 10**6, **fields})
    # In one piece, since loads at the same time speak at the same time.
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def now_ms():
    return time.time_ns() // 10**6


class Loads:
    """The pods of the loads asked for, and the loads themselves, one method each."""

    def __init__(self, runtime, names, storage, pace):
        self.runtime, self.storage, self.pace, self.pods = runtime, storage, pace, {}
        self.device = counters.whole_disk(storage)
        for name in names:
            getattr(self, "prepare_" + name)()

    def pod(self, name, command, **options):
        container = {"name": "main", "command": command,
                     **{key: options.pop(key) for key in ("cpu", "memory") if key in options}}
        self.pods[name] = self.runtime.run_pod(name, "bed", containers=[container], **options)

    def move(self, pod, *words, number):
        """Runs `load write` or `load send` in the pod, at the pace asked for: when the bytes began and ended to flow."""
        rate = [str(round(number / self.pace))] if self.pace else []
        told = self.runtime.execute(pod["containers"]["main"], "load", *words, str(number), *rate).split()
        return {"asked_bytes": number, "pace_seconds": self.pace, "flow_unix_ms": [int(told[2]), int(told[3])]}

    def go(self, name):
        """Lets a waiting container go on. It may end so soon that this takes the messenger along, which is no fault."""
        container = self.pods[name]["containers"]["main"]
        try:
            self.runtime.call("ExecSync", container_id=container, cmd=["sh", "-c", "echo > /tmp/go"], timeout=60 * SLOW)
        except grpc.RpcError as error:
            print(f"go {name}: {error.details()}", file=sys.stderr)

    def prepare_cpu(self):
        self.pod("busy", ["load", "spin"], cpu=f"{CPU_MILLICORES}m", memory="32Mi", qos="guaranteed")

    def cpu(self):
        pod = self.pods["busy"]
        before, start = counters.cpu_usage_ns(pod, "main"), time.monotonic_ns()
        time.sleep(self.pace or 5)
        used, elapsed = counters.cpu_usage_ns(pod, "main") - before, time.monotonic_ns() - start
        return "busy", {"asked_millicores": CPU_MILLICORES, "counted_millicores": round(used * 1000 / elapsed, 1)}

    def prepare_write(self):
        self.pod("disk", ["sleep", "1000000"])
        if not counters.is_v2():
            # Version 1 counts a group's bytes only once it has a rule for the disk: one that never throttles.
            folder = counters.folder(self.pods["disk"], "main", "blkio")
            with open(folder + "/blkio.throttle.write_bps_device", "w", encoding="ascii") as file:
                file.write(f"{self.device} {2**40}")

    def write(self):
        pod = self.pods["disk"]
        before = counters.written_bytes(pod, "main", self.device) or 0
        flow = self.move(pod, "write", "/data/file", number=WRITE_BYTES)
        counted = (counters.written_bytes(pod, "main", self.device) or 0) - before
        return "disk", {"device": self.device, **flow, "counted_bytes": counted}

    def prepare_network(self):
        self.pod("receiver", ["load", "receive", str(PORT)], qos="besteffort")
        self.pod("sender", ["sleep", "1000000"], qos="besteffort")

    def network(self):
        sender, receiver = self.pods["sender"], self.pods["receiver"]
        sent, received = counters.network_bytes(sender, "main")[1], counters.network_bytes(receiver, "main")[0]
        address = self.runtime.address(receiver)
        flow = self.move(sender, "send", address, str(PORT), number=NETWORK_BYTES)
        return "sender", {
            "to": "receiver", **flow,
            "counted_sent_bytes": counters.network_bytes(sender, "main")[1] - sent,
            "counted_received_bytes": counters.network_bytes(receiver, "main")[0] - received}

    def prepare_uplink(self):
        self.pod("uplink", ["sleep", "1000000"], qos="besteffort", host_network=True)

    def uplink(self):
        pod = self.pods["uplink"]
        before = counters.network_bytes(pod, "main")[1]
        flow = self.move(pod, "send", os.environ["BED_PEER"], str(PORT), number=UPLINK_BYTES)
        counted = counters.network_bytes(pod, "main")[1] - before
        return "uplink", {**flow, "counted_sent_bytes": counted}

    def prepare_memory(self):
        command = UNTIL_GO + f"exec load memory {MEMORY_BYTES}"
        self.pod("memory", ["sh", "-c", command], memory="128Mi")

    def memory(self):
        self.go("memory")
        for _ in range(100 * SLOW):
            counted = counters.memory_rss_bytes(self.pods["memory"], "main")
            if counted >= MEMORY_BYTES:
                break
            time.sleep(0.1)
        return "memory", {"asked_bytes": MEMORY_BYTES, "counted_bytes": counted}

    def prepare_oom(self):
        command = UNTIL_GO + f"exec load memory {OOM_BYTES}"
        self.pod("victim", ["sh", "-c", command], memory="32Mi")

    def oom(self):
        self.go("victim")
        status = self.runtime.wait_for_exit(self.pods["victim"]["containers"]["main"])
        return "victim", {"exit_code": status.exit_code, "reason": status.reason}

    def prepare_restart(self):
        self.pod("phoenix", ["sh", "-c", UNTIL_GO + "exit 3"], memory="32Mi")

    def restart(self):
        pod = self.pods["phoenix"]
        self.go("phoenix")
        old = pod["containers"]["main"]
        status = self.runtime.wait_for_exit(old)
        new = self.runtime.add_container(pod, {"name": "main", "memory": "32Mi"}, attempt=1)
        return "phoenix", {"exit_code": status.exit_code, "old_container": old, "new_container": new, "restarts": 1}

    def prepare_delete(self):
        self.pod("gone", ["sleep", "1000000"], memory="32Mi")

    def delete(self):
        self.runtime.end_pod(self.pods["gone"])
        return "gone", {}

    def run(self, name):
        """Makes one load and tells of it."""
        begin = now_ms()
        pod, fields = getattr(self, name)()
        say("load", load=name, pod=pod, container="main", begin_unix_ms=begin, end_unix_ms=now_ms(), **fields)


class Command:
    """The command under test, as a child process."""

    def __init__(self, words, sandbox, out, endpoint):
        words = [word.replace("{kubelet}", endpoint) for word in words]
        if sandbox:
            beds = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
            words = [beds + "/sandbox.sh", "--", *words]
        environment = {**os.environ, "KUBELET_ENDPOINT": endpoint}
        self.stdout = open(out, "wb") if out else subprocess.DEVNULL
        self.stderr = open(out + ".stderr", "wb") if out else None
        self.started = time.monotonic()
        # A session of its own, so that all of it can be killed should it not end.
        self.process = subprocess.Popen(
            words, stdout=self.stdout, stderr=self.stderr, env=environment, start_new_session=True)
        say("command", pid=self.process.pid)

    def wait_for(self, text):
        """Until it has written this, has ended, or is very late: how long it takes to start is the machine's matter."""
        end = time.monotonic() + GRACE_SECONDS
        while text not in counters.read(self.stdout.name) and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.2)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        # Only the command's family has been waited for, so these are its own figures.
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {"code": code, "seconds": round(time.monotonic() - self.started, 3),
                "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--driver", choices=["cgroupfs", "systemd"], default="cgroupfs")
    parser.add_argument("--storage", default="/")
    parser.add_argument("--loads", default="cpu,write,network,memory,oom,restart")
    parser.add_argument("--pace", type=float, default=0)
    parser.add_argument("--sandbox", action="store_true")
    parser.add_argument("--before", type=float, default=6)
    parser.add_argument("--after", type=float, default=6)
    parser.add_argument("--out")
    parser.add_argument("--until")
    words = sys.argv[1:] + ["--"]
    end = words.index("--")
    arguments, command_words = parser.parse_args(words[:end]), words[end + 1:-1]
    groups = [group.split("+") for group in arguments.loads.split(",") if group]
    names = [name for group in groups for name in group]
    unknown = [name for name in names if not hasattr(Loads, "prepare_" + name)]
    if unknown:
        parser.error(f"no such load: {unknown}")

    runtime = Runtime(arguments.socket, arguments.driver)
    loads = Loads(runtime, names, arguments.storage, arguments.pace)
    shown = ("name", "namespace", "uid", "cgroup", "sandbox", "containers")
    say("pods", kernel=os.uname().release, cgroup=2 if counters.is_v2() else 1,
        pods=[{key: pod[key] for key in shown} for pod in loads.pods.values()])
    endpoint = kubelet.serve(runtime, arguments.storage)
    command = Command(command_words, arguments.sandbox, arguments.out, endpoint) if command_words else None
    result = {"code": None}
    try:
        if command and arguments.until:
            command.wait_for(arguments.until)
        time.sleep(arguments.before)
        for group in groups:
            with concurrent.futures.ThreadPoolExecutor(len(group)) as pool:
                list(pool.map(loads.run, group))
        time.sleep(arguments.after)
    finally:
        if command:
            result = command.end()
        say("end", **result)


main()
