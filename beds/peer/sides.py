"""The two sides: the Go collector and the agent as processes of the machine, under one cloud, with what each did to it."""
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ACCOUNT_PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
METADATA, EC2 = "169.254.169.254:80", "127.0.0.1:8101"
LOGS = {"left": "127.0.0.1:8102", "right": "127.0.0.1:8103"}
# Neither may take the other's place for the cluster: both have to speak, to be compared. Upstream's collector knows no
# option for the name of its lock.
RIGHTS_LOCK = "right-clusterleader"
HEALTH = {"left": 13133, "right": 13134}
# What an agent has in its environment on a node of Kubernetes (on_node.sh), and what the Go runtime is told.
PASSED = ("HOST_IP", "HOST_NAME", "K8S_NODE_NAME", "K8S_NAMESPACE", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "GODEBUG", "GOGC")


def passed():
    """What of it there is: elsewhere than on a node of Kubernetes nearly nothing."""
    return {name: os.environ[name] for name in PASSED if name in os.environ}


class Cloud:
    """cloud.py, as long as the block lasts."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        words = [sys.executable, f"{HERE}/cloud.py", self.folder, "--metadata", METADATA, "--ec2", EC2,
                 "--logs", *(f"{name}={place}" for name, place in LOGS.items())]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the cloud did not start")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Side:
    """One agent: `left` is the Go collector, `right` is ours."""

    def __init__(self, name, folder, config, arguments=(), interval=None):
        self.name, self.folder = name, folder
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        receiver = "receivers::awscontainerinsightreceiver::"
        binary = os.environ["PEER"] if name == "left" else os.environ["AGENT"]
        words = [binary, "--config", config, "--set", f"extensions::health_check::endpoint=127.0.0.1:{HEALTH[name]}",
                 *arguments]
        if name == "right":
            words += ["--set", f"{receiver}leader_lock_name={RIGHTS_LOCK}", "--set", "service::telemetry::metrics::address=127.0.0.1:8889"]
        if interval:
            words += ["--set", f"{receiver}collection_interval={interval}s"]
        variables = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL_EC2": f"http://{EC2}",
                     "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": f"http://{LOGS[name]}", **passed()}
        self.log = open(f"{folder}/{name}/log", "ab")
        self.started = time.time()
        self.process = subprocess.Popen(words, env=variables, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def end(self, number=signal.SIGTERM):
        if self.alive():
            self.process.send_signal(number)
        code = self.process.wait(60)
        self.log.close()
        return code


def without_logging(config, target):
    """The sample configuration as the Go collector takes it: it refuses the exporter `logging`, used or not."""
    with open(config, encoding="utf-8") as file:
        lines = file.read().splitlines()
    kept = [line for line in lines if line.strip() not in ("logging:", "loglevel: debug")]
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(kept) + "\n")
