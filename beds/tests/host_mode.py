#!/usr/bin/env python3
"""Runs the agent without a configuration beside a container made by hand, and checks what it says; see host_mode.sh.

  host_mode.py AGENT FOLDER LOAD      FOLDER has the images `spaced`, `below`, `above` and their mounts; LOAD is images/load
  host_mode.py --remove FOLDER        ends what an earlier call may have left
"""
import glob
import os
import signal
import subprocess
import sys
import time

from expect import MIB, Checks, Events, check_node, check_output, read

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cri"))
import counters

CGROUP = "/sys/fs/cgroup"
PERIOD_US, QUOTA_US, TOUCHED = 20000, 6000, 20 * MIB
MILLICORES = 1000 * QUOTA_US // PERIOD_US
SECONDS_TO_FIRST, SECONDS_TO_END = 2, 0.5


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Container:
    """A cgroup as Docker names it, in every hierarchy that takes it, with a process that spins and one that holds memory."""

    def __init__(self, folder, load, disk):
        self.id, self.processes = os.urandom(32).hex(), []
        name = f"docker-{self.id}.scope" if counters.is_v2() else f"docker/{self.id}"
        hierarchies = [CGROUP] if counters.is_v2() else [path for path in glob.glob(CGROUP + "/*") if "cpuset" not in path]
        self.folders = [f"{hierarchy}/{name}" for hierarchy in hierarchies if os.path.isdir(hierarchy)]
        parents = {os.path.dirname(path) for path in self.folders if not os.path.isdir(os.path.dirname(path))}
        write(folder + "/cgroups", "\n".join([*self.folders, *parents]))
        for path in self.folders:
            os.makedirs(path, exist_ok=True)
            for file, text in (("cpu.cfs_period_us", PERIOD_US), ("cpu.cfs_quota_us", QUOTA_US),
                               ("cpu.max", f"{QUOTA_US} {PERIOD_US}"),
                               # Without a rule of some group version 1 counts no bytes of the disk, not even the root's.
                               ("blkio.throttle.write_bps_device", f"{disk} {2**40}")):
                if os.path.exists(f"{path}/{file}"):
                    write(f"{path}/{file}", str(text))
        for words in (["spin"], ["memory", str(TOUCHED)]):
            self.processes.append(subprocess.Popen([load, *words], stdout=subprocess.DEVNULL, preexec_fn=self.join))
        time.sleep(0.5)

    def used_ns(self):
        """The CPU time the kernel has counted for it."""
        for path in self.folders:
            if os.path.exists(path + "/cpuacct.usage"):
                return int(read(path + "/cpuacct.usage"))
        return counters.keyed(read(self.folders[0] + "/cpu.stat"))["usage_usec"] * 1000

    def join(self):
        for path in self.folders:
            write(path + "/cgroup.procs", str(os.getpid()))


def remove(folder):
    """Ends the processes of the cgroups that were made, and removes these, parents last."""
    folders = read(folder + "/cgroups").split() if os.path.exists(folder + "/cgroups") else []
    for path in filter(os.path.isdir, folders):
        for _ in range(50):
            for pid in read(path + "/cgroup.procs").split():
                os.kill(int(pid), signal.SIGKILL)
            try:
                os.rmdir(path)
                break
            except OSError:
                time.sleep(0.05)


class Run:
    """The agent from its start until just after its first events, and its end."""

    def __init__(self, agent, folder):
        self.out, self.log = folder + "/events", folder + "/events.stderr"
        environment = {"PATH": os.environ["PATH"]}
        with open(self.out, "wb") as out, open(self.log, "wb") as log:
            start = time.monotonic()
            process = subprocess.Popen([agent], stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=environment)
            while os.path.getsize(self.out) == 0 and time.monotonic() - start < 20 and process.poll() is None:
                time.sleep(0.01)
            self.to_first = time.monotonic() - start
            # A round is written at once; what is still missing a moment later won't come.
            time.sleep(0.3)
            end = time.monotonic()
            process.send_signal(signal.SIGTERM)
            try:
                self.code = process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                self.code = process.wait()
            self.to_end = time.monotonic() - end


def device_at(path):
    """The source of the mount that lies uppermost at a path, `/dev/loop3`."""
    found = None
    for line in read("/proc/self/mountinfo").splitlines():
        words = line.split()
        if words[4].encode().decode("unicode_escape") == path:
            found = words[words.index("-") + 2]
    return found


def loop_device(image):
    return subprocess.check_output(["losetup", "--noheadings", "--output", "NAME", "--associated", image], text=True).strip()


