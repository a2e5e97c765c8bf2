#!/usr/bin/env python3
"""Runs the agent beside file systems of known sizes, writes to them meanwhile, and checks what it says; see disks.sh.

  disks.py FOLDER      FOLDER/disks has a line for each: image, type, mount point; FOLDER/agent is the agent
"""
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from expect import MIB, Checks, Events, check_output, read

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ecs"))
import fakes

ZONE, WRITTEN = "us-west-2b", 12 * MIB
# By the name of the image: the volume that Kubernetes mounts.
VOLUMES = {"csi.ext4": "vol-0c51000000000000a", "old.xfs": "vol-0c51000000000000b", "tree.ext4": "vol-0123456789abcdef0"}
RECEIVER = "receivers.awscontainerinsightreceiver"
NOBODY = ["setpriv", "--reuid", "65532", "--regid", "65532", "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all",
          "--no-new-privs", "--"]
# Nobody has given the test keys for EC2, and these are no EBS disks.
WARNINGS = ("the logging exporter is called debug now", "credentials", "own metrics listening on the next free port", "kubelet")


class Disk:
    def __init__(self, line):
        self.name, self.kind, self.path = line.split()
        self.device = self.df()[0]

    def df(self):
        """(device, size, used, available, inodes, free inodes) as df has them."""
        columns = "--output=source,size,used,avail,itotal,iavail"
        words = subprocess.check_output(["df", "-B1", columns, self.path], text=True).splitlines()[1].split()
        return words[0], *map(int, words[1:])

    def made(self):
        """The capacity that mkfs left to files: all blocks but those of its own tables, or of its log."""
        if self.kind == "ext4":
            told = subprocess.check_output(["dumpe2fs", "-h", self.device], text=True, stderr=subprocess.DEVNULL)
            said = dict(re.findall(r"(?m)^([A-Z][^:]+): +(\d+)$", told))
            return (int(said["Block count"]) - int(said["Overhead clusters"])) * int(said["Block size"])
        told = subprocess.check_output(["xfs_info", self.path], text=True)
        data, log = (re.search(rf"(?m)^{name} .*\n?.*bsize=(\d+) +blocks=(\d+)", told) for name in ("data", "log"))
        return int(data[1]) * int(data[2]) - int(log[1]) * int(log[2])


