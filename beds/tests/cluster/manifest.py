"""The sample's manifest with what a test may change: the image, where events go, the cluster's name, the interval."""
import os

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/eks-daemonset.yaml")
IMAGE = "docker.io/library/bed-agent:1"
CLUSTER_NAME = "bed"
NAMESPACE, DAEMON_SET, ROLE = "aws-otel-eks", "aws-otel-eks-ci", "aoc-agent-role"
CONTAINER = "aws-otel-collector"
SETTINGS = [
    "exporters.awsemf.output_destination=stdout",
    f"receivers.awscontainerinsightreceiver.cluster_name={CLUSTER_NAME}",
]


def replaced(text, old, new):
    """`text` with the one place of `old` changed: a sample that reads otherwise is no longer what is tested."""
    if text.count(old) != 1:
        raise SystemExit(f"the sample has {old!r} {text.count(old)} times, not once")
    return text.replace(old, new)


def manifest(interval=None):
    """The manifest's text; `interval` such as "5s" shortens the sample's 60 s."""
    settings = list(SETTINGS)
    if interval:
        settings.append(f"receivers.awscontainerinsightreceiver.collection_interval={interval}")
    with open(SAMPLE, encoding="utf-8") as file:
        text = file.read()
    text = replaced(text, "image: {collector-image-url}", f"image: {IMAGE}")
    text = replaced(text, "imagePullPolicy: Always", "imagePullPolicy: Never")
    last = '            - "--config=/conf/otel-agent-config.yaml"\n'
    arguments = "".join(f'            - "--set={setting}"\n' for setting in settings)
    return replaced(text, last, last + arguments)
