#!/usr/bin/env python3
"""Checks the events of an agent beside pods with known loads against what was asked for.

  pods.py FOLDER --disk DEVICE [--written BYTES] [--late MS] [--read MS] [--allow WORDS]...

FOLDER has what jobs/pods.sh left: `report` (cri/with_pods.py), `events` and `events.stderr`. DEVICE is the disk that the
load `write` goes to; nobody but the bed writes there, or else BYTES are what the machine wrote to it meanwhile. A round may
be that late, and things be read that much earlier or later in it than in the one before: a rate times the time between two
rounds is off by as much. WORDS are of a warning that may be logged.
"""
import argparse
import json

from expect import MIB, SAMPLE_WARNINGS, Checks, Events, check_node, check_output, check_rounds, read

INTERVAL_MS = 2000
NODE = {"ClusterName": "bed", "NodeName": "bed-node"}


class Report:
    """What the bed did and when."""

    def __init__(self, text):
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        first = next(line for line in lines if line["line"] == "pods")
        self.pods, self.kernel, self.cgroup = {pod["name"]: pod for pod in first["pods"]}, first["kernel"], first["cgroup"]
        self.loads = {line["load"]: line for line in lines if line["line"] == "load"}
        self.end = next((line for line in lines if line["line"] == "end"), {})


