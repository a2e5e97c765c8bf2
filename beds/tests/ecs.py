#!/usr/bin/env python3
"""Checks the events of agents on a container instance against what its tasks asked for and what the kernel counted.

  ecs.py FOLDER [--late MS]      FOLDER is what ecs/instance.py left; a round may be late by MS
"""
import argparse
import json

from expect import MIB, Checks, Events, check_output, check_rounds, read

INTERVAL_MS = 1000
SHARES_PER_CPU = 1024
KINDS = {"Instance", "InstanceFS", "InstanceDiskIO", "InstanceNet"}
# A round, and the list of tasks that one asks for and the next one has.
STALE_MS = 2 * INTERVAL_MS + 500
# Nobody has given the bed keys for EC2, and its instance has no role.
WARNINGS = ("the logging exporter is called debug now", "credentials", "own metrics listening on the next free port")
# How late rounds are in a guest that is not emulated; in one that is the fakes answer late too.
GUEST_LATE, LATE_ROUNDS = 700, 8
# The agent that can't ask for the machine's /: nothing it has mounted is of it.
WITHOUT_ROOT = ("bare",)


def reserved(tasks):
    """(shares, bytes, running) of the tasks that run, by their definitions alone."""
    shares = memory = running = 0
    for task in (task for task in tasks if task["status"] == "RUNNING"):
        running += 1
        own = task["cpus"] * SHARES_PER_CPU if task["cpus"] else task["shares"]
        # The kernel gives no group fewer than two: a task with two of them asks for none.
        shares += own if own > 2 else 0
        memory += task["memory"] or sum(one["soft"] or one["hard"] or 0 for one in task["containers"])
    return shares, memory, running


class Watched:
    """What the kernel counted, between any two moments of the run."""

    def __init__(self, text):
        self.lines = [json.loads(line) for line in text.splitlines()]

    def at(self, name, time):
        time = min(time, self.lines[-1]["unix_ms"])
        for before, after in zip(self.lines, self.lines[1:]):
            if before["unix_ms"] <= time <= after["unix_ms"]:
                part = (time - before["unix_ms"]) / max(1, after["unix_ms"] - before["unix_ms"])
                return before[name] + (after[name] - before[name]) * part
        raise RuntimeError(f"nobody looked at {time}")

    def between(self, name, begin, end):
        return self.at(name, end) - self.at(name, begin)


