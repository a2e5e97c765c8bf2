#!/usr/bin/env python3
"""Checks the events of an agent beside pods with known loads against what was asked for.

  pods.py FOLDER --disk DEVICE [--late MS] [--slow-kubelet ROUNDS] [--allow WORDS]...

FOLDER has what jobs/pods.sh left: `report` (cri/with_pods.py), `events`, `events.stderr` and `diskstats.*`. DEVICE is the name
of the disk that the load `write` goes to. A round may be late by MS. A slow kubelet may be told of, and what it says be so
many ROUNDS old. WORDS are of a warning that may be logged.
"""
import argparse
import calendar
import json
import math
import re
import time

from expect import MIB, SAMPLE_WARNINGS, Checks, Events, check_node, check_output, check_rounds, read

INTERVAL_MS = 2000
# So long after its tick a round may still be reading, on a machine that has little time for it.
READ_MS = 500
# What images/load.c writes at once when it keeps a pace.
PACED_BLOCK = 64 * 1024
NODE = {"ClusterName": "bed", "NodeName": "bed-node"}


class Report:
    """What the bed did and when."""

    def __init__(self, text):
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        first = next(line for line in lines if line["line"] == "pods")
        self.pods, self.kernel, self.cgroup = {pod["name"]: pod for pod in first["pods"]}, first["kernel"], first["cgroup"]
        self.loads = {line["load"]: line for line in lines if line["line"] == "load"}
        self.end = next((line for line in lines if line["line"] == "end"), {})


def outages(log):
    """(first, last) millisecond in which the kubelet had no answer to the question for its pods, by the agent's log."""
    found, begin = [], None
    for line in log.splitlines():
        words = re.match(r"([\d-]+T[\d:]+)\.(\d{3})\d*Z .*source (fails|recovered).* source=\"kubelet pods\"", line)
        if words:
            at = calendar.timegm(time.strptime(words[1], "%Y-%m-%dT%H:%M:%S")) * 1000 + int(words[2])
            if words[3] == "fails":
                begin = at
            elif begin:
                found.append((begin, at))
                begin = None
    return found + ([(begin, math.inf)] if begin else [])


