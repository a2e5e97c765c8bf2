"""What the kernel itself says about a pod's container, read independently of the agent: the other side of a comparison."""
import os

CGROUP = "/sys/fs/cgroup"


def is_v2():
    return os.path.exists(CGROUP + "/cgroup.controllers")


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def keyed(text):
    """`name value` lines as a dict."""
    return {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if len(line.split()) == 2}


def folder(pod, container, controller):
    """The container's cgroup in a controller's hierarchy."""
    identity = pod["containers"][container]
    name = f"cri-containerd-{identity}.scope" if pod["cgroup"].endswith(".slice") else identity
    if is_v2():
        return f"{CGROUP}{pod['cgroup']}/{name}"
    for mounted in (controller, "cpu,cpuacct"):
        if os.path.isdir(f"{CGROUP}/{mounted}{pod['cgroup']}"):
            return f"{CGROUP}/{mounted}{pod['cgroup']}/{name}"
    raise RuntimeError(f"no cgroup of {pod['name']} in {controller}")


def cpu_usage_ns(pod, container):
    if is_v2():
        return keyed(read(folder(pod, container, "cpu") + "/cpu.stat"))["usage_usec"] * 1000
    return int(read(folder(pod, container, "cpuacct") + "/cpuacct.usage"))


def memory_rss_bytes(pod, container):
    statistics = keyed(read(folder(pod, container, "memory") + "/memory.stat"))
    return statistics["anon" if is_v2() else "rss"]


def written_bytes(pod, container, device):
    """Bytes written to a disk (`major:minor`), as the cgroup counts them; None where it has no line for that disk."""
    if is_v2():
        for line in read(folder(pod, container, "io") + "/io.stat").splitlines():
            words = line.split()
            if words[0] == device:
                return int(dict(word.split("=") for word in words[1:])["wbytes"])
        return None
    for line in read(folder(pod, container, "blkio") + "/blkio.throttle.io_service_bytes").splitlines():
        words = line.split()
        if words[:2] == [device, "Write"]:
            return int(words[2])
    return None


def first_pid(pod, container):
    return int(read(folder(pod, container, "memory") + "/cgroup.procs").split()[0])


def network_bytes(pod, container, interface="eth0"):
    """(received, sent) bytes of the pod's interface."""
    for line in read(f"/proc/{first_pid(pod, container)}/net/dev").splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == interface:
            words = numbers.split()
            return int(words[0]), int(words[8])
    raise RuntimeError(f"no {interface} in pod {pod['name']}")


def whole_disk(path):
    """The disk (`major:minor`) that holds a path; a partition's disk where it lies on a partition."""
    number = os.stat(path).st_dev
    device = f"{os.major(number)}:{os.minor(number)}"
    block = os.path.realpath("/sys/dev/block/" + device)
    if os.path.exists(block + "/partition"):
        return read(os.path.dirname(block) + "/dev").strip()
    return device
