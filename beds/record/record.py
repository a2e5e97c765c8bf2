#!/usr/bin/env python3
"""Records a node for crates/testkit: two samples of the files an agent reads, and the kubelet's answers beside them.

  record.py OUT --how TEXT [--pause SECONDS] [--between COMMAND] [--drop-mount PREFIX]... [--other-groups]
            [--kubelet https://10.97.0.1:10250 --token-file FILE --ca FILE | --cri SOCKET [--storage FOLDER]]

Writes OUT/first and OUT/second, each a whole root (proc, sys, var/log/pods, statfs.json, kubelet/), and
OUT/recording.json. COMMAND (for a shell) runs in the pause between the samples. --cri makes the kubelet's answers by hand
from the runtime (../cri/kubelet.py); with neither there are none. --drop-mount leaves mounts out that are only this
machine's tools; --other-groups also records groups that are no pod's and no container's, one file each. Runs on
the node, as root; needs nothing but Python 3, and gRPC for --cri.
"""
import argparse
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request

CGROUP = "/sys/fs/cgroup"
DISK_TYPES = re.compile(r"ext\d|xfs|btrfs|zfs|overlay|tmpfs|nfs\d?|vfat")
# A pod's or a container's group, or one on the way to them.
OURS = re.compile(r"kubepods|[0-9a-f]{64}")
BLKIO = re.compile(r"blkio\.(throttle\.io_|bfq\.io_|io_)(service_bytes|serviced)(_recursive)?")
V1_FILES = {
    "cpuacct": ["cpuacct.usage", "cpuacct.stat"],
    "cpu": ["cpu.stat"],
    "memory": ["memory.usage_in_bytes", "memory.max_usage_in_bytes", "memory.failcnt", "memory.stat",
               "memory.use_hierarchy", "memory.limit_in_bytes", "memory.memsw.usage_in_bytes"],
}
V1_OTHERS = {"cpuacct": ["cpuacct.usage"], "cpu": ["cpu.stat"], "memory": ["memory.usage_in_bytes"], "blkio": ["blkio.throttle.io_serviced"]}
V2_FILES = ["cpu.stat", "memory.current", "memory.max", "memory.peak", "memory.stat", "memory.events",
            "memory.swap.current", "io.stat"]


