"""Tasks as a task definition asks for them, and their cgroups as the ECS agent and Docker make them.

The agent's part is the task's own group: quota and limit where the definition has them for the task, else the sum of its
containers' shares. Docker's part, below it, are the containers with their own: Docker itself, a hand that does as Docker
does, or systemd with units named as Docker's systemd driver names them.
"""
import dataclasses
import json
import os
import secrets
import subprocess

MIB = 2**20
PERIOD_US = 100_000
FEWEST_SHARES = 2


@dataclasses.dataclass
class Container:
    """What a container definition asks for; bytes, shares of which a CPU has 1024."""
    command: list
    shares: int = FEWEST_SHARES
    hard: int = None
    soft: int = None
    cpus: float = None
    # What it does later, beside that.
    later: list = None
    id: str = None


@dataclasses.dataclass
class Task:
    """What a task definition asks for; `cpus` and `memory` are the task's own."""
    name: str
    containers: list
    cpus: float = None
    memory: int = None
    status: str = "RUNNING"
    id: str = dataclasses.field(default_factory=lambda: secrets.token_hex(16))

    def shares(self):
        return sum(max(container.shares, FEWEST_SHARES) for container in self.containers)

    def arn(self, cluster):
        return f"arn:aws:ecs:us-west-2:111122223333:task/{cluster}/{self.id}"

    def ids(self):
        return [container.id for container in self.containers]


def _write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(text))


class Folders:
    """Groups of cgroup v1 made by hand as Docker's cgroupfs driver makes them: `/ecs/<task>/<container>`."""

    def __init__(self, load, data, device):
        self.load, self.data, self.device, self.processes = load, data, device, {}

    def make(self, task):
        cpu, memory = (self.new(controller, f"ecs/{task.id}") for controller in ("cpu", "memory"))
        if task.cpus:
            _write(cpu + "cpu.cfs_period_us", PERIOD_US)
            _write(cpu + "cpu.cfs_quota_us", int(task.cpus * PERIOD_US))
        else:
            _write(cpu + "cpu.shares", task.shares())
        if task.memory:
            _write(memory + "memory.limit_in_bytes", task.memory)
        for container in task.containers:
            self.contain(task, container)

    @staticmethod
    def new(controller, name):
        folder = f"/sys/fs/cgroup/{controller}/{name}/"
        os.makedirs(folder)
        return folder

    def contain(self, task, container):
        container.id = secrets.token_hex(32)
        if task.status != "RUNNING":
            return
        cpu, memory, blkio = (self.new(controller, f"ecs/{task.id}/{container.id}") for controller in ("cpu", "memory", "blkio"))
        _write(cpu + "cpu.shares", container.shares)
        if container.cpus:
            _write(cpu + "cpu.cfs_period_us", PERIOD_US)
            _write(cpu + "cpu.cfs_quota_us", int(container.cpus * PERIOD_US))
        if container.hard:
            _write(memory + "memory.limit_in_bytes", container.hard)
        if container.soft:
            _write(memory + "memory.soft_limit_in_bytes", container.soft)
        if container.later:
            _write(blkio + "blkio.throttle.write_bps_device", f"{self.device} {2**40}")
        self.processes[container.id] = self.run(task, container, container.command)

    def run(self, task, container, command):
        def join():
            for controller in ("cpu", "memory", "blkio"):
                _write(f"/sys/fs/cgroup/{controller}/ecs/{task.id}/{container.id}/cgroup.procs", os.getpid())
        command = [word.replace("/data", self.data) for word in command]
        return subprocess.Popen([self.load, *command], preexec_fn=join, stdout=subprocess.DEVNULL)

    def do(self, task, container):
        self.run(task, container, container.later).wait()

    def stop(self, task):
        for identity in task.ids():
            self.processes[identity].kill()
            self.processes.pop(identity).wait()
        for controller in ("cpu", "memory", "blkio"):
            for name in [*task.ids(), ""]:
                os.rmdir(f"/sys/fs/cgroup/{controller}/ecs/{task.id}/{name}")

    def told(self, _tasks):
        """There is nobody who would say anything."""
        return {}

    def down(self):
        for process in self.processes.values():
            process.kill()


