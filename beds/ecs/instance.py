#!/usr/bin/env python3
"""Runs agents on a container instance with tasks that reserve and use known amounts, and says what was asked and counted.

  instance.py --runtime docker|folders|systemd --agents NAME,... --load FILE --data FOLDER [--volume MOUNT] FOLDER

FOLDER has `agent`, a static binary; each agent leaves FOLDER/NAME.events and NAME.stderr there. Agents are started by
FOLDER's machine as: `root` (as it is), `pod` (sandbox.sh: uid 65532, no capability, the machine at /rootfs), `bare` (bare.sh: a
tmpfs, hardly anything below /rootfs); with Docker also `daemon` (a container with the machine's / at /rootfs) and `adot` (a
container as the templates of ADOT and the CloudWatch agent have it: only proc, dev and the cgroups below an otherwise empty
/rootfs). Both `adot` and `bare` have MOUNT too, a file system of a device of its own. In the environment: BEDS, and SAMPLE,
the configuration. DATA is a folder on the disk whose bytes are counted.

FOLDER/report is one JSON object: tasks, what the runtime said of them, what was moved when, requests to the fakes and their
complaints, exit codes. FOLDER/watched has a line each tenth of a second: what the kernel counted, read here.
"""
import argparse
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cri"))
import counters
import fakes
import tasks as bed
from tasks import MIB, Container, Task

CLUSTER, INSTANCE = "bed", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
ARN = f"arn:aws:ecs:us-west-2:111122223333:container-instance/{CLUSTER}/{INSTANCE}"
DOCUMENT = {"accountId": "111122223333", "architecture": "x86_64", "availabilityZone": "us-west-2a", "imageId": "ami-0",
            "instanceId": "i-0123456789abcdef0", "instanceType": "m5.large", "privateIp": "10.0.0.10", "region": "us-west-2",
            "version": "2017-09-30"}
TAGS = {"Name": "bed", "aws:autoscaling:groupName": "bed-group"}
LINK, PEER, ADDRESS = "bedlink", "bedpeer", "10.98.0.{}"
WRITE_BYTES, PACKETS, PACKET_BYTES, LOAD_SECONDS = 16 * MIB, 4000, 1000, 5
# Ethernet, IP and UDP.
HEADERS = 14 + 20 + 8
RECEIVER = "receivers.awscontainerinsightreceiver"


def now_ms():
    return time.time_ns() // 10**6


def file_system(path):
    """A mounted file system as the mount table and statvfs have it."""
    device = [line.split()[0] for line in counters.read("/proc/self/mounts").splitlines() if line.split()[1] == path][-1]
    answer = os.statvfs(path)
    return {"device": device, "capacity": answer.f_blocks * answer.f_frsize, "inodes": answer.f_files,
            "usage": (answer.f_blocks - answer.f_bfree) * answer.f_frsize}


