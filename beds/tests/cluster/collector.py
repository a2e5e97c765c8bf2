"""The Go collector as a process of the machine, in the election of a fleet."""
import json
import os
import sys

from fleet import ACCOUNT_PLACE, CONFIG, Process
from node import kubectl

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../peer"))
from sides import EC2, Cloud

BECAME, STOPPED = "OnStartedLeading", "OnStoppedLeading"
# Root, as it is made for, with the account of beds/kubernetes/agent-rbac.yaml, which may do what it wants.
START = f'mount --bind "$1" {ACCOUNT_PLACE} && shift && exec "$@"'


def cloud(fleet):
    """Instance metadata and EC2, as long as the block lasts; on the machine 169.254.169.254 is a local address."""
    return Cloud(f"{fleet.folder}/cloud")


def start(fleet):
    """One more in the fleet's election; it is its nodes' stranger from now on."""
    name = f"{fleet.namespace}-go-{len(fleet.strangers)}"
    folder = f"{fleet.folder}/{name}"
    os.makedirs(folder)
    with open(f"{os.environ['CLUSTER']}/pki/ca.crt", encoding="utf-8") as file:
        authority = file.read()
    token = kubectl("create", "token", "agent", "-n", "agent-system", "--duration", "4h").strip()
    for file_name, text in (("token", token), ("ca.crt", authority), ("namespace", fleet.namespace)):
        with open(f"{folder}/{file_name}", "w", encoding="utf-8") as file:
            file.write(text)
    config = json.loads(json.dumps(CONFIG))
    # It knows the cluster's name by EC2 alone.
    del config["receivers"]["awscontainerinsightreceiver"]["cluster_name"]
    environment = {"HOST_NAME": name, "HOST_IP": os.environ["NODE_IP"], "K8S_NODE_NAME": os.environ["NODE"], "K8S_NAMESPACE": fleet.namespace,
                   "KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443", "PATH": os.environ["PATH"],
                   "AWS_ENDPOINT_URL_EC2": f"http://{EC2}", "CONFIG": json.dumps(config)}
    words = ["unshare", "--mount", "sh", "-c", START, "sh", folder, os.environ["PEER"], "--config", "env:CONFIG"]
    process = Process(words, environment, name, f"{fleet.folder}/{name}.log", (BECAME, STOPPED))
    fleet.strangers.append(process)
    return process
