#!/usr/bin/env python3
"""Tasks of a real Docker with steady loads, an ECS agent that knows them, and both agents beside them.

  ecs.py FOLDER INTERVALS DATA      DATA is a folder on the disk that is written to; as pair.py, which says the rest

Runs in a network namespace whose addresses are 10.97.0.1 and Docker's bridge, 10.99.0.1. env: BEDS, DOCKER, DOCKER_HOST, LOAD
"""
import os
import subprocess
import sys

BEDS = os.environ["BEDS"]
sys.path += [f"{BEDS}/ecs", f"{BEDS}/cri"]
import counters
import fakes
import pair
from tasks import MIB, Container, Docker, Task

CLUSTER = "bed"
ARN = f"arn:aws:ecs:us-west-2:123456789012:container-instance/{CLUSTER}/0a1b2c3d4e5f60718293a4b5c6d7e8f9"
INTROSPECTION = 51678


def definitions():
    """A task with a share by its quota, one of containers with shares, one that writes, one that sends, one that asks for nothing."""
    hour = 3600
    sleep = ["memory", "4096"]
    return [
        Task("limited", [Container(["spin"], shares=512, hard=128 * MIB)], cpus=0.1, memory=256 * MIB),
        Task("parts", [Container(["memory", str(24 * MIB)], shares=128, hard=128 * MIB, soft=64 * MIB, cpus=0.2),
                       Container(sleep, shares=64, hard=32 * MIB)]),
        # Told to begin with its group, whose throttle rule lets version 1 count.
        Task("writes", [Container(["write", "/data/file", str(hour * 655360), "655360"], later=["write"])]),
        Task("sends", [Container(["send", "10.99.0.1", "5001", str(hour * 500_000), "500000"])]),
        Task("nothing", [Container(sleep)]),
    ]


def main():
    folder, intervals, data = sys.argv[1:4]
    number = counters.whole_disk(data)
    disk = "/dev/" + next(line.split("=")[1] for line in counters.read(f"/sys/dev/block/{number}/uevent").splitlines()
                          if line.startswith("DEVNAME="))
    sink = subprocess.Popen([os.environ["LOAD"], "receive", "5001"])
    runtime = Docker(None, data, disk)
    try:
        tasks = definitions()
        for task in tasks:
            runtime.make(task)
        agent = fakes.EcsAgent(CLUSTER, ARN, address="10.97.0.1", port=INTROSPECTION)
        agent.list([(task.arn(CLUSTER), task.status, task.ids()) for task in tasks])
        pair.run(folder, f"{BEDS}/../examples/ecs-instance.yaml", int(intervals))
    finally:
        runtime.down()
        sink.kill()


main()
