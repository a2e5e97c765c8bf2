"""Runs the agent against a stand-in for the API server of a large cluster, and measures it; see leader_scale.sh.

  leader_scale.py FOLDER      with agent, ca.pem, certificate.pem and key.pem in it
"""

import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from urllib.parse import parse_qs, urlparse

PODS, NODES, NAMESPACES, PAGE = 100_000, 5_000, 200, 500
MOST_KB, MOST_SECONDS = 100 * 1024, 60
LOCK = "otel-container-insight-clusterleader"
RECEIVER = "receivers.awscontainerinsightreceiver."
# What makes an object as long as real ones, and is of no use to anybody here.
MANAGED = {"managedFields": [{"manager": "kubelet", "fieldsV1": {"f:x": "y" * 1800}}]}


def pod(number):
    metadata = {"name": f"app-{number % 5000}-{number:x}", "namespace": f"ns-{number % NAMESPACES}",
                "uid": f"{number:08x}-0000-4000-8000-{number:012x}", "resourceVersion": str(number),
                "labels": {"app": f"a{number % 5000}", "pod-template-hash": "6d4b75cb6d"}, **MANAGED}
    container = {"name": "main", "image": "registry.example/app:1", "env": [{"name": "A", "value": "b" * 300}]}
    status = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}],
              "containerStatuses": [{"name": "main", "ready": True, "restartCount": 0, "image": "x" * 120}]}
    return {"metadata": metadata, "spec": {"nodeName": f"node-{number % NODES}", "containers": [container]}, "status": status}


def node(number):
    conditions = [{"type": "MemoryPressure", "status": "True" if number < 7 else "False"}]
    return {"metadata": {"name": f"node-{number}", "uid": f"n-{number}", **MANAGED}, "status": {"conditions": conditions}}


def lock():
    """The lock as the agent left it: whoever was started anew goes on with its own record."""
    long_ago = "2026-01-01T00:00:00Z"
    record = {"holderIdentity": "node-0", "leaseDurationSeconds": 60, "acquireTime": long_ago, "renewTime": long_ago,
              "leaderTransitions": 1}
    annotations = {"control-plane.alpha.kubernetes.io/leader": json.dumps(record)}
    return {"kind": "ConfigMap", "apiVersion": "v1",
            "metadata": {"name": LOCK, "namespace": "agents", "resourceVersion": "1", "annotations": annotations}}