class Check:
    def __init__(self, checks, report, events, options):
        self.checks, self.report, self.events, self.options = checks, report, events, options

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

    def common(self):
        checks, events = self.checks, self.events
        checks.that(self.report.end.get("code") == 0, "SIGTERM ends the agent with code 0", self.report.end.get("code"))
        log = read(self.options.folder + "/events.stderr")
        check_output(checks, events, log, [*SAMPLE_WARNINGS, *self.options.allow])
        checks.that("root=/rootfs" in log, "the agent sees the machine at /rootfs")
        check_rounds(checks, events, INTERVAL_MS, self.options.late)
        check_node(checks, events)
        known = {pod["uid"] for pod in self.report.pods.values()}
        strange = {event.get("PodId") for found in events.rounds.values() for event in found} - known - {None}
        checks.that(not strange, "nothing is said of a pod that the kubelet doesn't name", strange or "")

    def everything_is_there(self):
        """Every pod that runs has its records in every round, its network's too."""
        missing, count = [], 0
        gone = self.report.loads.get("delete", {})
        for time in self.events.times:
            for name, pod in self.report.pods.items():
                if name == gone.get("pod") and time >= gone["begin_unix_ms"]:
                    continue
                of_pod = [event for event in self.events.rounds[time] if event.get("PodId") == pod["uid"]]
                for kind in ("Pod", "PodNet", "Container"):
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
        if abs(load["counted_millicores"] - asked) > tolerance:
            # Others took the machine's CPUs: then what the kernel counted is what there was.
            asked = load["counted_millicores"]
        checks.close(events.mean("Container", "container_cpu_usage_total", **container), asked, tolerance, "cpu of the container")
        checks.close(events.mean("Pod", "pod_cpu_usage_total", **pod), asked, tolerance, "cpu of the pod")
        user = events.mean("Container", "container_cpu_usage_user", **container)
        checks.between(user, asked * 0.8, asked * 1.2, "nearly all of it in user mode")
        limit = load["asked_millicores"]
        checks.close(events.last("Container", "container_cpu_limit", **container), limit, 0, "its limit")
        share = events.mean("Pod", "pod_cpu_utilization_over_pod_limit", **pod)
        checks.close(share, asked / limit * 100, 5, "its part of the limit in percent")
        node = events.mean("Node", "node_cpu_usage_total")
        checks.between(node, asked - tolerance, (events.last("Node", "node_cpu_limit") or 0) * 1.02, "cpu of the node")

    def write(self, load):
        events, begin = self.events, load["begin_unix_ms"]
        disk = {"device": self.options.disk, "after": begin}
        written = events.amount("NodeDiskIO", "node_diskio_io_service_bytes_write", **disk)
        asked = load["asked_bytes"]
        self.checks.between(written, asked * (1 - self.options.read / INTERVAL_MS), self.options.written or asked + 8 * MIB, "bytes written to the disk")
        operations = events.amount("NodeDiskIO", "node_diskio_io_serviced_write", **disk)
        # A request is at most 1.25 MiB large where nobody has set max_sectors_kb otherwise.
        self.checks.between(operations, asked / (1.25 * MIB), float("inf"), "in so many operations")

    def sent(self, asked):
        """The bounds of so many bytes by TCP: headers take up to 4 % (the kernel counts a large segment's once)."""
        off = self.options.read / INTERVAL_MS
        return asked * (1 - off), asked * (1.04 + off)

    def network(self, load):
        asked, events, begin = load["asked_bytes"], self.events, load["begin_unix_ms"]
        receiver = self.attributes(self.report.pods[load["to"]])
        for pod, direction in ((self.of_load(load)[0], "tx"), (receiver, "rx")):
            low, high = self.sent(asked)
            total = events.amount("Pod", f"pod_network_{direction}_bytes", after=begin, **pod)
            self.checks.between(total, low, high, f"network of the pod, {direction}")
            net = events.amount("PodNet", f"pod_interface_network_{direction}_bytes", after=begin, interface="eth0", **pod)
            self.checks.between(net, low, high, f"network of its eth0, {direction}")
            before = events.amount("Pod", f"pod_network_{direction}_bytes", before=begin, **pod)
            self.checks.between(before, 0, MIB / 16, "before there was next to nothing")

    def uplink(self, load):
        asked = load["asked_bytes"]
        seen = {"after": load["begin_unix_ms"], "interface": "eth0"}
        total = self.events.amount("NodeNet", "node_interface_network_tx_bytes", **seen)
        self.checks.between(total, *self.sent(asked), "network of the node's eth0, tx")
        # A pod in the node's network shows the node's.
        seen.update(self.of_load(load)[0])
        total = self.events.amount("PodNet", "pod_interface_network_tx_bytes", **seen)
        self.checks.between(total, *self.sent(asked), "network of a pod in the node's, tx")

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
        checks.that(load["reason"] == "OOMKilled", "the kernel killed the container that took too much", load["reason"])
        before = events.of("Container", before=load["begin_unix_ms"], **container)
        after = events.of("Container", after=load["end_unix_ms"], **container)
        checks.that(all(event["container_status"] == "Running" and "container_status_reason" not in event for _, event in before),
                    "before, it is Running without a reason")
        status = {(event["container_status"], event.get("container_status_reason")) for _, event in after}
        checks.that(status == {("Terminated", "OOMKilled")}, "afterwards it is Terminated, OOMKilled", status)
        usage = sorted({name for _, event in after for name in event if name.startswith(("container_memory_usage", "container_cpu_usage"))})
        checks.that(not usage, "and nothing is said of what it uses", usage or "")

    def restart(self, load):
        pod, container = self.of_load(load)
        checks, events = self.checks, self.events
        for kind, metric, attributes in (("Container", "number_of_container_restarts", container),
                                         ("Pod", "pod_number_of_container_restarts", pod)):
            values = [value for _, value in events.values(kind, metric, **attributes)]
            checks.that(sum(values) == load["restarts"] and max(values) == 1, f"{metric}: one, once", values)
        before = {event["ContainerId"] for _, event in events.of("Container", before=load["begin_unix_ms"], **container)}
        after = {event["ContainerId"] for _, event in events.of("Container", after=load["end_unix_ms"], **container)}
        checks.that(before == {load["old_container"]} and after == {load["new_container"]},
                    "the container's id is that of the new one from its start on")

    def delete(self, load):
        pod = self.report.pods[load["pod"]]
        def records(**when):
            times = {time for kind in ("Pod", "PodNet", "Container", "ContainerFS")
                     for time, _ in self.events.of(kind, PodId=pod["uid"], **when)}
            return len(times)
        before, after = records(before=load["begin_unix_ms"]), records(after=load["end_unix_ms"])
        self.checks.that(before > 0 and after == 0, "a deleted pod has no more records", f"{before} rounds before, {after} after")
        counts = self.events.values("Node", "node_number_of_running_pods")
        first = [value for time, value in counts if time < load["begin_unix_ms"]]
        last = [value for time, value in counts if time > load["end_unix_ms"]]
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
    parser.add_argument("--written", type=int)
    parser.add_argument("--late", type=int, default=100)
    parser.add_argument("--read", type=int, default=20)
    parser.add_argument("--allow", action="append", default=[])
    options = parser.parse_args()
    checks, report = Checks(), Report(read(options.folder + "/report"))
    events = Events(read(options.folder + "/events"))
    print(f"kernel {report.kernel}, cgroup v{report.cgroup}, {len(events.times)} rounds, {len(report.loads)} loads", flush=True)
    Check(checks, report, events, options).all()
    checks.end()


main()
