"""What was used: memory, CPU, traffic, file systems, against cAdvisor and the kubelet's summary."""
from kubelet_side import cadvisor, cadvisor_networks, from_summaries, host_devices, interface_member, member
from series import Flow, Sample, compare_counter, compare_gauge

MIB = 1 << 20
MEMORY = {
    "container_memory_working_set_bytes": "memory_working_set", "container_memory_usage_bytes": "memory_usage",
    "container_memory_rss": "memory_rss", "container_memory_cache": "memory_cache",
    "container_memory_mapped_file": "memory_mapped_file", "container_memory_max_usage_bytes": "memory_max_usage",
    "container_memory_swap": "memory_swap",
}
SUMMARY_MEMORY = {"workingSetBytes": "memory_working_set", "usageBytes": "memory_usage", "rssBytes": "memory_rss"}
TRAFFIC = {
    "receive_bytes": "rx_bytes", "receive_packets": "rx_packets", "receive_errors": "rx_errors",
    "receive_packets_dropped": "rx_dropped", "transmit_bytes": "tx_bytes", "transmit_packets": "tx_packets",
    "transmit_errors": "tx_errors", "transmit_packets_dropped": "tx_dropped",
}


class Usage:
    """The agent's records by the things they are about, ready to be compared."""

    def __init__(self, verdict, rounds, interval, watcher):
        self.verdict, self.interval, self.watcher = verdict, interval, watcher
        self.things, self.names, self.interfaces = {}, {}, {}
        # The first round's rates are over what was left of an interval.
        for tick in rounds[1:]:
            for event in tick.events:
                self.note(tick.time, event)
        # The kubelet's summary knows a container by its name: only those that stayed the same all the time.
        for pod in watcher.pods[-1][1]:
            for status in pod["status"].get("containerStatuses", []):
                if status["restartCount"] == 0:
                    container = status.get("containerID", "").partition("://")[2]
                    self.names["container", pod["metadata"]["uid"], status["name"]] = ("container", container)

    def note(self, time, event):
        kind = {"Node": "node", "Pod": "pod", "Container": "container"}.get(event["Type"])
        if kind:
            about = (kind, {"node": "", "pod": event.get("PodId"), "container": event.get("ContainerId")}[kind])
            self.things.setdefault(about, []).append((time, event))
        if event["Type"] == "PodNet":
            key = (event["Namespace"], event["K8sPodName"], event["interface"])
            self.interfaces.setdefault(key, []).append((time, event))
        if event["Type"] in ("NodeNet", "NodeDiskIO", "NodeFS"):
            key = (event["Type"], event.get("interface") or event.get("device"))
            self.interfaces.setdefault(key, []).append((time, event))

    def readings(self, about, field):
        name = f"{about[0]}_{field}"
        return [(time, event[name]) for time, event in self.things.get(about, []) if name in event]

    def flow(self, rows, field):
        return Flow(self.interval, [(time, event[field]) for time, event in rows if field in event])

    def words(self, about):
        rows = self.things.get(about)
        event = rows[0][1] if rows else {}
        return "/".join(str(event.get(k)) for k in ("K8sPodName", "ContainerName") if k in event) or about[0]

    def gauges(self, name, sides, field, relative=0.05, absolute=MIB):
        compared = set()
        for about, samples in sides.items():
            about = self.names.get(about, about)
            if len(about) == 2:
                readings = self.readings(about, field)
                # A node that compiles has other memory every second.
                spread = [value for _, value in readings] if about[0] == "node" else []
                room = max(absolute, max(spread) - min(spread)) if spread else absolute
                if compare_gauge(self.verdict, name, readings, samples, relative, room, f"{self.words(about)} {field}"):
                    compared.add(about[0])
        self.verdict.equal(f"{name}: nodes, pods and containers", compared, {"node", "pod", "container"}, field)