def definitions():
    sleep = ["memory", "4096"]
    return [
        Task("limited", [Container(["spin"], shares=512, hard=128 * MIB)], cpus=0.5, memory=256 * MIB),
        Task("parts", [Container(["memory", str(24 * MIB)], shares=128, hard=128 * MIB, soft=64 * MIB, cpus=0.2),
                       Container(sleep, shares=64, hard=32 * MIB)]),
        # Two containers that ask for nothing have the fewest shares each, and so more than a task without a reservation.
        Task("writes", [Container(sleep), Container(
            sleep, later=["write", "/data/file", str(WRITE_BYTES), str(WRITE_BYTES // LOAD_SECONDS)])]),
        Task("nothing", [Container(sleep)]),
        # Its group is still there, and counts for nothing.
        Task("over", [Container(sleep, shares=1024)], cpus=1, memory=1024 * MIB, status="STOPPED"),
    ]


class Network:
    """Two ends of a link, the far one in a namespace of its own that answers nothing."""

    def __init__(self):
        def ip(*words):
            subprocess.check_call(["ip", *words])
        self.down()
        ip("netns", "add", PEER)
        ip("link", "add", LINK, "type", "veth", "peer", "name", PEER, "netns", PEER)
        ip("-n", PEER, "link", "set", PEER, "address", "02:00:00:00:00:02", "up")
        for name in (f"/proc/sys/net/ipv6/conf/{LINK}/disable_ipv6",):
            if os.path.exists(name):
                with open(name, "w", encoding="ascii") as file:
                    file.write("1")
        ip("addr", "add", ADDRESS.format(1) + "/24", "dev", LINK)
        ip("link", "set", LINK, "up")
        ip("neigh", "add", ADDRESS.format(2), "lladdr", "02:00:00:00:00:02", "dev", LINK, "nud", "permanent")

    def send(self):
        """Sends the packets evenly."""
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        start = time.monotonic()
        for number in range(PACKETS):
            sender.sendto(b"x" * PACKET_BYTES, (ADDRESS.format(2), 9))
            if number % 20 == 0:
                time.sleep(max(0, start + LOAD_SECONDS * number / PACKETS - time.monotonic()))

    @staticmethod
    def down():
        subprocess.call(["ip", "netns", "del", PEER], stderr=subprocess.DEVNULL)
        subprocess.call(["ip", "link", "del", LINK], stderr=subprocess.DEVNULL)


class Watch(threading.Thread):
    """What the kernel counts, ten times a second."""

    def __init__(self, path, device):
        super().__init__(daemon=True)
        self.file, self.device, self.ended = open(path, "w", encoding="ascii"), device, threading.Event()

    def run(self):
        while not self.ended.wait(0.1):
            self.file.write(json.dumps(self.look()) + "\n")
        self.file.close()

    def look(self):
        # user, nice, system, irq, softirq: what isn't idle, waiting or stolen.
        words = counters.read("/proc/stat").splitlines()[0].split()[1:]
        busy = sum(int(words[index]) for index in (0, 1, 2, 5, 6)) * 1000 // os.sysconf("SC_CLK_TCK")
        disk = next(line.split() for line in counters.read("/proc/diskstats").splitlines()
                    if ":".join(line.split()[:2]) == self.device)
        link = next(line.split(":")[1].split() for line in counters.read("/proc/net/dev").splitlines() if f"{LINK}:" in line)
        seen = {"unix_ms": now_ms(), "busy_ms": busy, "disk_written": int(disk[9]) * 512, "disk_writes": int(disk[7]),
                "link_tx_bytes": int(link[8]), "link_tx_packets": int(link[9]),
                "root_used": file_system("/")["usage"]}
        if counters.is_v2():
            memory = counters.keyed(counters.read(counters.CGROUP + "/memory.stat"))
            usage, inactive = memory["anon"] + memory["file"], memory["inactive_file"]
            measured = counters.keyed(counters.read(counters.CGROUP + "/cpu.stat"))["usage_usec"] // 1000
        else:
            memory = counters.keyed(counters.read(counters.CGROUP + "/memory/memory.stat"))
            usage = int(counters.read(counters.CGROUP + "/memory/memory.usage_in_bytes"))
            inactive = memory["total_inactive_file"]
            folder = next(name for name in ("cpuacct", "cpu,cpuacct") if os.path.exists(f"{counters.CGROUP}/{name}"))
            measured = int(counters.read(f"{counters.CGROUP}/{folder}/cpuacct.usage")) // 10**6
        return {**seen, "memory_usage": usage, "memory_working_set": usage - inactive, "measured_ms": measured}


class Agents:
    """The agents by name, started at the same time."""

    def __init__(self, names, folder, volume, agent_port, metadata_port):
        self.folder, self.volume, self.ports, self.processes = folder, volume, (agent_port, metadata_port), {}
        for name in names:
            words, environment = getattr(self, name)()
            with open(f"{folder}/{name}.events", "wb") as out, open(f"{folder}/{name}.stderr", "wb") as log:
                self.processes[name] = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=environment, start_new_session=True)

    def arguments(self, host):
        return ["--config", "env:SAMPLE", "--set", "exporters.awsemf/instancemetrics.output_destination=stdout",
                "--set", f"{RECEIVER}.collection_interval=1s",
                "--set", f"{RECEIVER}.ecs_agent_endpoint=http://{host}:{self.ports[0]}"]

    def environment(self, host):
        return {"PATH": os.environ["PATH"], "SAMPLE": os.environ["SAMPLE"],
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{host}:{self.ports[1]}"}

    def root(self):
        return [self.folder + "/agent", *self.arguments("127.0.0.1")], self.environment("127.0.0.1")

    def pod(self):
        words, environment = self.root()
        keep = {name: os.environ[name] for name in ("HOME", "BED_CACHE") if name in os.environ}
        return [os.environ["BEDS"] + "/sandbox.sh", "--", *words], {**environment, **keep}

    def container(self, mounts, *options):
        host = "10.99.0.1" if "host" not in options else "127.0.0.1"
        volumes = [word for mount in [f"{self.folder}/agent:/agent", *mounts] for word in ("-v", mount + ":ro")]
        variables = [word for name, value in self.environment(host).items() if name != "PATH" for word in ("-e", f"{name}={value}")]
        words = [os.environ["DOCKER"], "create", "--rm", *options, *volumes, *variables, "bed-load", "/agent", *self.arguments(host)]
        # Made first, since the client has warnings of its own, which are no lines of the agent's log.
        container = subprocess.check_output(words, text=True).strip()
        return [os.environ["DOCKER"], "start", "--attach", container], dict(os.environ)

    def daemon(self):
        return self.container(["/:/rootfs", "/sys:/sys", "/dev:/dev"], "--network", "host")

    def adot(self):
        groups = "/sys/fs/cgroup"
        return self.container(["/proc:/rootfs/proc", "/dev:/rootfs/dev", f"{groups}:{groups}", f"{groups}:/rootfs{groups}",
                               f"{self.volume}:/rootfs{self.volume}"])

    def bare(self):
        words, environment = self.root()
        return [os.path.dirname(os.path.abspath(__file__)) + "/bare.sh", words[0], self.volume, *words[1:]], environment

    def wait_for(self, word, seconds):
        """Until each has said this, or is late."""
        end = time.monotonic() + seconds
        for name in self.processes:
            while word not in counters.read(f"{self.folder}/{name}.events") and time.monotonic() < end:
                time.sleep(0.1)

    def end(self):
        """SIGTERM to all; their exit codes."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = {}
        for name, process in self.processes.items():
            try:
                codes[name] = process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                codes[name] = process.wait()
        return codes


def run(options, runtime, report):
    device = counters.whole_disk(options.data)
    all_tasks = definitions()
    agent = fakes.EcsAgent(CLUSTER, ARN, unregistered=1)
    metadata = fakes.InstanceMetadata(DOCUMENT, TAGS)

    def told():
        agent.list([(task.arn(CLUSTER), task.status, task.ids()) for task in all_tasks])
    for task in all_tasks:
        runtime.make(task)
    told()
    report["tasks"] = [{**dataclasses.asdict(task), "shares": task.shares()} for task in all_tasks]
    watch = Watch(options.folder + "/watched", device)
    watch.start()
    agents = Agents(options.agents.split(","), options.folder, options.volume, agent.port, metadata.port)
    try:
        agents.wait_for("instance_number_of_running_tasks", options.patience)
        time.sleep(2)
        report["load_unix_ms"] = [now_ms()]
        writer = all_tasks[2]
        # The container that writes stays: with its group its bytes would leave those of the root, see README.md.
        loads = [threading.Thread(target=runtime.do, args=(writer, writer.containers[1])),
                 threading.Thread(target=report["network"].send)]
        for load in loads:
            load.start()
        report["told"] = runtime.told(all_tasks)
        for load in loads:
            load.join()
        time.sleep(2)
        report["load_unix_ms"].append(now_ms())
        report["stop_unix_ms"] = now_ms()
        all_tasks[1].status = "STOPPED"
        told()
        runtime.stop(all_tasks[1])
        time.sleep(options.after)
    finally:
        report["codes"] = agents.end()
        watch.ended.set()
        watch.join()
    report["fakes"] = {"requests": len(agent.requests), "metadata": agent.requests.count("GET /v1/metadata"),
                       "violations": agent.violations + metadata.violations}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--runtime", choices=["docker", "folders", "systemd"], required=True)
    parser.add_argument("--agents", required=True)
    parser.add_argument("--load", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--volume")
    parser.add_argument("--patience", type=float, default=20 * int(os.environ.get("BED_SLOW", "1")))
    parser.add_argument("--after", type=float, default=5)
    options = parser.parse_args()
    number = counters.whole_disk(options.data)
    disk = "/dev/" + next(line.split("=")[1] for line in counters.read(f"/sys/dev/block/{number}/uevent").splitlines()
                          if line.startswith("DEVNAME="))
    runtime = {"docker": lambda: bed.Docker(None, options.data, disk), "folders": lambda: bed.Folders(options.load, options.data, number),
               "systemd": lambda: bed.Systemd(options.load, options.data)}[options.runtime]()
    report = {"kernel": os.uname().release, "cgroup": 2 if counters.is_v2() else 1, "network": Network()}
    report["interfaces"] = sorted(os.listdir("/sys/class/net"))
    report["cpus"] = os.sysconf("SC_NPROCESSORS_ONLN")
    report["memory_total"] = int(counters.read("/proc/meminfo").split()[1]) * 1024
    report["file_systems"] = {"/": file_system("/")}
    if options.volume:
        report["file_systems"][options.volume] = file_system(options.volume)
    report["devices"] = [line.split()[0] for line in counters.read("/proc/1/mounts").splitlines()
                         if line.startswith("/dev/")]
    # A disk is named as it is mounted: a guest's is /dev/root.
    report["disk"] = report["file_systems"]["/"]["device"] if os.stat("/").st_dev == os.stat(options.data).st_dev else disk
    report["sent"] = {"packets": PACKETS, "bytes": PACKETS * (PACKET_BYTES + HEADERS), "interface": LINK}
    report["asked_written"] = WRITE_BYTES
    report["given"] = {"ClusterName": CLUSTER, "ContainerInstanceId": INSTANCE, "InstanceId": DOCUMENT["instanceId"],
                       "InstanceType": DOCUMENT["instanceType"], "AutoScalingGroupName": TAGS["aws:autoscaling:groupName"]}
    try:
        run(options, runtime, report)
    finally:
        runtime.down()
        report.pop("network").down()
        with open(options.folder + "/report", "w", encoding="utf-8") as file:
            json.dump(report, file)


main()