class Kubelet(http.server.BaseHTTPRequestHandler):
    """A node without pods."""

    def do_GET(self):
        body = json.dumps({"kind": "PodList", "apiVersion": "v1", "items": []} if self.path.startswith("/pods") else
                          {"node": {"nodeName": "bed-node"}, "pods": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Agent:
    """The agent under a configuration, told of the fakes."""

    def __init__(self, name, folder, prefix, words, variables):
        self.name, self.out, self.log = name, f"{folder}/{name}.events", f"{folder}/{name}.stderr"
        environment = {"PATH": os.environ["PATH"], **variables}
        sets = [word for text in words for word in ("--set", text)]
        with open(self.out, "wb") as out, open(self.log, "wb") as log:
            self.process = subprocess.Popen([*prefix, folder + "/agent", "--config", "env:CONFIG", *sets],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=environment)

    def rounds(self):
        return Events(read(self.out)).times

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.code = self.process.wait(20)
        self.events = Events(read(self.out))


def start(folder):
    """The same machine as three kinds of node, and as a Kubernetes node for an agent without rights."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Kubelet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    document = {"availabilityZone": ZONE, "instanceId": "i-0123456789abcdef0", "instanceType": "m5.large", "region": "us-west-2",
                "privateIp": "10.0.0.10"}
    metadata, ecs = fakes.InstanceMetadata(document, {}), fakes.EcsAgent("bed", "arn:aws:ecs:us-west-2:1:container-instance/bed/a1")
    examples = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
    place = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{metadata.port}"}
    every = [f"{RECEIVER}.collection_interval=1s", f"{RECEIVER}.root_path=/"]
    kubernetes = [*every, "exporters.awsemf.output_destination=stdout", "extensions.health_check.endpoint=localhost:0",
                  f"{RECEIVER}.cluster_name=bed", f"{RECEIVER}.kubelet.auth_type=none",
                  f"{RECEIVER}.kubelet.endpoint=http://127.0.0.1:{server.server_address[1]}"]
    node = {**place, "CONFIG": read(examples + "/eks.yaml"), "HOST_NAME": "bed-node", "K8S_NAMESPACE": "bed"}
    instance = {**place, "CONFIG": read(examples + "/ecs-instance.yaml")}
    instance_sets = [*every, "exporters.awsemf/instancemetrics.output_destination=stdout",
                     f"{RECEIVER}.ecs_agent_endpoint=http://127.0.0.1:{ecs.port}"]
    host = {**place, "CONFIG": read(examples + "/ecs-instance.yaml")}
    return [Agent("host", folder, [], [*instance_sets, f"{RECEIVER}.container_orchestrator=host"], host),
            Agent("ecs", folder, [], instance_sets, instance),
            Agent("eks", folder, [], kubernetes, node),
            Agent("eks-nobody", folder, NOBODY, kubernetes, node)]


def check(checks, agent, disks, moments, before):
    print(f"agent {agent.name}: {len(agent.events.times)} rounds", flush=True)
    checks.that(agent.code == 0, "SIGTERM ends it with code 0", agent.code)
    check_output(checks, agent.events, read(agent.log), WARNINGS)
    kind, prefix = ("InstanceFS", "instance") if agent.name == "ecs" else ("NodeFS", "node")
    shown = {event["device"] for _, event in agent.events.of(kind)}
    for disk in disks:
        may_look = "nobody" not in agent.name or not disk.path.startswith("/var/lib/kubelet")
        if not may_look:
            checks.that(disk.device not in shown, f"{disk.name}: nothing is said of what can't be looked at")
            continue
        found = agent.events.of(kind, device=disk.device)
        checks.that(len(found) == len(agent.events.times), f"{disk.name} ({disk.device}) is there in each round", len(found))
        if not found:
            continue
        last, df = found[-1][1], disk.df()
        names = ("capacity", "usage", "available", "inodes", "inodes_free")
        wrong = {name: (last.get(f"{prefix}_filesystem_{name}"), value) for name, value in zip(names, df[1:])
                 if last.get(f"{prefix}_filesystem_{name}") != value}
        checks.that(not wrong, "all its numbers are df's", wrong or "")
        checks.close(last[f"{prefix}_filesystem_capacity"], disk.made(), 0, "its capacity is what mkfs left")
        used = [event[f"{prefix}_filesystem_usage"] for time, event in found if time < moments[0]][-1:]
        checks.close(used[0] if used else None, before[disk.name], 0, "used before the write, as df had it")
        grown = last[f"{prefix}_filesystem_usage"] - before[disk.name]
        checks.between(grown, WRITTEN, WRITTEN + 128 * 1024, "and more by what dd wrote")
        share = df[2] / df[1] * 100
        checks.close(last[f"{prefix}_filesystem_utilization"], share, 1e-9, "in percent")
        volume = VOLUMES.get(disk.name) if agent.name == "eks" else None
        volumes = {event.get("ebs_volume_id") for _, event in found}
        checks.that(volumes == {f"aws://{ZONE}/{volume}" if volume else None}, "the volume Kubernetes mounts from it", volumes)
        checks.that(not any("EBSVolumeId" in event for _, event in found), "and no volume that EC2 doesn't name")


def main():
    folder = sys.argv[1]
    disks = [Disk(line) for line in read(folder + "/disks").splitlines()]
    agents = start(folder)
    end = time.monotonic() + 20
    while time.monotonic() < end and any(len(agent.rounds()) < 4 for agent in agents):
        time.sleep(0.1)
    before = {disk.name: disk.df()[2] for disk in disks}
    moments = [time.time_ns() // 10**6]
    for disk in disks:
        subprocess.check_call(["dd", "if=/dev/zero", f"of={disk.path}/file", "bs=1M", f"count={WRITTEN // MIB}", "conv=fsync", "status=none"])
    time.sleep(2.5)
    for agent in agents:
        agent.end()
    checks = Checks()
    for agent in agents:
        check(checks, agent, disks, moments, before)
    checks.end()


main()
