"""What the kubelet said, by the things that the agent's records are about: by container id, pod UID, or the node."""
import calendar
import re
import time

from series import Sample

CONTAINER = re.compile(r"([0-9a-f]{64})(\.scope)?$")
POD = re.compile(r"pod([0-9a-f]{8}[-_][0-9a-f_-]{27}|[0-9a-f]{32})(\.slice)?$")


def thing(cgroup):
    """("node", ""), ("container", id), ("pod", uid) or None."""
    if cgroup == "/":
        return "node", ""
    last = cgroup.rsplit("/", 1)[-1]
    if found := CONTAINER.search(last):
        return "container", found.group(1)
    if found := POD.search(last):
        return "pod", found.group(1).replace("_", "-")
    return None


def cadvisor(watcher, metric, **labels):
    """{thing: samples} of one metric, as far as its labels are these."""
    found = {}
    for key, values in watcher.cadvisor.get(metric, {}).items():
        have = dict(key)
        about = thing(have["id"])
        if about and all(have.get(name) == value for name, value in labels.items()):
            found[about] = [Sample(t, t, value) for t, value in sorted(values.items())]
    return found


def cadvisor_networks(watcher, metric):
    """{(namespace, pod, interface): samples}: cAdvisor has them on the sandbox's cgroup."""
    found = {}
    for key, values in watcher.cadvisor.get(metric, {}).items():
        have = dict(key)
        about = (have["namespace"], have["pod"], have["interface"])
        found[about] = [Sample(t, t, value) for t, value in sorted(values.items())]
    return found


def seconds(stamp):
    """Whole seconds since the epoch."""
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


def from_summaries(watcher, pick):
    """{thing: samples} where `pick` takes (stamp, value) out of the part of a summary about a thing, or None."""
    found = {}
    for _, summary in watcher.summaries:
        parts = [(("node", ""), summary["node"])]
        for pod in summary["pods"]:
            parts.append((("pod", pod["podRef"]["uid"]), pod))
            parts += [(("container", pod["podRef"]["uid"], c["name"]), c) for c in pod.get("containers", [])]
        for about, part in parts:
            picked = pick(part)
            if picked and picked[1] is not None:
                found.setdefault(about, {})[seconds(picked[0])] = picked[1]
    return {about: [Sample(t, t + 1, v) for t, v in sorted(values.items())] for about, values in found.items()}


def member(*path):
    """A `pick` for a member of the group that has the time: member("memory", "workingSetBytes")."""
    group, name = path

    def pick(part):
        found = part.get(group)
        return (found["time"], found.get(name)) if found else None

    return pick


def interface_member(name, interface):
    def pick(part):
        network = part.get("network")
        for one in (network or {}).get("interfaces", []):
            if one["name"] == interface:
                return network["time"], one.get(name)
        return None

    return pick


def host_devices(watcher):
    """{(interface, counter): samples} of the node's own `net/dev`."""
    columns = {"rx_bytes": 1, "rx_packets": 2, "rx_errors": 3, "rx_dropped": 4,
               "tx_bytes": 9, "tx_packets": 10, "tx_errors": 11, "tx_dropped": 12}
    found = {}
    for when, text in watcher.devices:
        for line in text.splitlines()[2:]:
            words = line.replace(":", " ", 1).split()
            for counter, column in columns.items():
                found.setdefault((words[0], counter), []).append(Sample(when, when, int(words[column])))
    return found