class Docker(Folders):
    """Containers by a real Docker (DOCKER, DOCKER_HOST) with the cgroupfs driver, on cgroup v1; the device by its name."""

    def call(self, *words):
        return subprocess.check_output([os.environ["DOCKER"], *words], text=True).strip()

    def contain(self, task, container):
        options = ["--cgroup-parent", f"/ecs/{task.id}", "--cpu-shares", str(container.shares), "-v", self.data + ":/data"]
        options += ["--memory", str(container.hard)] if container.hard else []
        options += ["--memory-reservation", str(container.soft)] if container.soft else []
        options += ["--cpus", str(container.cpus)] if container.cpus else []
        # Without a rule of some group version 1 counts no bytes of the disk, not even the root's.
        options += ["--device-write-bps", self.device + ":1tb"] if container.later else []
        container.id = self.call("create", *options, "bed-load", "/load", *container.command)
        if task.status == "RUNNING":
            self.call("start", container.id)

    def do(self, _task, container):
        self.call("exec", container.id, "/load", *container.later)

    def stop(self, task):
        self.call("rm", "-f", *task.ids())

    def told(self, tasks):
        """What Docker itself says: of each container's settings, and of its use of CPU and memory."""
        ids = [container.id for task in tasks for container in task.containers]
        settings = {one["Id"]: one["HostConfig"] for one in json.loads(self.call("inspect", *ids))}
        busy = [container.id for container in tasks[0].containers]
        stats = self.call("stats", "--no-stream", "--no-trunc", "--format", "{{json .}}", *busy)
        return {"settings": settings, "stats": [json.loads(line) for line in stats.splitlines()]}


class Systemd:
    """Slices and scopes as Docker's systemd driver names them, made by a real systemd, on cgroup v2."""

    def __init__(self, load, data):
        self.load, self.data, self.processes = load, data, {}

    def make(self, task):
        unit = f"ecstasks-{task.id}.slice"
        subprocess.check_call(["systemctl", "start", unit])
        amounts = [f"CPUQuota={task.cpus * 100:g}%"] if task.cpus else [f"CPUWeight={weight(task.shares())}"]
        amounts += [f"MemoryMax={task.memory}"] if task.memory else []
        subprocess.check_call(["systemctl", "set-property", "--runtime", unit, *amounts])
        for container in task.containers:
            container.id = secrets.token_hex(32)
            if task.status == "RUNNING":
                self.start(task, container, container.command)

    def do(self, task, container):
        # A unit of its own in the task's slice: a scope takes no process that it isn't made of.
        other = dataclasses.replace(container, id=secrets.token_hex(32))
        self.start(task, other, container.later).wait()

    def start(self, task, container, command):
        amounts = [f"CPUWeight={weight(container.shares)}"]
        amounts += [f"MemoryMax={container.hard}"] if container.hard else []
        amounts += [f"MemoryLow={container.soft}"] if container.soft else []
        amounts += [f"CPUQuota={container.cpus * 100:g}%"] if container.cpus else []
        options = [word for amount in amounts for word in ("-p", amount)]
        command = [word.replace("/data", self.data) for word in command]
        self.processes[container.id] = subprocess.Popen(
            ["systemd-run", "--quiet", "--scope", f"--unit=docker-{container.id}.scope", f"--slice=ecstasks-{task.id}.slice",
             *options, self.load, *command], stdout=subprocess.DEVNULL)
        return self.processes[container.id]

    def stop(self, task):
        for identity in task.ids():
            if identity in self.processes:
                self.processes[identity].kill()
                self.processes.pop(identity).wait()
        subprocess.check_call(["systemctl", "stop", f"ecstasks-{task.id}.slice"])

    def told(self, tasks):
        """What systemd itself says of each unit."""
        units = [f"ecstasks-{task.id}.slice" for task in tasks]
        units += [f"docker-{identity}.scope" for task in tasks for identity in task.ids() if identity in self.processes]
        shown = subprocess.check_output(
            ["systemctl", "show", "-p", "Id,ControlGroup,CPUWeight,CPUQuotaPerSecUSec,MemoryMax,MemoryLow", *units], text=True)
        return {"units": [dict(line.split("=", 1) for line in unit.splitlines()) for unit in shown.strip().split("\n\n")]}

    def down(self):
        for process in self.processes.values():
            process.kill()


def weight(shares):
    """`cpu.weight` as runtimes make it of shares."""
    return 1 + (shares - 2) * 9999 // 262142
