"""The shape of the events: rounds, times, record types, and every metric and attribute of the generated page."""
import collections
import math
import os
import re

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs/metrics.md")
TYPES = ("Node", "NodeFS", "NodeDiskIO", "NodeNet", "Pod", "PodNet", "Container", "ContainerFS")
# Version 2 tells these operations not apart, and the root has no memory.peak.
NOT_ON_V2 = re.compile(r"node_diskio_.*_(a?sync)$|node_memory_max_usage$")


def catalogue():
    """{type: (metrics, attributes that always are there, all attributes)} as docs/metrics.md lists them."""
    found, metrics = {}, False
    with open(PAGE, encoding="utf-8") as file:
        for line in file:
            if heading := re.match(r"## (\w+)$", line):
                here = found.setdefault(heading.group(1), (set(), set(), set()))
            elif line.startswith("| metric"):
                metrics = True
            elif line.startswith("| attribute"):
                metrics = False
            elif row := re.match(r"\| `(\w+)` \|.*\| (.*) \|$|\| `(\w+)` \| (.*) \|$", line):
                name = row.group(1) or row.group(3)
                if metrics:
                    here[0].add(name)
                elif (row.group(2) or row.group(4)) != "not in this version":
                    here[2].add(name)
                    if (row.group(2) or row.group(4)) == "always":
                        here[1].add(name)
    return {record_type: found[record_type] for record_type in TYPES}


def check(verdict, rounds, interval, at_least, node, unified=False, slow=False):
    """A slow kubelet's summary may come too late for a round."""
    verdict.check("there are enough rounds", len(rounds) >= at_least, f"{len(rounds)} of {at_least}")
    for earlier, later in zip(rounds, rounds[1:]):
        apart = later.time - earlier.time
        verdict.check("rounds are one interval apart", abs(apart - interval) <= 0.1, f"{apart} s")
        verdict.measure("a round beside its moment", abs(apart - interval) * 1000, "ms")
    seen = collections.defaultdict(set)
    pages = catalogue()
    for tick in rounds:
        missing = set(TYPES) - tick.types() - ({"ContainerFS"} if slow else set())
        verdict.check("every round has every record type", not missing, missing)
        keys = [identity(event) for event in tick.events]
        verdict.equal("no thing has two records in a round", len(keys), len(set(keys)), tick.timestamp_ms)
        for event in tick.events:
            check_event(verdict, event, pages, node, tick.timestamp_ms)
            seen[event["Type"]].update(event)
    for record_type, (metrics, always, _) in pages.items():
        missing = (metrics | always) - seen[record_type]
        if unified:
            missing = {name for name in missing if not NOT_ON_V2.match(name)}
        verdict.check("every metric and attribute is produced", not missing, f"{record_type} never has {sorted(missing)}")


def identity(event):
    return tuple(event.get(key) for key in ("Type", "PodId", "ContainerName", "interface", "device"))


def check_event(verdict, event, pages, node, timestamp_ms):
    record_type = event["Type"]
    about = f"{record_type} {event.get('K8sPodName', '')} {event.get('ContainerName', '')}"
    if not verdict.check("no other record types", record_type in pages, record_type):
        return
    metrics, always, attributes = pages[record_type]
    names = set(event) - {"_aws"}
    verdict.check("no member that the page does not list", names <= metrics | attributes, lambda: f"{about}: {names - metrics - attributes}")
    verdict.check("attributes that always are there", always <= names, lambda: f"{about} lacks {always - names}")
    verdict.check("a record has a metric", names & metrics, about)
    for name in names & metrics:
        value = event[name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        verdict.check("metrics are numbers, none below zero", number and value >= 0, f"{about} {name} is {value!r}")
        if name.endswith(("_utilization", "_reserved_capacity")) and number:
            verdict.check("ratios of the node are at most 100", value <= 101, f"{about} {name} is {value}")
    verdict.equal("NodeName is the node's", event["NodeName"], node, about)
    verdict.equal("ClusterName is the one that was set", event["ClusterName"], "bed", about)
    verdict.check("Sources is a list", isinstance(event["Sources"], list), about)
    envelope = event.get("_aws")
    verdict.equal("Version tells whether there is an envelope", event["Version"], "1" if envelope else "0", about)
    if envelope:
        verdict.equal("the envelope has the round's time", envelope["Timestamp"], timestamp_ms, about)
        for directive in envelope["CloudWatchMetrics"]:
            named = {m["Name"] for m in directive["Metrics"]} | {d for dims in directive["Dimensions"] for d in dims}
            verdict.check("directives name what the event has", named <= set(event), lambda: f"{about}: {named - set(event)}")
