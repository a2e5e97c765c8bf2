"""What was used of memory and CPU, against cAdvisor and the kubelet's summary."""
from kubelet_side import cadvisor, from_summaries, member
from series import Flow, Sample, compare_counter, compare_gauge

MIB = 1 << 20
MEMORY = {
    "container_memory_working_set_bytes": "memory_working_set", "container_memory_usage_bytes": "memory_usage",
    "container_memory_rss": "memory_rss", "container_memory_cache": "memory_cache",
    "container_memory_mapped_file": "memory_mapped_file", "container_memory_max_usage_bytes": "memory_max_usage",
    "container_memory_swap": "memory_swap",
}
SUMMARY_MEMORY = {"workingSetBytes": "memory_working_set", "usageBytes": "memory_usage", "rssBytes": "memory_rss"}


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

    def gauges(self, name, sides, field, without=frozenset()):
        compared = set()
        for about, samples in sides.items():
            about = self.names.get(about, about)
            if len(about) == 2:
                readings = self.readings(about, field)
                # A node that does other work has other memory every second.
                relative = 0.3 if about[0] == "node" else 0.05
                # db-0 has another process every 5 s, in step with our rounds.
                still = not self.words(about).startswith("db-0")
                if compare_gauge(self.verdict, name, readings, samples, relative, MIB, f"{self.words(about)} {field}", still):
                    compared.add(about[0])
        self.verdict.equal(f"{name}: nodes, pods and containers", compared, {"node", "pod", "container"} - without, field)


def check(verdict, rounds, interval, watcher, unified):
    usage = Usage(verdict, rounds, interval, watcher)
    for metric, field in MEMORY.items():
        # The root of version 2 has no memory.peak.
        without = {"node"} if unified and field == "memory_max_usage" else set()
        usage.gauges("memory as cAdvisor has it", cadvisor(watcher, metric), field, without)
    for key, field in SUMMARY_MEMORY.items():
        usage.gauges("memory as the summary has it", from_summaries(watcher, member("memory", key)), field)
    check_cpu(usage)
    return usage


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
        delta, _, _, guess, seconds = max(pairs, key=lambda pair: pair[4])
        off = abs(guess - delta) / delta
        # The summary tells whole seconds only.
        room = 0.05 + ("summary" in name) / seconds
        usage.verdict.check("a steady CPU load to 5 %", off <= room, f"{words}: {name} {delta} s, the agent {guess} s")
        usage.verdict.measure(f"a steady CPU load, {name}", off * 100, "%", words)
