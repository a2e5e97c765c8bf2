"""What flowed and what is stored: traffic, block I/O and file systems, against cAdvisor and the kubelet's summary."""
from kubelet_side import cadvisor, cadvisor_networks, from_summaries, host_devices, interface_member, member
from series import compare_counter, compare_gauge

MIB = 1 << 20
TRAFFIC = {
    "receive_bytes": "rx_bytes", "receive_packets": "rx_packets", "receive_errors": "rx_errors",
    "receive_packets_dropped": "rx_dropped", "transmit_bytes": "tx_bytes", "transmit_packets": "tx_packets",
    "transmit_errors": "tx_errors", "transmit_packets_dropped": "tx_dropped",
}


def check(usage, rounds, bursts, slow):
    """`bursts` are the sizes that source has sent to sink; a slow node's ticks are less punctual."""
    check_traffic(usage, bursts, 0.05 if slow else 0.01)
    check_disks(usage)
    check_container_fs(usage.verdict, rounds, usage.watcher, slow)


def check_traffic(usage, bursts, room):
    """Bytes and packets of every pod's interface, and of the node's."""
    verdict, sharp = usage.verdict, {}
    for theirs, ours in TRAFFIC.items():
        for (namespace, pod, interface), samples in cadvisor_networks(usage.watcher, f"container_network_{theirs}_total").items():
            rows = usage.interfaces.get((namespace, pod, interface))
            # cAdvisor still speaks of a pod that is over, for a while.
            over = pod.startswith("once-")
            if pod and not over and verdict.check("every interface that cAdvisor has", rows, f"{pod} {interface} is missing"):
                flow = usage.flow(rows, f"pod_interface_network_{ours}")
                pairs = compare_counter(verdict, "traffic as cAdvisor has it", flow, samples, room, 2, f"{pod} {interface} {ours}")
                whole = [p for p in pairs if p[1] >= 0.99 * min(bursts) and p[2] - p[1] <= 0.01 * p[0]]
                if whole:
                    sharp[pod, ours] = min(abs(p[3] - p[0]) / p[0] for p in whole)
    # A pod with an interface of its own has one; hostnet has all of the node's.
    for theirs, ours in (("rxBytes", "rx_bytes"), ("txBytes", "tx_bytes")):
        picked = from_summaries(usage.watcher, interface_member(theirs, "eth0"))
        for about, samples in picked.items():
            rows = usage.things.get(about)
            if about[0] == "pod" and rows and usage.words(about) != "hostnet":
                flow = usage.flow(rows, f"pod_network_{ours}")
                compare_counter(verdict, "traffic as the summary has it", flow, samples, room, 2, f"{usage.words(about)} {ours}")
    for end in (("sink", "rx_bytes"), ("source", "tx_bytes")):
        if verdict.check("a known burst between two moments of the kubelet", end in sharp, f"{end} has no pair of moments around it"):
            verdict.measure("a known burst, agent against cAdvisor", sharp[end] * 100, "%", " ".join(end))
            seen = sum(x for _, _, x in usage.flow(usage.interfaces["apps", end[0], "eth0"], f"pod_interface_network_{end[1]}").intervals)
            verdict.check("the bytes that were sent", 0.99 * sum(bursts) <= seen <= 1.02 * sum(bursts), f"{end}: {seen} of {sum(bursts)}")
    for (interface, counter), samples in host_devices(usage.watcher).items():
        rows = usage.interfaces.get(("NodeNet", interface))
        if rows:
            flow = usage.flow(rows, f"node_interface_network_{counter}")
            compare_counter(verdict, "the node's traffic as net/dev has it", flow, samples, room, 2, f"{interface} {counter}")


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


def check_container_fs(verdict, rounds, watcher, slow):
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
            # It came and went between two of our questions; or these were too far apart, and the agent's log grows.
            far = len(said) < 2 and event["ContainerName"] == "aws-otel-collector" or not said
            if far and (slow or event["K8sPodName"] == "crash"):
                continue
            used, capacity = event["container_filesystem_usage"], event["container_filesystem_capacity"]
            within = said and min(u for u, _ in said) <= used <= max(u for u, _ in said)
            verdict.check("a container's file system as the summary has it", within and capacity == said[0][1],
                          lambda: f"{about}: {used} of {capacity}, the kubelet says {said}")
            ratio = used / capacity * 100
            verdict.check("a file system's utilisation", abs(event["container_filesystem_utilization"] - ratio) <= 1e-9 * max(1, ratio), about)
        running = {(e["PodId"], e["ContainerName"]) for e in tick.of("Container", container_status="Running")}
        have = {(e["PodId"], e["ContainerName"]) for e in tick.of("ContainerFS")}
        # A slow kubelet's answer may come too late for a round.
        if have or not slow:
            verdict.check("ContainerFS for every container that the summary has", have >= running & set(known), lambda: running & set(known) - have)