class Check:
    def __init__(self, checks, report, watched, name, folder, late):
        self.checks, self.report, self.watched, self.late = checks, report, watched, late
        self.name, self.log = name, read(f"{folder}/{name}.stderr")
        self.events = Events(read(f"{folder}/{name}.events"))
        self.tasks = report["tasks"]

    def all(self):
        print(f"agent {self.name}: {len(self.events.times)} rounds", flush=True)
        self.common()
        self.tells_where_it_is()
        self.reservations()
        self.cpu()
        self.memory()
        self.disk()
        self.network()
        self.file_systems()

    def common(self):
        checks = self.checks
        code = self.report["codes"].get(self.name)
        checks.that(code == 0, "SIGTERM ends it with code 0", code)
        check_output(checks, self.events, self.log, (*WARNINGS, "no whole answer") if self.late > GUEST_LATE else WARNINGS)
        check_rounds(checks, self.events, INTERVAL_MS, self.late)
        kinds = {event["Type"] for found in self.events.rounds.values() for event in found}
        checks.that(kinds == KINDS, "its record types are a container instance's", sorted(kinds))

    def tells_where_it_is(self):
        # The ECS agent isn't registered at first.
        given = self.report["given"]
        first = 3
        if self.late > GUEST_LATE:
            # Nor may it answer in time where it is emulated.
            known = [all(name in event for event in self.events.rounds[time] for name in given) for time in self.events.times]
            first = known.index(True) if True in known[:-LATE_ROUNDS] else first
        late = [event for time in self.events.times[first:] for event in self.events.rounds[time]]
        lacking = [(event["Type"], name) for event in late for name in given if event.get(name) != given[name]]
        self.checks.that(late and not lacking, f"each of {len(late)} events has {', '.join(given)}", str(lacking[:3]) if lacking else "")

    def reservations(self):
        checks, begin, stop = self.checks, self.report["load_unix_ms"][0], self.report["stop_unix_ms"]
        node = (self.events.of("Instance") or [(0, {})])[-1][1]
        cpus, memory = self.report["cpus"], self.report["memory_total"]
        checks.close(node.get("instance_cpu_limit"), cpus * 1000, 0, "its CPUs in millicores")
        checks.close(node.get("instance_memory_limit"), memory, 0, "its memory in bytes")
        before = [{**task, "status": "RUNNING"} if task["name"] == "parts" else task for task in self.tasks]
        after = [{**task, "status": "STOPPED"} if task["name"] == "parts" else task for task in self.tasks]
        for words, tasks, first, last in (("with all tasks", before, begin, stop), ("after one has stopped", after, stop + STALE_MS, 1e15)):
            shares, held, running = reserved(tasks)
            seen = self.events.of("Instance", first, last)
            def worst(metric, asked):
                values = [event.get(metric) for _, event in seen]
                return None if not values or None in values else max(values, key=lambda value: abs(value - asked))
            checks.close(worst("instance_number_of_running_tasks", running), running, 0, f"running tasks {words}, {len(seen)} rounds")
            percent = shares / (cpus * SHARES_PER_CPU) * 100
            checks.close(worst("instance_cpu_reserved_capacity", percent), percent, 1e-9, f"reserved CPU in percent {words}")
            percent = held / memory * 100
            checks.close(worst("instance_memory_reserved_capacity", percent), percent, 1e-9, f"reserved memory in percent {words}")

    def whole(self):
        """First and last round that have a rate."""
        return self.events.times[1], self.events.times[-1]

    def cpu(self):
        # The first round's own rate goes back to before it: from it on.
        begin, end = self.whole()[0], self.whole()[1]
        used = self.events.amount("Instance", "instance_cpu_usage_total", after=begin) / (end - begin) * 1000
        counted, measured = (self.watched.between(name, begin, end) / (end - begin) * 1000 for name in ("busy_ms", "measured_ms"))
        limit = self.report["cpus"] * 1000
        # /proc/stat looks who runs at each of its ticks, cpuacct measures; a guest has few ticks, and what the machine takes from
        # it is in one and not in the other.
        slack = max((0.03 if self.late <= 150 else 0.1) * limit, 0.06 * counted)
        low, high = sorted((counted, measured if self.late > 150 else counted))
        self.checks.between(used, low - slack, high + slack, "used CPU in millicores, by /proc/stat, in a guest also by the cgroups")
        self.checks.between(used, self.busy() * 0.9, limit * 1.02, "and not less than the task that spins")
        share = self.events.mean("Instance", "instance_cpu_utilization", after=begin)
        mean = self.events.mean("Instance", "instance_cpu_usage_total", after=begin)
        self.checks.close(share, mean / limit * 100, 1e-6, "in percent of all")

    def busy(self):
        """Millicores of the container that spins, as it was asked for and as Docker says."""
        return self.report["tasks"][0]["cpus"] * 1000

    def as_watched(self, kind, metric, name, **attributes):
        """A reading is the kernel's of about the same time."""
        wrong, values = [], self.events.values(kind, metric, after=self.events.times[0], **attributes)
        for time, value in values:
            near = [line[name] for line in self.watched.lines if abs(line["unix_ms"] - time) < 700]
            if not near or not min(near) - 16 * MIB <= value <= max(near) + 16 * MIB:
                wrong.append((time, value, near))
        self.checks.that(values and not wrong, f"{metric}: as the kernel says, in {len(values)} rounds", str(wrong[:2]) if wrong else "")

    def memory(self):
        for name in ("memory_usage", "memory_working_set"):
            self.as_watched("Instance", "instance_" + name, name)

    def disk(self):
        begin, end = self.whole()[0], self.whole()[1]
        shown = {event["device"] for _, event in self.events.of("InstanceDiskIO")}
        disk = self.report["disk"]
        self.checks.that(disk in shown, f"InstanceDiskIO has {disk}", sorted(shown))
        written = self.events.amount("InstanceDiskIO", "instance_diskio_io_service_bytes_write", after=begin, device=disk)
        counted = self.watched.between("disk_written", begin, end + 500)
        self.checks.between(written, self.report["asked_written"] * 0.98, max(counted, self.report["asked_written"]) * 1.02,
                            "written bytes: what was asked for, at most what /proc/diskstats says")

    def network(self):
        sent = self.report["sent"]
        shown = {event["interface"] for _, event in self.events.of("InstanceNet")}
        hidden = ("lo", "veth", "docker", "nerdctl")
        expected = {name for name in self.report["interfaces"] if name != "lo" and not name.startswith(hidden[1:])}
        self.checks.that(shown == expected, "the interfaces are the machine's", sorted(shown))
        for metric, asked, slack in (("bytes", sent["bytes"], 2000), ("packets", sent["packets"], 20)):
            seen = self.events.amount("InstanceNet", f"instance_interface_network_tx_{metric}", interface=sent["interface"])
            # A round is read a little behind its time, in a guest now more and now less.
            part = 0.005 if self.late <= 150 else 0.05
            self.checks.between(seen, asked * (1 - part), asked * (1 + part) + slack, f"{metric} sent")
        worst = 0
        for _, node in self.events.of("Instance"):
            parts = [event for event in self.events.rounds[int(node["Timestamp"])] if event["Type"] == "InstanceNet"]
            for name in ("rx_bytes", "tx_bytes"):
                total = sum(part.get("instance_interface_network_" + name, 0) for part in parts)
                worst = max(worst, abs(node.get("instance_network_" + name, 0) - total))
        self.checks.that(worst < 1e-3, "the instance's network is the sum of its interfaces")

    def file_systems(self):
        checks, shown = self.checks, {event["device"]: event for _, event in self.events.of("InstanceFS")}
        for path, asked in self.report["file_systems"].items():
            event = shown.get(asked["device"])
            if path == "/" and self.name in WITHOUT_ROOT:
                checks.that(True, "InstanceFS has the machine's /" if event else "InstanceFS has no /, which can't be seen from there")
            else:
                checks.that(event is not None, f"InstanceFS has {path} ({asked['device']})", sorted(shown))
            if event:
                checks.close(event["instance_filesystem_capacity"], asked["capacity"], 0, "its capacity in bytes")
                checks.close(event["instance_filesystem_inodes"], asked["inodes"], 0, "its inodes")
                if path == "/":
                    self.as_watched("InstanceFS", "instance_filesystem_usage", "root_used", device=asked["device"])
                else:
                    checks.close(event["instance_filesystem_usage"], asked["usage"], 0, "used of it")
        # What has the agent's own root, or another container's, is none of the machine's.
        strange = sorted(set(shown) - {asked["device"] for asked in self.report["file_systems"].values()})
        strange = [device for device in strange if device not in self.report["devices"]]
        checks.that(not strange, "and nothing that the machine has not mounted", strange or "")


