#!/usr/bin/env python3
"""Runs the Go collector and the agent side by side on one node until each has written so many intervals.

  pair.py FOLDER CONFIG INTERVALS      FOLDER/left and FOLDER/right: events.ndjson, calls.ndjson, log

env: PEER and AGENT (the binaries), INTERVAL=60 (seconds), and what an agent on a node has in its environment: HOST_IP, HOST_NAME,
K8S_NODE_NAME, K8S_NAMESPACE, KUBERNETES_SERVICE_HOST and _PORT. Runs as root, where 169.254.169.254 is a local address.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peer"))
from sides import Cloud, Side, without_logging



def rounds(path):
    """How many batches have come."""
    try:
        with open(path, encoding="utf-8") as file:
            return len({json.loads(line)["recv"] // 5 for line in file})
    except FileNotFoundError:
        return 0


def run(folder, config, wanted):
    """Both agents with this configuration, until there are so many intervals of both."""
    interval = int(os.environ.get("INTERVAL", "60"))
    without_logging(config, f"{folder}/left.yaml")
    with Cloud(folder):
        sides = [Side("left", folder, f"{folder}/left.yaml", interval=interval),
                 Side("right", folder, config, interval=interval)]
        # The Go collector says nothing for the first two intervals, and lacks rates in the third.
        end = time.time() + (wanted + 5) * interval
        while time.time() < end and rounds(f"{folder}/left/events.ndjson") < wanted + 2:
            time.sleep(1)
            for side in sides:
                if not side.alive():
                    raise SystemExit(f"{side.name} ended by itself: {folder}/{side.name}/log")
        for side in sides:
            side.end()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