def check(verdict, rounds, interval, watcher, bursts):
    """`bursts` are the sizes that source has sent to sink."""
    usage = Usage(verdict, rounds, interval, watcher)
    for metric, field in MEMORY.items():
        usage.gauges("memory as cAdvisor has it", cadvisor(watcher, metric), field)
    for key, field in SUMMARY_MEMORY.items():
        usage.gauges("memory as the summary has it", from_summaries(watcher, member("memory", key)), field)
    check_cpu(usage)
    check_traffic(usage, bursts)
    check_disks(usage)
    check_container_fs(verdict, rounds, watcher)


def check_cpu(usage):
    """CPU seconds; the busy pod, throttled at 50 millicores, to 5 % of what cAdvisor counted."""
    verdict = usage.verdict
    for metric, field in (("usage", "cpu_usage_total"), ("user", "cpu_usage_user"), ("system", "cpu_usage_system")):
        for about, samples in cadvisor(usage.watcher, f"container_cpu_{metric}_seconds_total").items():
            compare_cpu(usage, "CPU as cAdvisor has it", about, field, samples)
    picked = from_summaries(usage.watcher, member("cpu", "usageCoreNanoSeconds"))
    for about, samples in picked.items():
        samples = [Sample(s.low, s.high, s.value / 1e9) for s in samples]
        compare_cpu(usage, "CPU as the summary has it", usage.names.get(about, about), "cpu_usage_total", samples)
    for kind in ("pod", "container"):
        busy = [about for about in usage.things if about[0] == kind and usage.words(about).startswith("qos-guaranteed")]
        rates = [rate for about in busy for _, rate in usage.readings(about, "cpu_usage_total")]
        mean = sum(rates) / len(rates)
        verdict.check("a container at its limit of 50 millicores", abs(mean - 50) <= 2.5, f"{kind} uses {mean} millicores")


def compare_cpu(usage, name, about, field, samples):
    flow = Flow(usage.interval, [(time, rate / 1000) for time, rate in usage.readings(about, field)])
    words = f"{usage.words(about)} {field}"
    # The kernel counts user and system time in its ticks of 10 ms.
    absolute = 0.002 if field == "cpu_usage_total" else 0.02
    pairs = compare_counter(usage.verdict, name, flow, samples, 0.02, absolute, words)
    if words.startswith("qos-guaranteed") and field == "cpu_usage_total" and pairs:
        delta, _, _, guess, _ = max(pairs, key=lambda pair: pair[4])
        off = abs(guess - delta) / delta
        usage.verdict.check("a steady CPU load to 5 %", off <= 0.05, f"{words}: {name} {delta} s, the agent {guess} s")
        usage.verdict.measure(f"a steady CPU load, {name}", off * 100, "%", words)


def check_traffic(usage, bursts):
    """Bytes and packets of every pod's interface, and of the node's."""
    verdict, sharp = usage.verdict, {}
    for theirs, ours in TRAFFIC.items():
        for (namespace, pod, interface), samples in cadvisor_networks(usage.watcher, f"container_network_{theirs}_total").items():
            rows = usage.interfaces.get((namespace, pod, interface))
            # cAdvisor still speaks of a pod that is over, for a while.
            over = pod.startswith("once-")
            if pod and not over and verdict.check("every interface that cAdvisor has", rows, f"{pod} {interface} is missing"):
                flow = usage.flow(rows, f"pod_interface_network_{ours}")
                pairs = compare_counter(verdict, "traffic as cAdvisor has it", flow, samples, 0.01, 2, f"{pod} {interface} {ours}")
                whole = [p for p in pairs if p[1] >= 0.99 * min(bursts) and p[2] - p[1] <= 0.01 * p[0]]
                if whole:
                    sharp[pod, ours] = min(abs(p[3] - p[0]) / p[0] for p in whole)
    for theirs, ours in (("rxBytes", "rx_bytes"), ("txBytes", "tx_bytes")):
        picked = from_summaries(usage.watcher, interface_member(theirs, "eth0"))
        for about, samples in picked.items():
            rows = usage.things.get(about)
            if about[0] == "pod" and rows:
                flow = usage.flow(rows, f"pod_network_{ours}")
                compare_counter(verdict, "traffic as the summary has it", flow, samples, 0.01, 2, f"{usage.words(about)} {ours}")
    for end in (("sink", "rx_bytes"), ("source", "tx_bytes")):
        if verdict.check("a known burst between two moments of the kubelet", end in sharp, f"{end} has no pair of moments around it"):
            verdict.measure("a known burst, agent against cAdvisor", sharp[end] * 100, "%", " ".join(end))
            seen = sum(x for _, _, x in usage.flow(usage.interfaces["apps", end[0], "eth0"], f"pod_interface_network_{end[1]}").intervals)
            verdict.check("the bytes that were sent", 0.99 * sum(bursts) <= seen <= 1.02 * sum(bursts), f"{end}: {seen} of {sum(bursts)}")
    for (interface, counter), samples in host_devices(usage.watcher).items():
        rows = usage.interfaces.get(("NodeNet", interface))
        if rows:
            flow = usage.flow(rows, f"node_interface_network_{counter}")
            compare_counter(verdict, "the node's traffic as net/dev has it", flow, samples, 0.01, 2, f"{interface} {counter}")


