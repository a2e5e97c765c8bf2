"""Agents as processes of the machine that stand for election together: their rights, accounts and nodes, and what they wrote."""
import json
import os
import re
import signal
import subprocess
import threading
import time

from node import kubectl, until

DEPLOY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../deploy/kubernetes")
ACCOUNT_PLACE = "/run/secrets/kubernetes.io/serviceaccount"
INTERVAL = 5
LOCK = "otel-container-insight-clusterleader"
BECAME, STOPPED = "this agent leads: it reports the cluster", "this agent no longer leads"
# An account as every pod has one, for this process alone.
START = f'mount --bind "$1" {ACCOUNT_PLACE} && shift && exec setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set -all --no-new-privs "$@"'
CONFIG = {
    "receivers": {"awscontainerinsightreceiver": {"collection_interval": f"{INTERVAL}s", "cluster_name": "bed"}},
    "exporters": {"awsemf": {
        "namespace": "ContainerInsights", "log_group_name": "/aws/containerinsights/{ClusterName}/performance",
        "log_stream_name": "{NodeName}", "resource_to_telemetry_conversion": {"enabled": True},
        "dimension_rollup_option": "NoDimensionRollup", "output_destination": "stdout",
        "parse_json_encoded_attr_values": ["Sources", "kubernetes"]}},
    "service": {
        "telemetry": {"metrics": {"level": "none"}},
        "pipelines": {"metrics": {"receivers": ["awscontainerinsightreceiver"], "exporters": ["awsemf"]}}},
}
# What a node of EC2 has, so that nobody goes on asking for it.
INSTANCE = {"providerID": "aws:///us-west-2a/i-0123456789abcdef0"}
LABELS = {"node.kubernetes.io/instance-type": "m5.large", "topology.kubernetes.io/region": "us-west-2", "topology.kubernetes.io/zone": "us-west-2a"}
# Nobody answers there: the API server is what matters.
NO_KUBELET = {"endpoint": "http://127.0.0.1:9", "auth_type": "none"}


def role_objects(role):
    """The ClusterRole and Role of a manifest in deploy/."""
    text = kubectl("create", "--dry-run=client", "-o", "json", "-f", f"{DEPLOY}/{role}.yaml")
    decoder, found = json.JSONDecoder(), []
    while text.strip():
        value, end = decoder.raw_decode(text.strip())
        text = text.strip()[end:]
        found += value.get("items", [value])
    return [item for item in found if item["kind"] in ("ClusterRole", "Role")]


def moment(event):
    """Its time in milliseconds; the Go collector's events have it in one of two places, or in neither."""
    found = event.get("Timestamp") or event.get("_aws", {}).get("Timestamp")
    return found and int(found)