class Check:
    def __init__(self, checks, report, events, options):
        self.checks, self.report, self.events, self.options = checks, report, events, options
        self.stale_ms = options.slow_kubelet * INTERVAL_MS
        self.outages = outages(read(options.folder + "/events.stderr")) if options.slow_kubelet else []
        # In a guest that is emulated one round is read much later after its time than another.
        self.pace_slack = 0.02 if options.late <= 700 else 0.1

    def all(self):
        self.common()
        for name, load in self.report.loads.items():
            getattr(self, name)(load)
        self.everything_is_there()
        self.container_fs()

    def attributes(self, pod, container=None):
        """What a record of a pod, or of its container, is known by."""
        found = {"Namespace": pod["namespace"], "PodId": pod["uid"], "K8sPodName": pod["name"], "PodName": pod["name"]}
        return {**NODE, **found, **({"ContainerName": container} if container else {})}

    def of_load(self, load):
        """(attributes of the pod, attributes of its container) of a load."""
        pod = self.report.pods[load["pod"]]
        return self.attributes(pod), self.attributes(pod, "main")

    def known(self, load):
        """The time after which every round knows that a load has ended: not while the kubelet has no answer."""
        known = load["end_unix_ms"] + self.stale_ms
        return max([known, *(last + 2 * INTERVAL_MS for first, last in self.outages if first - INTERVAL_MS <= known <= last)])

    def common(self):
        checks, events = self.checks, self.events
        checks.that(self.report.end.get("code") == 0, "SIGTERM ends the agent with code 0", self.report.end.get("code"))
        log = read(self.options.folder + "/events.stderr")
        slow = ["no answer in time", "did not answer within"] if self.options.slow_kubelet else []
        check_output(checks, events, log, [*SAMPLE_WARNINGS, *slow, *self.options.allow])
        checks.that("root=/rootfs" in log, "the agent sees the machine at /rootfs")
        check_rounds(checks, events, INTERVAL_MS, self.options.late)
        check_node(checks, events)
        known = {pod["uid"] for pod in self.report.pods.values()}
        strange = {event.get("PodId") for found in events.rounds.values() for event in found} - known - {None}
        checks.that(not strange, "nothing is said of a pod that the kubelet doesn't name", strange or "")

    def everything_is_there(self):
        """Every pod that runs has its records in every round, its network's too."""
        missing, count = [], 0
        loads = self.report.loads
        gone = loads.get("delete", {})
        times = self.events.times
        if self.options.slow_kubelet > 2:
            # It may have no answer for the first rounds.
            times = [time for time in times if time >= min((first for first, _ in self.events.of("Container")), default=0)]
        for time in times:
            for name, pod in self.report.pods.items():
                if name == gone.get("pod") and time >= gone["begin_unix_ms"] - READ_MS:
                    continue
                of_pod = [event for event in self.events.rounds[time] if event.get("PodId") == pod["uid"]]
                # While a container ends, the kubelet may still call running what has no cgroup any more.
                changes = any(load["pod"] == name and load["begin_unix_ms"] - READ_MS <= time <= self.known(load)
                              for load in (loads.get("oom"), loads.get("restart")) if load)
                for kind in ("Pod", "PodNet") if changes else ("Pod", "PodNet", "Container"):
                    count += 1
                    if not any(event["Type"] == kind for event in of_pod):
                        missing.append(f"{kind} of {name} at {time}")
                names = [event["interface"] for event in of_pod if event["Type"] == "PodNet"]
                if "eth0" not in names:
                    missing.append(f"eth0 of {name} at {time}")
        words = f"each of {len(self.report.pods)} pods has Pod, PodNet and Container in each round ({count} looked for)"
        self.checks.that(count > 0 and not missing, words, "; ".join(missing[:3]))

    def cpu(self, load):
        pod, container = self.of_load(load)
        asked, checks, events = load["asked_millicores"], self.checks, self.events
        tolerance = max(asked * 0.05, 10)
        # Where others take the CPUs, the kernel itself counts less than was asked for.
        low, high = min(asked, load["counted_millicores"]) - tolerance, asked + tolerance
        used = events.mean("Container", "container_cpu_usage_total", **container)
        checks.between(used, low, high, "cpu of the container")
        checks.between(events.mean("Pod", "pod_cpu_usage_total", **pod), low, high, "cpu of the pod")
        user = events.mean("Container", "container_cpu_usage_user", **container)
        checks.between(user, low * 0.8, high * 1.2, "nearly all of it in user mode")
        limit = load["asked_millicores"]
        checks.close(events.last("Container", "container_cpu_limit", **container), limit, 0, "its limit")
        share = events.mean("Pod", "pod_cpu_utilization_over_pod_limit", **pod)
        checks.between(share, low / limit * 100, high / limit * 100, "its part of the limit in percent")
        node = events.mean("Node", "node_cpu_usage_total")
        checks.between(node, low, (events.last("Node", "node_cpu_limit") or 0) * 1.02, "cpu of the node")

    def steady(self, kind, metric, load, **attributes):
        """A rate's mean in the rounds all of whose time the load's bytes flowed evenly."""
        # A round is read a little behind its time.
        first, last = load["flow_unix_ms"][0], load["flow_unix_ms"][1] - READ_MS
        times = self.events.times
        whole = {time for before, time in zip(times, times[1:]) if before >= first and time <= last}
        values = [value for time, value in self.events.values(kind, metric, **attributes) if time in whole]
        return sum(values) / len(values) if values else None

    def flow(self, load, kind, metric, words, more, **attributes):
        """The load's bytes are there, at the pace that was asked for and in sum; `more` of them may come on top."""
        asked = load["asked_bytes"]
        # A guest without time for it may fall behind.
        pace = max(load["pace_seconds"], (load["flow_unix_ms"][1] - load["flow_unix_ms"][0]) / 1000)
        rate = self.steady(kind, metric, load, **attributes)
        self.checks.between(rate, asked * (1 - self.pace_slack) / pace, (asked * (1 + self.pace_slack) + more) / pace, words + ", bytes per second")
        # The rounds in which it began and ended are off by how late they were read.
        total = self.events.amount(kind, metric, after=load["begin_unix_ms"], **attributes)
        self.checks.between(total, asked * 0.95, asked * 1.05 + more, words + ", bytes in sum")

    def written(self, moment, load):
        """Bytes written to the load's disk until then (/proc/diskstats, in sectors of 512 bytes)."""
        for line in read(f"{self.options.folder}/diskstats.{moment}").splitlines():
            words = line.split()
            if f"{words[0]}:{words[1]}" == load["device"]:
                return int(words[9]) * 512
        raise RuntimeError(f"no disk {load['device']}")

    def write(self, load):
        # Others write there too: all in all not more than the kernel counts for the disk in a longer time.
        others = self.written("after", load) - self.written("before", load) - load["asked_bytes"]
        metric = "node_diskio_io_service_bytes_write"
        self.flow(load, "NodeDiskIO", metric, "written to the disk", others, device=self.options.disk)
        operations = self.events.amount(
            "NodeDiskIO", "node_diskio_io_serviced_write", after=load["begin_unix_ms"], device=self.options.disk)
        number = load["asked_bytes"] / PACED_BLOCK
        self.checks.between(operations, number * 0.95, float("inf"), "written in so many operations")

    def network(self, load):
        # Between pods segments are large, and the kernel counts their headers once for up to 64 KiB.
        headers = load["asked_bytes"] * 0.005
        begin, receiver = load["begin_unix_ms"], self.attributes(self.report.pods[load["to"]])
        for pod, direction in ((self.of_load(load)[0], "tx"), (receiver, "rx")):
            self.flow(load, "Pod", f"pod_network_{direction}_bytes", f"network of a pod, {direction}", headers, **pod)
            metric = f"pod_interface_network_{direction}_bytes"
            self.flow(load, "PodNet", metric, f"network of its eth0, {direction}", headers, interface="eth0", **pod)
            before = self.events.amount("Pod", f"pod_network_{direction}_bytes", before=begin, **pod)
            self.checks.between(before, 0, MIB / 16, "before there was next to nothing")

    def uplink(self, load):
        # 66 of 1514 bytes are headers, since a guest's card takes no large segments.
        metric, headers = "network_tx_bytes", load["asked_bytes"] * 66 / 1448
        self.flow(load, "NodeNet", "node_interface_" + metric, "network of the node's eth0, tx", headers, interface="eth0")
        # A pod in the node's network shows the node's.
        pod = self.of_load(load)[0]
        self.flow(load, "PodNet", "pod_interface_" + metric, "network of a pod in the node's, tx", headers, interface="eth0", **pod)

    def memory(self, load):
        pod, container = self.of_load(load)
        asked, checks, events = load["asked_bytes"], self.checks, self.events
        after = {"after": load["end_unix_ms"]}
        for prefix, kind, attributes in (("container", "Container", container), ("pod", "Pod", pod)):
            for name, slack in (("rss", MIB), ("working_set", 8 * MIB), ("usage", 8 * MIB)):
                value = events.mean(kind, f"{prefix}_memory_{name}", **after, **attributes)
                checks.between(value, asked, asked + slack, f"memory_{name} of the {prefix}")
        before = events.mean("Container", "container_memory_rss", before=load["begin_unix_ms"], **container)
        checks.between(before, 0, MIB, "before it was touched")
        checks.close(events.last("Container", "container_memory_limit", **container), 128 * MIB, 0, "its limit")

    def oom(self, load):
        _, container = self.of_load(load)
        checks, events = self.checks, self.events
        # Some runtimes miss the event; the kubelet passes on what they say.
        checks.that(load["exit_code"] == 137 and load["reason"] in ("OOMKilled", "Error"),
                    "the kernel killed the container that took too much", load["reason"])
        before = events.of("Container", before=load["begin_unix_ms"] - READ_MS, **container)
        after = events.of("Container", after=self.known(load), **container)
        checks.that(all(event["container_status"] == "Running" and "container_status_reason" not in event for _, event in before),
                    "before, it is Running without a reason")
        status = {(event["container_status"], event.get("container_status_reason")) for _, event in after}
        checks.that(status == {("Terminated", load["reason"])}, "afterwards it is Terminated, with that reason", status)
        usage = sorted({name for _, event in after for name in event if name.startswith(("container_memory_usage", "container_cpu_usage"))})
        checks.that(not usage, "and nothing is said of what it uses", usage or "")

    def restart(self, load):
        pod, container = self.of_load(load)
        checks, events = self.checks, self.events
        for kind, metric, attributes in (("Container", "number_of_container_restarts", container),
                                         ("Pod", "pod_number_of_container_restarts", pod)):
            values = [value for _, value in events.values(kind, metric, **attributes)]
            checks.that(sum(values) == load["restarts"] and max(values) == 1, f"{metric}: one, once", values)
        before = {event["ContainerId"] for _, event in events.of("Container", before=load["begin_unix_ms"] - READ_MS, **container)}
        after = {event["ContainerId"] for _, event in events.of("Container", after=self.known(load), **container)}
        checks.that(before == {load["old_container"]} and after == {load["new_container"]},
                    "the container's id is that of the new one from its start on")

    def delete(self, load):
        pod = self.report.pods[load["pod"]]
        def records(**when):
            times = {time for kind in ("Pod", "PodNet", "Container", "ContainerFS")
                     for time, _ in self.events.of(kind, PodId=pod["uid"], **when)}
            return len(times)
        # A list that was asked for before the end may be late, and what has ended is shown until the next one.
        before, after = records(before=load["begin_unix_ms"] - READ_MS), records(after=self.known(load))
        self.checks.that(before > 0 and after == 0, "a deleted pod has no more records", f"{before} rounds before, {after} after")
        counts = self.events.values("Node", "node_number_of_running_pods")
        first = [value for time, value in counts if time < load["begin_unix_ms"] - READ_MS]
        last = [value for time, value in counts if time > self.known(load)]
        number = len(self.report.pods)
        self.checks.that(set(first) == {number} and set(last) == {number - 1}, "and the node counts one less",
                         f"{set(first)}, then {set(last)}")

    def container_fs(self):
        """The bytes that the load `write` left in its container, as the kubelet's summary has them."""
        load = self.report.loads.get("write")
        if load:
            used = self.events.last("ContainerFS", "container_filesystem_usage", **self.of_load(load)[1])
            self.checks.between(used, load["asked_bytes"], load["asked_bytes"] + MIB, "file system of the container that wrote")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--disk", required=True)
    parser.add_argument("--late", type=int, default=100)
    parser.add_argument("--slow-kubelet", type=int, default=0)
    parser.add_argument("--allow", action="append", default=[])
    options = parser.parse_args()
    checks, report = Checks(), Report(read(options.folder + "/report"))
    events = Events(read(options.folder + "/events"))
    print(f"kernel {report.kernel}, cgroup v{report.cgroup}, {len(events.times)} rounds, {len(report.loads)} loads", flush=True)
    Check(checks, report, events, options).all()
    checks.end()


main()