def check_disks(usage):
    """The node's block I/O and file system; each container's, as the summary has them near the tick."""
    verdict, watcher = usage.verdict, usage.watcher
    for operation in ("Read", "Write", "Sync", "Async"):
        for about, samples in cadvisor(watcher, "container_blkio_device_usage_total", operation=operation).items():
            for key, rows in usage.interfaces.items():
                if about[0] == "node" and key[0] == "NodeDiskIO":
                    flow = usage.flow(rows, f"node_diskio_io_service_bytes_{operation.lower()}")
                    compare_counter(verdict, "block I/O as cAdvisor has it", flow, samples, 0.01, 65536, operation)
    for theirs, ours, room in (("capacityBytes", "capacity", 0), ("usedBytes", "usage", 64 * MIB), ("inodes", "inodes", 0)):
        samples = from_summaries(watcher, member("fs", theirs)).get(("node", ""), [])
        found = 0
        for key, rows in usage.interfaces.items():
            readings = [(time, event[f"node_filesystem_{ours}"]) for time, event in rows if key[0] == "NodeFS"]
            if readings and rows[0][1]["node_filesystem_capacity"] == watcher.summaries[0][1]["node"]["fs"]["capacityBytes"]:
                found += compare_gauge(verdict, "the node's file system", readings, samples, 0, room, f"{key[1]} {ours}")
        verdict.check("the node's file system is found", found, ours)


def check_container_fs(verdict, rounds, watcher):
    """Each container's writable layer and logs, as one of the summaries near the tick has them."""
    for tick in rounds:
        known = {}
        for when, summary in watcher.summaries:
            if abs(when - tick.time) <= 3:
                for pod in summary["pods"]:
                    for part in pod.get("containers", []):
                        if "rootfs" in part:
                            used = part["rootfs"].get("usedBytes", 0) + part.get("logs", {}).get("usedBytes", 0)
                            known.setdefault((pod["podRef"]["uid"], part["name"]), []).append((used, part["rootfs"]["capacityBytes"]))
        for event in tick.of("ContainerFS"):
            about = f"{event['K8sPodName']}/{event['ContainerName']}"
            said = known.get((event["PodId"], event["ContainerName"]), [])
            if not said and event["K8sPodName"] == "crash":
                # It came and went between two of our questions.
                continue
            used, capacity = event["container_filesystem_usage"], event["container_filesystem_capacity"]
            within = said and min(u for u, _ in said) <= used <= max(u for u, _ in said)
            verdict.check("a container's file system as the summary has it", within and capacity == said[0][1],
                          lambda: f"{about}: {used} of {capacity}, the kubelet says {said}")
            ratio = used / capacity * 100
            verdict.check("a file system's utilisation", abs(event["container_filesystem_utilization"] - ratio) <= 1e-9 * max(1, ratio), about)
        running = {(e["PodId"], e["ContainerName"]) for e in tick.of("Container", container_status="Running")}
        have = {(e["PodId"], e["ContainerName"]) for e in tick.of("ContainerFS")}
        verdict.check("ContainerFS for every container that the summary has", have >= running & set(known), lambda: running & set(known) - have)