class Server:
    """What the handlers share."""

    def __init__(self):
        self.pages = [json.dumps([pod(number) for number in range(first, first + PAGE)])[1:-1] for first in range(0, PODS, PAGE)]
        self.nodes = json.dumps([node(number) for number in range(NODES)])
        self.lock = lock()
        self.begun, self.listed, self.sent = [], [], 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state = None

    def log_message(self, *_):
        pass

    def say(self, code, body):
        body = body.encode()
        self.state.sent += len(body)
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code):
        self.say(code, json.dumps({"kind": "Status", "code": code, "message": "refused"}))

    def read(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def do_POST(self):
        body = self.read()
        self.say(201, body) if self.path.endswith("/events") else self.refuse(403)

    def do_PUT(self):
        written = json.loads(self.read())
        if written["metadata"]["resourceVersion"] != self.state.lock["metadata"]["resourceVersion"]:
            return self.refuse(409)
        written["metadata"]["resourceVersion"] = str(int(written["metadata"]["resourceVersion"]) + 1)
        self.state.lock = written
        self.say(200, json.dumps(written))

    def do_GET(self):
        url = urlparse(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path.endswith("/configmaps/" + LOCK):
            return self.say(200, json.dumps(self.state.lock))
        # Of the node itself nothing is said, and nothing but pods and nodes may be read.
        if url.path not in ("/api/v1/pods", "/api/v1/nodes") or "fieldSelector" in query:
            return self.refuse(403)
        if "sendInitialEvents" in query:
            return self.refuse(400)
        if "watch" in query:
            return self.watch(url.path)
        if url.path == "/api/v1/nodes":
            return self.say(200, '{"kind":"NodeList","metadata":{"resourceVersion":"9"},"items":' + self.state.nodes + "}")
        first = int(query.get("continue", 0))
        if first == 0:
            self.state.begun.append(time.monotonic())
        rest = f',"continue":"{first + PAGE}"' if first + PAGE < PODS else ""
        head = '{"kind":"PodList","metadata":{"resourceVersion":"9"' + rest + '},"items":['
        self.say(200, head + self.state.pages[first // PAGE] + "]}")
        if not rest:
            self.state.listed.append(time.monotonic())

    def watch(self, path):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if path == "/api/v1/pods" and len(self.state.listed) < 2:
            time.sleep(3)
            line = json.dumps({"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}) + "\n"
            self.wfile.write(f"{len(line):x}\r\n{line}\r\n0\r\n\r\n".encode())
        else:
            time.sleep(600)


def start(folder):
    Handler.state = Server()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/certificate.pem", folder + "/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kubeconfig = {
        "apiVersion": "v1", "kind": "Config", "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{server.server_port}",
                                               "certificate-authority": folder + "/ca.pem"}}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "t"}}]}
    with open(folder + "/kubeconfig", "w", encoding="utf-8") as file:
        json.dump(kubeconfig, file)
    return Handler.state


def agent(folder):
    options = {"exporters.awsemf.output_destination": "stdout", "extensions.health_check.endpoint": "localhost:0",
               RECEIVER + "cluster_name": "large", RECEIVER + "local_mode": "true", RECEIVER + "collection_interval": "2s",
               RECEIVER + "kubelet.endpoint": "http://127.0.0.1:9", RECEIVER + "kubelet.auth_type": "none",
               RECEIVER + "kube_config_path": folder + "/kubeconfig"}
    words = [folder + "/agent", "--config", "env:SAMPLE"]
    for key, value in options.items():
        words += ["--set", f"{key}={value}"]
    environment = {**os.environ, "HOST_NAME": "node-0", "K8S_NAMESPACE": "agents"}
    with open(folder + "/events", "wb") as out, open(folder + "/events.stderr", "wb") as log:
        return subprocess.Popen(words, env=environment, stdout=out, stderr=log)


def highest_kb(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def of_type(folder, kind):
    with open(folder + "/events", encoding="utf-8") as events:
        whole = [line for line in events if line.endswith("\n")]
    return [event for event in map(json.loads, whole) if event.get("Type") == kind]


def main():
    folder = sys.argv[1]
    state = start(folder)
    process = agent(folder)
    end = time.monotonic() + 150
    while len(state.listed) < 2:
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"{len(state.listed)} lists, and the agent's state is {process.poll()}")
        time.sleep(0.2)
    # Two more rounds, by what the second list says.
    time.sleep(5)
    highest = highest_kb(process)
    process.terminate()
    code = process.wait(30)
    seconds = [after - before for before, after in zip(state.begun, state.listed)]
    clusters, namespaces = of_type(folder, "Cluster"), of_type(folder, "ClusterNamespace")
    print(f"VmHWM {highest / 1024:.1f} MiB; lists of {PODS} pods in {seconds[0]:.1f} and {seconds[1]:.1f} s;"
          f" {state.sent / 1e6:.0f} MB came from the server")
    last = clusters[-1] if clusters else {}
    figures = [last.get(name) for name in ("cluster_node_count", "cluster_failed_node_count", "cluster_number_of_running_pods")]
    faults = [
        (code == 0, f"SIGTERM ends it with code 0: {code}"),
        (figures == [NODES, 7, PODS], f"the last round's figures are those of the server: {figures}"),
        (len({event["Namespace"] for event in namespaces}) == NAMESPACES, "every namespace has a record"),
        (all(event["namespace_number_of_running_pods"] == PODS // NAMESPACES for event in namespaces),
         "no round shows a part of a list"),
        (highest <= MOST_KB, f"at most {MOST_KB} kB: {highest}"),
        (seconds[0] <= MOST_SECONDS, f"the first list takes at most {MOST_SECONDS} s"),
    ]
    wrong = [words for holds, words in faults if not holds]
    sys.exit("\n".join(wrong) if wrong else 0)


main()
