"""A container runtime through its CRI socket: pods and containers made the way a kubelet makes them.

Needs grpcio and protobuf, and the descriptors of cri.proto that setup.sh leaves in $BED_CACHE/cri.desc.
"""
import contextlib
import glob
import json
import os
import time
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

BUSYBOX_IMAGE = os.environ.get("BUSYBOX_IMAGE", "docker.io/library/bed-busybox:1")
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
NETWORK_NODE, PID_CONTAINER = 2, 1
# How much longer everything may take: in a guest that is emulated (lib.sh).
SLOW = int(os.environ.get("BED_SLOW", "1"))

# method of runtime.v1.RuntimeService: (request, response)
METHODS = {
    "Version": ("Empty", "VersionResponse"),
    "RunPodSandbox": ("RunPodSandboxRequest", "PodSandboxId"),
    "StopPodSandbox": ("PodSandboxId", "Empty"),
    "RemovePodSandbox": ("PodSandboxId", "Empty"),
    "PodSandboxStatus": ("PodSandboxStatusRequest", "PodSandboxStatusResponse"),
    "CreateContainer": ("CreateContainerRequest", "ContainerId"),
    "StartContainer": ("ContainerId", "Empty"),
    "StopContainer": ("StopContainerRequest", "Empty"),
    "RemoveContainer": ("ContainerId", "Empty"),
    "ContainerStatus": ("ContainerId", "ContainerStatusResponse"),
    "ListContainers": ("Empty", "ListContainersResponse"),
    "ListContainerStats": ("Empty", "ListContainerStatsResponse"),
    "ListPodSandbox": ("Empty", "ListPodSandboxResponse"),
    "ExecSync": ("ExecSyncRequest", "ExecSyncResponse"),
}


def default_descriptors():
    cache = os.environ.get("BED_CACHE")
    if not cache:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        cache = os.path.join(base, "container-insights", "beds")
    return os.environ.get("CRI_DESCRIPTORS") or os.path.join(cache, "cri.desc")


def memory_bytes(quantity):
    """`64Mi` or a bare number, in bytes; an empty quantity is 0, which means no limit."""
    unit = quantity[-2:]
    return int(quantity[:-2]) * UNITS[unit] if unit in UNITS else int(quantity or 0)


def cpu_millicores(quantity):
    """`200m` or `2`; an empty quantity is 0, which means no limit."""
    return int(quantity[:-1]) if quantity.endswith("m") else int(quantity or 0) * 1000


def pod_cgroup(uid, qos, driver, root=""):
    """The pod's cgroup as the kubelet names it: the parent that it hands to the runtime."""
    middle = "" if qos == "guaranteed" else qos
    if driver == "cgroupfs":
        return "/".join(filter(None, [root, "/kubepods", middle, "pod" + uid]))
    prefix = "kubepods-" + (middle + "-" if middle else "")
    slices = ["/kubepods.slice"] + ([f"kubepods-{middle}.slice"] if middle else [])
    return "/".join(slices + [prefix + "pod" + uid.replace("-", "_") + ".slice"])


