"""The job of scale.sh: fills the API server, then measures an agent that follows everything.

  scale.py NODES PODS      env: AGENT, OUT, CLUSTER (with pki), BIN, NODE_IP
"""
import base64
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import time

NODES, PODS = int(sys.argv[1]), int(sys.argv[2])
NAMESPACES, FAILED, TOGETHER, GONE = 200, 7, 100, 40
MOST_KB, MOST_SECONDS = 100 * 1024, 60
OWN = "container-insights"
CLUSTER, OUT, NODE_IP = (os.environ[name] for name in ("CLUSTER", "OUT", "NODE_IP"))
RECEIVER = "receivers.awscontainerinsightreceiver."
# As long as real objects are.
PADDING = {"bed.local/padding": "y" * 1800}


class Api:
    """The API server as the cluster's administrator, over one connection."""

    def __init__(self):
        context = ssl.create_default_context(cafile=f"{CLUSTER}/pki/ca.crt")
        context.load_cert_chain(f"{CLUSTER}/pki/admin.crt", f"{CLUSTER}/pki/admin.key")
        self.connection = http.client.HTTPSConnection(NODE_IP, 443, context=context)

    def call(self, method, path, value=None, kind="application/json"):
        self.connection.request(method, path, json.dumps(value) if value is not None else None, {"Content-Type": kind})
        response = self.connection.getresponse()
        body = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {body[:300]}")
        return json.loads(body)


def names(number):
    """Namespace, name and node of a pod; each as long as every other's."""
    return f"ns-{number % NAMESPACES:03}", f"app-{number % 5000:04}-{number:06}", f"node-{number % NODES:05}"


def node(number):
    conditions = [{"type": "MemoryPressure", "status": "True" if number < FAILED else "False"}, {"type": "Ready", "status": "True"}]
    # What a node of EC2 has, so that nobody goes on asking for it.
    labels = {"node.kubernetes.io/instance-type": "m5.large", "topology.kubernetes.io/region": "us-west-2", "topology.kubernetes.io/zone": "us-west-2a"}
    return {"metadata": {"name": f"node-{number:05}", "labels": labels, "annotations": PADDING},
            "spec": {"providerID": "aws:///us-west-2a/i-0123456789abcdef0"}, "status": {"conditions": conditions}}