def check_runtime(checks, report, watched):
    """The runtime itself says that the tasks are what was asked for, and use what they should."""
    told, tasks = report["told"], report["tasks"]
    if "settings" in told:
        wrong = []
        for task in tasks:
            for container in task["containers"]:
                seen = told["settings"][container["id"]]
                asked = {"CpuShares": container["shares"], "Memory": container["hard"] or 0, "MemoryReservation": container["soft"] or 0,
                         "CgroupParent": "/ecs/" + task["id"]}
                wrong += [(task["name"], name, seen[name]) for name in asked if seen[name] != asked[name]]
        checks.that(not wrong, "docker inspect: the containers are as asked", wrong or "")
        percent = float(told["stats"][0]["CPUPerc"].rstrip("%"))
        asked, (begin, end) = tasks[0]["cpus"] * 100, report["load_unix_ms"]
        # Where others take all of the machine's CPUs, a task gets less than it asks for.
        all_taken = watched.between("busy_ms", begin, end) > 0.95 * report["cpus"] * (end - begin)
        checks.between(percent, 0 if all_taken else asked - 10, asked + 10, "docker stats: CPU of the task that spins, percent")
    elif "units" in told:
        units = {unit["Id"]: unit for unit in told["units"]}
        wrong = []
        for task in tasks:
            unit = units[f"ecstasks-{task['id']}.slice"]
            if not unit["ControlGroup"].endswith(f"/ecstasks.slice/ecstasks-{task['id']}.slice"):
                wrong.append((task["name"], unit["ControlGroup"]))
            if unit["MemoryMax"] != (str(task["memory"]) if task["memory"] else "infinity"):
                wrong.append((task["name"], unit["MemoryMax"]))
            for container in task["containers"]:
                scope = units.get(f"docker-{container['id']}.scope")
                if scope and container["soft"] and scope["MemoryLow"] != str(container["soft"]):
                    wrong.append((task["name"], scope["MemoryLow"]))
        checks.that(not wrong, "systemctl show: the units are as asked", wrong or "")
    fakes = report["fakes"]
    checks.that(not fakes["violations"], "the fakes were asked nothing strange", fakes["violations"] or f"{fakes['requests']} requests")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--late", type=int, default=150)
    options = parser.parse_args()
    report = json.loads(read(options.folder + "/report"))
    checks, watched = Checks(), Watched(read(options.folder + "/watched"))
    print(f"kernel {report['kernel']}, cgroup v{report['cgroup']}", flush=True)
    check_runtime(checks, report, watched)
    for name in report["codes"]:
        Check(checks, report, watched, name, options.folder, options.late).all()
    checks.end()


main()