def check_file_systems(checks, events, folder):
    spaced, covered = folder + "/mounts/with a space", folder + "/mounts/covered"
    for name, path, size, least_used in (("below a name with a space", spaced, 64 * MIB, 24 * MIB),
                                         ("mounted over another", covered, 32 * MIB, 0)):
        device = device_at(path)
        fs = os.statvfs(path)
        shown = [event for _, event in events.of("NodeFS", device=device)]
        checks.that(len(shown) == len(events.times), f"the file system {name} ({device}) is there", f"{len(shown)} times")
        event = shown[0] if shown else {}
        capacity, used = event.get("node_filesystem_capacity"), event.get("node_filesystem_usage")
        # What ext4 itself needs of it is not the capacity's.
        checks.between(capacity, size * 0.75, size, "its capacity in bytes")
        checks.between(used, least_used, least_used + 2 * MIB, "used of it")
        kernel = {
            "node_filesystem_capacity": fs.f_blocks * fs.f_frsize, "node_filesystem_available": fs.f_bavail * fs.f_frsize,
            "node_filesystem_usage": (fs.f_blocks - fs.f_bfree) * fs.f_frsize,
            "node_filesystem_inodes": fs.f_files, "node_filesystem_inodes_free": fs.f_ffree}
        other = {name: event.get(name) for name, value in kernel.items() if event.get(name) != value}
        checks.that(not other, "all of it as the kernel says", other or "")
        share = event.get("node_filesystem_utilization")
        checks.close(share, kernel["node_filesystem_usage"] / kernel["node_filesystem_capacity"] * 100, 1e-6, "in percent")
    hidden = loop_device(folder + "/below")
    checks.that(hidden and not events.of("NodeFS", device=hidden), f"a file system below another mount ({hidden}) is not there")


def main():
    if sys.argv[1] == "--remove":
        remove(sys.argv[2])
        return
    agent, folder, load = sys.argv[1:]
    disk = counters.whole_disk(folder)
    container = Container(folder, load, disk)
    before, begin = container.used_ns(), time.monotonic_ns()
    run = Run(agent, folder)
    # Where others take the CPUs, the kernel itself counts less than was asked for.
    low = min(MILLICORES, (container.used_ns() - before) * 1000 / (time.monotonic_ns() - begin))
    checks, events = Checks(), Events(read(run.out))
    checks.between(run.to_first, 0, SECONDS_TO_FIRST, "seconds to the first events")
    checks.that(run.code == 0, "SIGTERM ends it with code 0", run.code)
    checks.between(run.to_end, 0, SECONDS_TO_END, "seconds to its end")
    check_output(checks, events, read(run.log))
    check_node(checks, events)
    kinds = {event["Type"] for found in events.rounds.values() for event in found}
    checks.that(kinds == {"Node", "NodeFS", "NodeDiskIO", "NodeNet", "Container"}, "the record types are the machine's", sorted(kinds))

    name, memory_kib = os.uname().nodename, int(read("/proc/meminfo").split()[1])
    nodes = {event.get("NodeName") for found in events.rounds.values() for event in found}
    checks.that(nodes == {name}, "the node has the machine's name", nodes)
    node = events.of("Node")[0][1] if events.of("Node") else {}
    checks.close(node.get("node_memory_limit"), memory_kib * 1024, 0, "its memory")
    checks.close(node.get("node_cpu_limit"), os.sysconf("SC_NPROCESSORS_ONLN") * 1000, 0, "its CPUs")
    checks.between(node.get("node_cpu_usage_total"), low * 0.8, node.get("node_cpu_limit", 0) * 1.02, "its use of them")
    for kind, metric in (("NodeDiskIO", "node_diskio_io_service_bytes_total"), ("NodeNet", "node_interface_network_rx_bytes")):
        values = events.values(kind, metric)
        checks.that(values != [], f"{kind} has rates", f"{len(values)} of them")
    interfaces = {path.split("/")[-1] for path in glob.glob("/sys/class/net/*") if os.path.isdir(path)}
    interfaces = {name for name in interfaces if name != "lo" and not name.startswith(("veth", "docker", "nerdctl"))}
    shown = {event["interface"] for _, event in events.of("NodeNet")}
    checks.that(shown == interfaces, "the interfaces are the machine's", f"{sorted(shown)}")
    check_file_systems(checks, events, folder)

    mine = {"ContainerId": container.id}
    used = events.mean("Container", "container_cpu_usage_total", **mine)
    checks.between(used, low - MILLICORES * 0.1, MILLICORES * 1.1, "cpu of the container")
    rss = events.mean("Container", "container_memory_rss", **mine)
    checks.between(rss, TOUCHED, TOUCHED + MIB, "memory_rss of the container")
    checks.end()


main()