class Process:
    """One agent from its start to its end; what it says where its leading begins and ends."""

    def __init__(self, command, environment, name, log, words=(BECAME, STOPPED)):
        self.name, self.words = name, words
        self.records, self.messages, self.round, self.last_round = [], [], [], []
        self.popen = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.log = open(log, "a", encoding="utf-8")
        self.threads = [threading.Thread(target=read, daemon=True) for read in (self.read_events, self.read_messages)]
        for thread in self.threads:
            thread.start()

    def read_events(self):
        for line in self.popen.stdout:
            event = json.loads(line)
            when = moment(event)
            if self.round and moment(self.round[0]) != when:
                self.last_round, self.round = self.round, []
            self.round.append(event)
            if when and event["Type"] == "Cluster":
                self.records.append((when / 1000, time.time()))

    def read_messages(self):
        for line in self.popen.stderr:
            self.messages.append((time.time(), line))
            self.log.write(line)
            self.log.flush()

    def said(self, words):
        return [when for when, line in list(self.messages) if words in line]

    def leads(self):
        """By what it says itself."""
        became, stopped = (self.said(words) for words in self.words)
        return self.popen.poll() is None and bool(became) and (not stopped or became[-1] > stopped[-1])

    def send(self, number):
        self.popen.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Ends it; the moment of the signal."""
        when = time.time()
        self.send(number)
        if self.popen.wait(20) not in (0, -number):
            raise RuntimeError(f"{self.name} ended with {self.popen.returncode}")
        for thread in self.threads:
            thread.join(5)
        return when


class Fleet:
    """Some agents with one lock, in a namespace of their own."""

    def __init__(self, namespace, role, count, nodes=None, kubelet=False):
        self.namespace, self.kubelet, self.role = namespace, kubelet, role
        self.names = nodes or [f"{namespace}-{number}" for number in range(count)]
        # Beside our own: whoever else stands for the same election.
        self.running, self.processes, self.strangers = {}, [], []
        self.folder = os.path.join(os.environ["OUT"], namespace)
        self.grant(role_objects(role))

    def user(self, name):
        return f"system:serviceaccount:{self.namespace}:{name}"

    def grant(self, roles):
        subjects = [{"kind": "ServiceAccount", "name": name, "namespace": self.namespace} for name in self.names]
        items = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}]
        items += [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": self.namespace}} for name in self.names]
        for role in roles:
            kind, metadata = role["kind"], {"name": self.namespace}
            if kind == "Role":
                metadata["namespace"] = self.namespace
            group = "rbac.authorization.k8s.io"
            items.append({"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "rules": role["rules"]})
            items.append({"apiVersion": f"{group}/v1", "kind": f"{kind}Binding", "metadata": metadata, "subjects": subjects,
                          "roleRef": {"apiGroup": group, "kind": kind, "name": self.namespace}})
        for name in self.names:
            if name != os.environ["NODE"]:
                items.append({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": LABELS}, "spec": {"unschedulable": True, **INSTANCE}})
        kubectl("apply", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        for name in self.names:
            self.account(name)

    def account(self, name):
        folder = f"{self.folder}/{name}"
        os.makedirs(folder)
        token = kubectl("create", "token", name, "-n", self.namespace, "--duration", "4h")
        with open(f"{os.environ['CLUSTER']}/pki/ca.crt", encoding="utf-8") as file:
            authority = file.read()
        for file_name, text in (("token", token.strip()), ("ca.crt", authority), ("namespace", self.namespace)):
            with open(f"{folder}/{file_name}", "w", encoding="utf-8") as file:
                file.write(text)

    def start(self, *names):
        for name in names or self.names:
            config = json.loads(json.dumps(CONFIG))
            if not self.kubelet:
                config["receivers"]["awscontainerinsightreceiver"]["kubelet"] = NO_KUBELET
            environment = {"HOST_NAME": name, "HOST_IP": os.environ["NODE_IP"], "K8S_NAMESPACE": self.namespace, "PATH": os.environ["PATH"],
                           "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443", "CONFIG": json.dumps(config)}
            command = ["unshare", "--mount", "sh", "-c", START, "sh", f"{self.folder}/{name}", os.environ["AGENT"], "--config", "env:CONFIG"]
            process = Process(command, environment, name, f"{self.folder}/{name}.log")
            self.running[name] = process
            self.processes.append(process)

    def leader(self):
        """The process that leads now, if there is one."""
        return next((process for process in self.running.values() if process.leads()), None)

    def until_leader(self, after, seconds):
        """Waits for a term that began after a moment: its process, and when it began."""
        def found():
            began = [(when, process) for process in self.running.values() for when in process.said(BECAME) if when > after]
            return min(began, key=lambda pair: pair[0], default=None)

        when, process = until(seconds, f"{self.namespace}: an agent leads", found)
        return process, when

    def until_record(self, process, after):
        """The timestamp of its first record after a moment."""
        return until(30, f"{self.namespace}: the leader speaks", lambda: next((t for t, _ in process.records if t > after), None))

    def spoke(self, after):
        """Moments of all records of the cluster since then."""
        return [(t, process.name) for process in self.processes for t, _ in process.records if t > after]

    def stop(self):
        for process in [*self.running.values(), *self.strangers]:
            if process.popen.poll() is None:
                process.send(signal.SIGCONT)
                process.end()

    def check(self, verdict):
        """No two ever spoke in one another's term; the cluster's people were told of every term."""
        doubled = total = 0
        for process in self.processes:
            times = [t for t, _ in process.records]
            total += len(times)
            verdict.equal("one record of the cluster a round", len(times), len(set(times)), process.name)
            others = [t for other in self.processes + self.strangers if other is not process for t, _ in other.records]
            for first, last in terms(times):
                doubled += sum(first <= t <= last for t in others)
        verdict.check("records of the cluster came", total > 0, self.namespace)
        verdict.equal("doubled records", doubled, 0, f"{self.namespace}: {total} records")
        verdict.measure(f"records of the cluster, {self.namespace}", total)
        events = json.loads(kubectl("-n", self.namespace, "get", "events", "-o", "json"))["items"]
        told = [event["message"] for event in events if event["reason"] == "LeaderElection"]
        for process in {p.name: p for p in self.processes}.values():
            count = sum(len(p.said(BECAME)) for p in self.processes if p.name == process.name)
            verdict.equal("an event tells of each term", told.count(f"{process.name} became leader"), count, process.name)
        for process in self.processes:
            bad = [line for _, line in process.messages if re.search(r"panicked| ERROR ", line)]
            verdict.equal("no agent says it is broken", bad, [], process.name)


def terms(times):
    """(first, last) of each unbroken row of rounds."""
    found = []
    for t in sorted(times):
        if found and t - found[-1][1] <= 3.5 * INTERVAL:
            found[-1][1] = t
        else:
            found.append([t, t])
    return found