class Runtime:
    def __init__(self, socket, driver="cgroupfs"):
        self.driver = driver
        self.socket = socket
        pool = descriptor_pool.DescriptorPool()
        with open(default_descriptors(), "rb") as file:
            for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
                pool.Add(proto)
        self._pool = pool
        self._channel = grpc.insecure_channel("unix://" + socket)

    def message(self, message_type, /, **fields):
        found = self._pool.FindMessageTypeByName("runtime.v1." + message_type)
        return message_factory.GetMessageClass(found)(**fields)

    def call(self, method, /, **fields):
        request_name, response_name = METHODS[method]
        response = self.message(response_name)
        send = self._channel.unary_unary(
            "/runtime.v1.RuntimeService/" + method,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=type(response).FromString)
        return send(self.message(request_name, **fields), timeout=120 * SLOW)

    def run_pod(self, name, namespace="default", qos="burstable", uid=None, host_network=False, containers=(), labels=None):
        """Makes a sandbox and starts its containers; gives the pod as a dict that `add_container` and `kubelet.py` take.

        Each container is a dict: name, command (list), and maybe cpu, memory (limits), image.
        """
        uid = uid or str(uuid.uuid4())
        parent = pod_cgroup(uid, qos, self.driver)
        log_directory = f"/var/log/pods/{namespace}_{name}_{uid}"
        os.makedirs(log_directory, exist_ok=True)
        spec = {"labels": labels or {"app": name}, "qos": qos, "host_network": host_network, "containers": {}}
        pod = {"name": name, "namespace": namespace, "uid": uid, "cgroup": parent, "log_directory": log_directory,
               "spec": spec, "containers": {}}
        for container in containers:
            spec["containers"][container["name"]] = {key: container.get(key, "") for key in ("cpu", "memory")}
        config = self._pod_config(pod)
        pod["sandbox"] = self.call("RunPodSandbox", config=config).pod_sandbox_id
        for container in containers:
            self.add_container(pod, container)
        return pod

    def _namespaces(self, host_network):
        return self.message("NamespaceOption", network=NETWORK_NODE if host_network else 0, pid=PID_CONTAINER)

    def _pod_config(self, pod):
        host_network = pod["spec"]["host_network"]
        security = self.message("SandboxSecurityContext", namespace_options=self._namespaces(host_network))
        return self.message(
            "PodSandboxConfig",
            metadata=self.message("PodSandboxMetadata", name=pod["name"], uid=pod["uid"], namespace=pod["namespace"]),
            hostname="" if host_network else pod["name"],
            log_directory=pod["log_directory"],
            labels={"io.kubernetes.pod.name": pod["name"], "io.kubernetes.pod.namespace": pod["namespace"],
                    "io.kubernetes.pod.uid": pod["uid"]},
            annotations={"bed/spec": json.dumps(pod["spec"])},
            linux=self.message("LinuxPodSandboxConfig", cgroup_parent=pod["cgroup"], security_context=security))

    def add_container(self, pod, container, attempt=0):
        """Makes and starts one container; `attempt` counts up where it takes the place of an ended one."""
        name = container["name"]
        milli = cpu_millicores(container.get("cpu", ""))
        resources = self.message(
            "LinuxContainerResources", cpu_period=100000, cpu_quota=milli * 100,
            cpu_shares=max(2, milli * 1024 // 1000), memory_limit_in_bytes=memory_bytes(container.get("memory", "")))
        security = self.message(
            "ContainerSecurityContext", namespace_options=self._namespaces(pod["spec"]["host_network"]))
        os.makedirs(os.path.join(pod["log_directory"], name), exist_ok=True)
        config = self.message(
            "ContainerConfig",
            metadata=self.message("ContainerMetadata", name=name, attempt=attempt),
            image=self.message("ImageSpec", image=container.get("image", BUSYBOX_IMAGE)),
            command=container.get("command", ["sleep", "1000000"]),
            labels={"io.kubernetes.pod.name": pod["name"], "io.kubernetes.pod.namespace": pod["namespace"],
                    "io.kubernetes.pod.uid": pod["uid"], "io.kubernetes.container.name": name},
            annotations={"io.kubernetes.container.restartCount": str(attempt)},
            log_path=f"{name}/{attempt}.log",
            linux=self.message("LinuxContainerConfig", resources=resources, security_context=security))
        created = self.call(
            "CreateContainer", pod_sandbox_id=pod["sandbox"], config=config, sandbox_config=self._pod_config(pod))
        self.call("StartContainer", container_id=created.container_id)
        pod["containers"][name] = created.container_id
        return created.container_id

    def execute(self, container_id, *command, seconds=120 * SLOW):
        """Runs a command inside a container and gives what it printed; an exit code other than 0 is an error."""
        result = self.call("ExecSync", container_id=container_id, cmd=command, timeout=seconds)
        if result.exit_code != 0:
            raise RuntimeError(f"{command}: exit code {result.exit_code}, {result.stderr.decode()}")
        return result.stdout.decode()

    def wait_for_exit(self, container_id, seconds=120 * SLOW):
        """The status of a container that has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = self.call("ContainerStatus", container_id=container_id).status
            if status.state == 2:
                return status
            time.sleep(0.1)
        raise RuntimeError(f"container {container_id} still runs after {seconds} s")

    def address(self, pod):
        """The pod's IP address."""
        return self.call("PodSandboxStatus", pod_sandbox_id=pod["sandbox"]).status.network.ip

    def end_pod(self, pod):
        """Ends a pod: no process and no cgroup of it is left, and `pods` of kubelet.py names it no more."""
        self.call("StopPodSandbox", pod_sandbox_id=pod["sandbox"])
        for folder in glob.glob("/sys/fs/cgroup" + pod["cgroup"]) + glob.glob("/sys/fs/cgroup/*" + pod["cgroup"]):
            # The pod's own cgroup is the kubelet's, not the runtime's. One hierarchy may have two names.
            with contextlib.suppress(FileNotFoundError):
                os.rmdir(folder)

    def clean(self):
        """Removes every pod of this runtime; gives their names."""
        names = []
        for sandbox in self.call("ListPodSandbox").items:
            self.call("StopPodSandbox", pod_sandbox_id=sandbox.id)
            self.call("RemovePodSandbox", pod_sandbox_id=sandbox.id)
            names.append(sandbox.metadata.name)
        return names
