"""What flowed and what is stored: traffic, block I/O and file systems, against cAdvisor and the kubelet's summary."""
from kubelet_side import cadvisor, cadvisor_networks, from_summaries, host_devices, interface_member, member
from series import Flow, compare_counter, compare_gauge, counts

MIB = 1 << 20
TRAFFIC = {
    "receive_bytes": "rx_bytes", "receive_packets": "rx_packets", "receive_errors": "rx_errors",
    "receive_packets_dropped": "rx_dropped", "transmit_bytes": "tx_bytes", "transmit_packets": "tx_packets",
    "transmit_errors": "tx_errors", "transmit_packets_dropped": "tx_dropped",
}


def check(usage, rounds, bursts, slow):
    """`bursts` are the sizes that source has sent to sink; of a slow node the kubelet's answers may be missing."""
    check_traffic(usage, bursts)
    check_disks(usage)
    check_container_fs(usage.verdict, rounds, usage.watcher, slow)


def whole_flows(usage, rows, prefix):
    """{counter: flow} of an interface's records, by the whole counts that its rates stand for."""
    found = {counter: [] for counter in TRAFFIC.values()}
    for time, event in rows:
        rates = {counter: event[prefix + counter] for counter in found if prefix + counter in event}
        if len(rates) == len(found):
            answer = counts(rates, usage.interval)
            if usage.verdict.check("rates are whole counts over one time", answer, f"{event.get('K8sPodName')} {rates}"):
                usage.verdict.measure("time between two readings beside the interval", abs(answer[1] - usage.interval) * 1000, "ms", prefix)
                for counter, count in answer[0].items():
                    found[counter].append((time, count))
    return {counter: Flow(usage.interval, rows, whole=True) for counter, rows in found.items()}


def check_traffic(usage, bursts):
    """Bytes and packets of every pod's interface, and of the node's: to the byte, but for what flowed around the readings."""
    verdict, sharp = usage.verdict, {}
    pods = {key: whole_flows(usage, rows, "pod_interface_network_") for key, rows in usage.interfaces.items() if len(key) == 3}
    sums = {about: whole_flows(usage, rows, "pod_network_") for about, rows in usage.things.items()
            if about[0] == "pod" and usage.words(about) != "hostnet"}
    for theirs, ours in TRAFFIC.items():
        for (namespace, pod, interface), samples in cadvisor_networks(usage.watcher, f"container_network_{theirs}_total").items():
            flows = pods.get((namespace, pod, interface))
            # cAdvisor still speaks of a pod that is over, for a while.
            over = pod.startswith("once-")
            if pod and not over and verdict.check("every interface that cAdvisor has", flows, f"{pod} {interface} is missing"):
                pairs = compare_counter(verdict, "traffic as cAdvisor has it", flows[ours], samples, 0, 0, f"{pod} {interface} {ours}")
                around = [high - low for _, low, high, _, _ in pairs if low >= min(bursts)]
                if around and min(around) <= 0.001 * min(bursts):
                    sharp[pod, ours] = min(around)
    # A pod with an interface of its own has one; hostnet has all of the node's.
    for theirs, ours in (("rxBytes", "rx_bytes"), ("txBytes", "tx_bytes")):
        for about, samples in from_summaries(usage.watcher, interface_member(theirs, "eth0")).items():
            if about in sums:
                compare_counter(verdict, "traffic as the summary has it", sums[about][ours], samples, 0, 0, f"{usage.words(about)} {ours}")
    for pod, counter in (("sink", "rx_bytes"), ("source", "tx_bytes")):
        if verdict.check("a known burst between two moments of the kubelet", (pod, counter) in sharp, f"{pod} has no pair of moments around it"):
            verdict.measure("bytes that leave room around a known burst", sharp[pod, counter], "", f"{pod} {counter}")
        seen = sum(count for _, _, count in pods["apps", pod, "eth0"][counter].intervals)
        verdict.check("the bytes that were sent", sum(bursts) <= seen <= 1.02 * sum(bursts), f"{pod}: {seen} of {sum(bursts)}")
    nodes = {key[1]: whole_flows(usage, rows, "node_interface_network_") for key, rows in usage.interfaces.items() if key[0] == "NodeNet"}
    for (interface, counter), samples in host_devices(usage.watcher).items():
        if interface in nodes:
            compare_counter(verdict, "the node's traffic as net/dev has it", nodes[interface][counter], samples, 0, 0, f"{interface} {counter}")


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