def read(path):
    """A kernel file's bytes; None where it can't be read, for it may have just gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


class Tree:
    """A root on disk that kernel files are copied into."""

    def __init__(self, root):
        self.root = root

    def write(self, path, content):
        target = self.root + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)

    def copy(self, path):
        content = read(path)
        if content is not None:
            self.write(path, content)
        return content


def mounts(mountinfo):
    """(mount point, file-system type, super options) of each line."""
    for line in mountinfo.decode().splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4].encode().decode("unicode_escape")
        kind, _, options = right.split(None, 2)
        yield point, kind, options.split(",")


def record_cgroups(tree, mountinfo, others):
    """The cgroup files; gives the pids of pods and containers."""
    pids = set()
    seen = set()
    for point, kind, options in mounts(mountinfo):
        if kind == "cgroup2" and point != CGROUP:
            tree.copy(point + "/cgroup.controllers")   # the mark of a hybrid
        elif kind == "cgroup2":
            tree.copy(point + "/cgroup.controllers")
            walk(tree, point, pids, others, lambda _, ours: V2_FILES if ours else ["cpu.stat"])
        elif kind == "cgroup":
            controllers = [name for name in ("cpuacct", "cpu", "memory", "blkio") if name in options]
            if controllers and point not in seen:
                seen.add(point)
                walk(tree, point, pids, others, lambda folder, ours, names=controllers: v1_files(folder, names, ours))
    return pids


def v1_files(folder, controllers, ours):
    names = []
    for controller in controllers:
        if not ours:
            names += V1_OTHERS[controller]
        elif controller == "blkio":
            names += [name for name in sorted(os.listdir(folder)) if BLKIO.fullmatch(name)]
        else:
            names += V1_FILES[controller]
    return names


def walk(tree, point, pids, others, files_of):
    for folder, names, _ in os.walk(point):
        names.sort()
        ours = folder == point or OURS.search(folder) is not None
        if not ours and not others:
            continue
        try:
            wanted = files_of(folder, ours)
        except FileNotFoundError:
            continue
        for name in wanted:
            tree.copy(f"{folder}/{name}")
        if folder != point and re.search(r"[0-9a-f]{64}", folder):
            pids.update(int(word) for word in (read(folder + "/cgroup.procs") or b"").split())


def record_proc(tree, pids):
    for name in ("meminfo", "cpuinfo", "diskstats", "sys/kernel/hostname"):
        tree.copy("/proc/" + name)
    for pid in sorted(pids | {1}):
        tree.copy(f"/proc/{pid}/cgroup")
        tree.copy(f"/proc/{pid}/net/dev")


def record_sys(tree):
    for disk in sorted(os.listdir("/sys/block")):
        for name in ("dev", "hidden"):
            tree.copy(f"/sys/block/{disk}/{name}")
    for interface in sorted(os.listdir("/sys/class/net")):
        for name in ("ifindex", "operstate", "type", "device/uevent"):
            tree.copy(f"/sys/class/net/{interface}/{name}")


def record_log_folders(tree):
    base = "/var/log/pods"
    for pod in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        for container in sorted(os.listdir(f"{base}/{pod}")) or ["."]:
            tree.write(f"{base}/{pod}/{container}/0.log", b"")


def record_file_systems(tree, mountinfo):
    answers = {}
    for point, kind, _ in mounts(mountinfo):
        if DISK_TYPES.fullmatch(kind):
            try:
                told = os.statvfs(point)
            except OSError:
                continue
            size = told.f_frsize
            answers[point] = {"capacity": told.f_blocks * size, "free": told.f_bfree * size,
                              "available": told.f_bavail * size, "inodes": told.f_files, "inodes_free": told.f_ffree}
    lines = ",\n".join(f"{json.dumps(point)}: {json.dumps(answer)}" for point, answer in sorted(answers.items()))
    tree.write("/statfs.json", f"{{\n{lines}\n}}\n".encode())


def record_kubelet(tree, arguments):
    if arguments.kubelet:
        with open(arguments.token_file, encoding="ascii") as file:
            header = {"Authorization": "Bearer " + file.read().strip()}
        context = ssl.create_default_context(cafile=arguments.ca)
        for path, name in (("/pods", "pods"), ("/stats/summary", "summary")):
            request = urllib.request.Request(arguments.kubelet + path, headers=header)
            with urllib.request.urlopen(request, context=context, timeout=60) as response:
                tree.write(f"/kubelet/{name}.json", response.read())
    elif arguments.cri:
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cri"))
        import kubelet
        from runtime import Runtime
        runtime = Runtime(arguments.cri)
        tree.write("/kubelet/pods.json", json.dumps(kubelet.pods(runtime)).encode())
        tree.write("/kubelet/summary.json", json.dumps(kubelet.summary(runtime, arguments.storage)).encode())


def record(root, arguments):
    """One sample; gives its time."""
    tree = Tree(root)
    stamp = {"unix_ms": time.time_ns() // 10**6, "monotonic_ns": time.monotonic_ns()}
    mountinfo = b"".join(
        line for line in read("/proc/1/mountinfo").splitlines(keepends=True)
        if not any(line.split()[4].startswith(prefix.encode()) for prefix in arguments.drop_mount))
    tree.write("/proc/1/mountinfo", mountinfo)
    pids = record_cgroups(tree, mountinfo, arguments.other_groups)
    record_proc(tree, pids)
    record_sys(tree)
    record_kubelet(tree, arguments)
    record_log_folders(tree)
    record_file_systems(tree, mountinfo)
    return stamp


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--how", required=True)
    parser.add_argument("--pause", type=float, default=10)
    parser.add_argument("--between", default="true")
    parser.add_argument("--drop-mount", action="append", default=[])
    parser.add_argument("--other-groups", action="store_true")
    parser.add_argument("--kubelet")
    parser.add_argument("--token-file")
    parser.add_argument("--ca")
    parser.add_argument("--cri")
    parser.add_argument("--storage", default="/")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.out, ignore_errors=True)
    first = record(arguments.out + "/first", arguments)
    began = time.monotonic()
    subprocess.run(["bash", "-c", arguments.between], check=True, stdout=subprocess.DEVNULL)
    time.sleep(max(0, arguments.pause - (time.monotonic() - began)))
    second = record(arguments.out + "/second", arguments)
    header = {"kernel": os.uname().release, "how": arguments.how, "time_first": first, "time_second": second}
    with open(arguments.out + "/recording.json", "w", encoding="utf-8") as file:
        file.write(json.dumps(header, indent=2) + "\n")


main()
