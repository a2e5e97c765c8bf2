#!/usr/bin/env python3
"""Plays the kubelet's part against a real runtime, by hand.

  cri.py [--socket S] [--driver cgroupfs|systemd] run NAME [--namespace N] [--qos burstable|besteffort|guaranteed]
         [--container NAME]... [--cpu 200m] [--memory 64Mi] [--host-network] [-- COMMAND...]
  cri.py [--socket S] pods | summary [STORAGE] | stats | clean | version

`run` prints one JSON line: the pod's uid, sandbox, containers, cgroup. Run it by $PYTHON of lib.sh.
"""
import argparse
import json
import sys

from google.protobuf.json_format import MessageToDict

import kubelet
from runtime import Runtime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", default="/run/containerd/containerd.sock")
    parser.add_argument("--driver", choices=["cgroupfs", "systemd"], default="cgroupfs")
    commands = parser.add_subparsers(dest="operation", required=True)
    for name in ("pods", "stats", "clean", "version"):
        commands.add_parser(name)
    commands.add_parser("summary").add_argument("storage", nargs="?", default="/")
    run = commands.add_parser("run")
    run.add_argument("name")
    run.add_argument("--namespace", default="default")
    run.add_argument("--qos", choices=["burstable", "besteffort", "guaranteed"], default="burstable")
    run.add_argument("--container", action="append")
    run.add_argument("--cpu", default="")
    run.add_argument("--memory", default="")
    run.add_argument("--host-network", action="store_true")
    # Everything after the first `--` is the container's own command.
    words = sys.argv[1:] + ["--"]
    end = words.index("--")
    arguments, command = parser.parse_args(words[:end]), words[end + 1:-1]
    runtime = Runtime(arguments.socket, arguments.driver)
    if arguments.operation == "run":
        containers = [
            {"name": name, "cpu": arguments.cpu, "memory": arguments.memory,
             **({"command": command} if command else {})}
            for name in arguments.container or ["main"]
        ]
        print(json.dumps(runtime.run_pod(
            arguments.name, arguments.namespace, arguments.qos, host_network=arguments.host_network, containers=containers)))
    elif arguments.operation == "pods":
        print(json.dumps(kubelet.pods(runtime)))
    elif arguments.operation == "summary":
        print(json.dumps(kubelet.summary(runtime, arguments.storage)))
    elif arguments.operation == "stats":
        print(json.dumps(MessageToDict(runtime.call("ListContainerStats"))))
    elif arguments.operation == "version":
        print(json.dumps(MessageToDict(runtime.call("Version"))))
    else:
        print(json.dumps({"removed": runtime.clean()}))


main()