def pattern():
    """A pod that runs; its status is written by a request of its own."""
    space, name, of_node = names(0)
    container = {"name": "main", "image": "registry.example/app:1", "env": [{"name": "A", "value": "b" * 300}]}
    made = {"metadata": {"name": name, "namespace": space, "labels": {"app": "a0"}, "annotations": PADDING},
            "spec": {"nodeName": of_node, "containers": [container], "automountServiceAccountToken": False}}
    running = {"name": "main", "ready": True, "restartCount": 0, "image": "x" * 120, "imageID": "", "state": {"running": {}}}
    status = {"status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [running]}}
    return space, name, made, status


class Etcd:
    """What the API server keeps, as bytes by key."""

    def __init__(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", 2379)

    def call(self, path, value):
        self.connection.request("POST", path, json.dumps(value), {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"etcd: {response.status} {body[:300]}")
        return json.loads(body)

    def get(self, key):
        return base64.b64decode(self.call("/v3/kv/range", {"key": coded(key)})["kvs"][0]["value"])

    def put(self, pairs):
        puts = [{"requestPut": {"key": coded(key), "value": base64.b64encode(value).decode()}} for key, value in pairs]
        self.call("/v3/kv/txn", {"success": puts})


def coded(text):
    return base64.b64encode(text.encode()).decode()


def fill():
    """Nodes and one pod by the API; the other pods are that one's stored bytes under names of the same length, as the API would
    take half an hour for so many."""
    api, etcd = Api(), Etcd()
    for number in range(NAMESPACES):
        api.call("POST", "/api/v1/namespaces", {"metadata": {"name": f"ns-{number:03}"}})
    for number in range(NODES):
        api.call("POST", "/api/v1/nodes", node(number))
    space, name, made, status = pattern()
    # A pod needs its namespace's account, which a controller makes elsewhere.
    api.call("POST", f"/api/v1/namespaces/{space}/serviceaccounts", {"metadata": {"name": "default"}})
    uid = api.call("POST", f"/api/v1/namespaces/{space}/pods", made)["metadata"]["uid"]
    api.call("PATCH", f"/api/v1/namespaces/{space}/pods/{name}/status", status, "application/merge-patch+json")
    stored, old = etcd.get(f"/registry/pods/{space}/{name}"), (space, name, made["spec"]["nodeName"], uid)

    def copy(number):
        new = (*names(number), f"{number:08x}-0000-4000-8000-{number:012x}")
        value = stored
        for before, after in zip(old, new):
            value = value.replace(before.encode(), after.encode())
        return f"/registry/pods/{new[0]}/{new[1]}", value

    for first in range(1, PODS, TOGETHER):
        etcd.put([copy(number) for number in range(first, min(first + TOGETHER, PODS))])


def account():
    """A token of the agent's account, and where the server is, as every pod has them."""
    token = Api().call("POST", f"/api/v1/namespaces/{OWN}/serviceaccounts/{OWN}/token", {"spec": {"expirationSeconds": 7200}})
    kubeconfig = {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": f"https://{NODE_IP}", "certificate-authority": f"{CLUSTER}/pki/ca.crt"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": token["status"]["token"]}}]}
    with open(f"{OUT}/kubeconfig", "w", encoding="utf-8") as file:
        json.dump(kubeconfig, file)


def agent():
    options = {"exporters.awsemf.output_destination": "stdout", "extensions.health_check.endpoint": "localhost:0",
               RECEIVER + "cluster_name": "large", RECEIVER + "local_mode": "true", RECEIVER + "collection_interval": "2s",
               RECEIVER + "kubelet.endpoint": "http://127.0.0.1:9", RECEIVER + "kubelet.auth_type": "none",
               RECEIVER + "kube_config_path": f"{OUT}/kubeconfig"}
    words = [os.environ["AGENT"], "--config", os.path.join(os.environ["BEDS"], "../examples/eks.yaml")]
    for key, value in options.items():
        words += ["--set", f"{key}={value}"]
    with open(f"{OUT}/events", "wb") as out, open(f"{OUT}/log", "wb") as log:
        return subprocess.Popen(words, env={"PATH": os.environ["PATH"], "HOST_NAME": "node-00000", "K8S_NAMESPACE": OWN}, stdout=out, stderr=log)


class Bytes:
    """What came over the agent's connections to the API server, also over those that have ended."""

    def __init__(self, process):
        self.process, self.seen = process, {}

    def look(self):
        shown = subprocess.run(["ss", "-Htinp", "dst", NODE_IP, "dport", "443"], capture_output=True, text=True, check=True).stdout
        for head, info in re.findall(r"^(\S.*)\n\s+(.*)$", shown, re.M):
            found = re.search(r"bytes_received:(\d+)", info)
            if found and f"pid={self.process.pid}," in head:
                self.seen[head.split()[3]] = int(found[1])
        return sum(self.seen.values())


def of_type(kind):
    with open(f"{OUT}/events", encoding="utf-8") as events:
        return [json.loads(line) for line in events if line.endswith("\n") and f'"Type":"{kind}"' in line]


def highest_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def until_counted(process, read, pods, seconds):
    """Until the agent speaks of so many pods; the moment."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.2)
        read.look()
        clusters = of_type("Cluster")
        if clusters and clusters[-1].get("cluster_number_of_running_pods") == pods:
            return time.monotonic()
    sys.exit(f"no record with {pods} pods after {seconds} s; the agent's state is {process.poll()}, its log {OUT}/log")


def leads():
    with open(f"{OUT}/log", encoding="utf-8") as log:
        return "this agent leads: it reports the cluster" in log.read()


def restart_api_server():
    """A server anew: what it remembers begins at this moment, so that an older version of a list is gone for it."""
    script = '. "$BEDS/kubernetes/cluster.sh"; stop kube-apiserver; start_api_server; until_ok 120 kubectl_admin get --raw /readyz'
    subprocess.run(["bash", "-euc", script], env={**os.environ, "NODE": "none"}, check=True)


def main():
    began = time.monotonic()
    fill()
    print(f"{NODES} nodes and {PODS} pods after {time.monotonic() - began:.0f} s", flush=True)
    account()
    process = agent()
    read = Bytes(process)
    while not leads():
        time.sleep(0.1)
        if process.poll() is not None:
            sys.exit(f"the agent ended: {OUT}/log")
    leading = time.monotonic()
    first = until_counted(process, read, PODS, 200) - leading
    once, at_first = read.look(), highest_kb(process)
    # What changes while it hears nothing, and a server that no longer knows of before: 410.
    process.send_signal(19)
    api = Api()
    for number in range(GONE):
        space, name, _ = names(number)
        api.call("DELETE", f"/api/v1/namespaces/{space}/pods/{name}?gracePeriodSeconds=0")
    restart_api_server()
    process.send_signal(18)
    again = time.monotonic()
    second = until_counted(process, read, PODS - GONE, 300) - again
    time.sleep(5)
    highest, twice = highest_kb(process), read.look()
    namespaces = {event["Namespace"] for event in of_type("ClusterNamespace")}
    failed = of_type("Cluster")[-1]["cluster_failed_node_count"]
    nodes = of_type("Cluster")[-1]["cluster_node_count"]
    process.terminate()
    code = process.wait(30)
    print(f"VmHWM {at_first / 1024:.1f} MiB after the first list, {highest / 1024:.1f} MiB in the end; first figures {first:.1f} s after the"
          f" term began, {second:.1f} s after the server was anew; {once / 1e6:.0f} and {(twice - once) / 1e6:.0f} MB came from the server")
    faults = [
        (code == 0, f"SIGTERM ends it with code 0: {code}"),
        ((nodes, failed) == (NODES, FAILED), f"nodes and failed nodes are those of the server: {nodes}, {failed}"),
        (len(namespaces) == NAMESPACES, f"every namespace has a record: {len(namespaces)}"),
        (highest <= MOST_KB, f"at most {MOST_KB} kB: {highest}"),
        (first <= MOST_SECONDS, f"the first list takes at most {MOST_SECONDS} s: {first:.1f}"),
    ]
    wrong = [words for holds, words in faults if not holds]
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
