"""The node under test: kubectl, the places a real node has, the agent's pod, its process and its log."""
import contextlib
import glob
import json
import os
import socket
import subprocess
import time

from manifest import CONTAINER, DAEMON_SET, NAMESPACE

RUNTIME_SOCKET = "/run/containerd/containerd.sock"


def kubectl(*arguments, text=None):
    """Its standard output."""
    run = subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {run.stderr.strip()}")
    return run.stdout


def objects(*arguments):
    return json.loads(kubectl("get", *arguments, "-o", "json"))


def until(seconds, what, probe):
    """The first answer of `probe` that is not empty."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.2)
    raise RuntimeError(f"gave up after {seconds} s: {what}")


@contextlib.contextmanager
def places():
    """What the sample mounts and every real node has; what was not there before is taken away again."""
    made = []
    for folder in ("/var/lib/docker", "/dev/disk/by-uuid", "/dev/disk"):
        if not os.path.exists(folder):
            os.makedirs(folder)
            made.append(folder)
            if folder == "/dev/disk/by-uuid":
                made.append("/dev/disk")
    listener = None
    if not os.path.exists("/var/run/docker.sock"):
        # Nobody answers here: the agent asks no runtime.
        listener = socket.socket(socket.AF_UNIX)
        listener.bind("/var/run/docker.sock")
    try:
        yield
    finally:
        if listener:
            listener.close()
            os.unlink("/var/run/docker.sock")
        for folder in made:
            os.rmdir(folder)


class Agent:
    """One incarnation of the agent's pod."""

    def __init__(self, pod):
        self.uid = pod["metadata"]["uid"]
        self.name = pod["metadata"]["name"]
        status = pod["status"]["containerStatuses"][0]
        self.container_id = status["containerID"].partition("://")[2]
        self.pid = until(20, "the agent's process", self.find)
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
            ticks = int(file.read().rpartition(")")[2].split()[19])
        with open("/proc/uptime", encoding="utf-8") as file:
            uptime = float(file.read().split()[0])
        self.started = time.time() - uptime + ticks / os.sysconf("SC_CLK_TCK")

    def find(self):
        for path in glob.glob("/proc/[0-9]*/cgroup"):
            with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
                if self.container_id in file.read():
                    return int(path.split("/")[2])
        return None

    def log(self):
        """(wall time, stream, line) of all that it wrote; the runtime cuts long lines into parts."""
        folder = f"/var/log/pods/{NAMESPACE}_{self.name}_{self.uid}/{CONTAINER}"
        parts = {}
        # Rotated files end in a date; the one in use has no ending.
        files = sorted(glob.glob(f"{folder}/0.log.*")) + [f"{folder}/0.log"]
        for path in files:
            with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8") as file:
                for row in file:
                    when, stream, mark, text = row.rstrip("\n").split(" ", 3)
                    parts.setdefault(stream, []).append(text)
                    if mark == "F":
                        yield when, stream, "".join(parts.pop(stream))


def agent_pod():
    """The agent's pod that runs now; None while it does not."""
    pods = objects("pods", "-n", NAMESPACE, "-l", f"name={DAEMON_SET}")["items"]
    live = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    if len(live) == len(pods) == 1 and live[0]["status"]["phase"] == "Running":
        return Agent(live[0])
    return None


def start_agent(text):
    """Applies a manifest and waits until its pod is the one that runs."""
    old = objects("pods", "-n", NAMESPACE, "-l", f"name={DAEMON_SET}")["items"]
    kubectl("apply", "-f", "-", text=text)
    known = {pod["metadata"]["uid"] for pod in old}

    def new():
        agent = agent_pod()
        return agent if agent and agent.uid not in known else None

    return until(120, "the agent's pod runs", new)
