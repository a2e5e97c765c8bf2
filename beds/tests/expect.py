"""What the agent wrote, as events and rounds, and the checks that every run of it must pass.

A check is one printed line: what must hold, and what was seen. `Checks.end` ends the program with 1 where one failed.
"""
import json
import math
import re
import sys

MIB = 2**20
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z +(DEBUG|INFO|WARN|ERROR) +\S")
# What the agent warns of in the sample configuration.
SAMPLE_WARNINGS = ("the logging exporter is called debug now",)
# One thing of a round has one record of a type: these attributes tell things apart.
IDENTITY = ("Type", "PodId", "ContainerName", "ContainerId", "interface", "device")


class Checks:
    """Checks made so far."""

    def __init__(self):
        self.failed = 0

    def that(self, holds, words, seen=""):
        """Notes whether something holds."""
        self.failed += not holds
        print(f"  {'ok    ' if holds else 'FAILED'} {words}{': ' if seen != '' else ''}{seen}", flush=True)

    def close(self, seen, asked, tolerance, words):
        """Notes whether a number is no further than `tolerance` from the one asked for."""
        holds = seen is not None and abs(seen - asked) <= tolerance
        self.that(holds, f"{words}: asked {asked:g} ± {tolerance:g}", "nothing" if seen is None else f"{seen:.6g}")

    def between(self, seen, low, high, words):
        """Notes whether a number lies within bounds."""
        holds = seen is not None and low <= seen <= high
        self.that(holds, f"{words}: from {low:.10g} to {high:.10g}", "nothing" if seen is None else f"{seen:.10g}")

    def end(self):
        if self.failed:
            print(f"{self.failed} checks failed", file=sys.stderr)
            sys.exit(1)


def _number(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value


def _refuse(text):
    raise ValueError(f"{text} is no JSON")


def parse(line):
    """One event: a JSON object whose numbers are finite and whose members have one name each."""
    def unique(pairs):
        names = [name for name, _ in pairs]
        if len(names) != len(set(names)):
            raise ValueError("a member's name stands there twice")
        return dict(pairs)
    event = json.loads(line, parse_float=_number, parse_constant=_refuse, object_pairs_hook=unique)
    if not isinstance(event, dict):
        raise ValueError("no object")
    return event


class Events:
    """All events of one run, and the rounds they make: by `Timestamp`, in order."""

    def __init__(self, text):
        self.faults, self.rounds = [], {}
        for number, line in enumerate(text.splitlines(), 1):
            try:
                event = parse(line)
                self.rounds.setdefault(int(event["Timestamp"]), []).append(event)
            except (ValueError, KeyError, TypeError) as error:
                self.faults.append(f"line {number}: {error!r}: {line[:200]}")
        self.times = list(self.rounds)

    def of(self, kind, after=0, before=math.inf, **attributes):
        """The events of a type with these attributes, each with its round's time in ms: (after, before)."""
        return [
            (time, event) for time, events in self.rounds.items() if after < time < before
            for event in events
            if event.get("Type") == kind and all(event.get(name) == value for name, value in attributes.items())
        ]

    def values(self, kind, metric, after=0, before=math.inf, **attributes):
        """A metric's values, each with its round's time."""
        found = self.of(kind, after, before, **attributes)
        return [(time, event[metric]) for time, event in found if metric in event]

    def amount(self, kind, metric, after=0, before=math.inf, **attributes):
        """What a rate adds up to over the rounds, but for the first one, whose length nobody knows."""
        length = {time: (time - previous) / 1000 for previous, time in zip(self.times, self.times[1:])}
        values = self.values(kind, metric, after, before, **attributes)
        return sum(value * length[time] for time, value in values if time in length)

    def mean(self, kind, metric, after=0, before=math.inf, **attributes):
        """The mean of a rate over time; None where it has no value."""
        values = self.values(kind, metric, after, before, **attributes)
        return sum(value for _, value in values) / len(values) if values else None

    def last(self, kind, metric, **attributes):
        values = self.values(kind, metric, **attributes)
        return values[-1][1] if values else None


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_output(checks, events, log, allowed=()):
    """Events on stdout and log lines on stderr, nothing else; no warning but those whose words are allowed."""
    checks.that(not events.faults, "stdout has events only", "; ".join(events.faults[:3]))
    lines = log.splitlines()
    strange = [line for line in lines if not LOG_LINE.match(line)]
    checks.that(not strange, "stderr has log lines only", "; ".join(strange[:3]))
    warnings = [line for line in lines if LOG_LINE.match(line) and LOG_LINE.match(line)[1] in ("WARN", "ERROR")]
    unknown = [line for line in warnings if not any(words in line for words in allowed)]
    checks.that(not unknown, "no warning that isn't expected", "; ".join(unknown[:3]))


def check_rounds(checks, events, interval_ms, slack_ms):
    """Rounds come one interval apart, none is missing or doubled, and nothing is in one of them twice."""
    gaps = [later - earlier for earlier, later in zip(events.times, events.times[1:])]
    odd = [gap for gap in gaps if abs(gap - interval_ms) > slack_ms]
    checks.that(len(gaps) >= 3 and not odd, f"{len(gaps) + 1} rounds, {interval_ms} ms apart within {slack_ms} ms",
                f"gaps {odd}" if odd else f"within {max((abs(gap - interval_ms) for gap in gaps), default=0)} ms")
    doubled = set()
    for time, found in events.rounds.items():
        seen = set()
        for event in found:
            identity = tuple(event.get(name) for name in IDENTITY)
            if identity in seen:
                doubled.add((time, *identity))
            seen.add(identity)
    checks.that(not doubled, "nothing is in a round twice", str(sorted(doubled, key=str)[:3]) if doubled else "")


def check_node(checks, events):
    """A node's own totals are those of its parts."""
    worst = 0
    for _, node in events.of("Node"):
        parts = [event for event in events.rounds[int(node["Timestamp"])] if event.get("Type") == "NodeNet"]
        for name in ("rx_bytes", "tx_bytes"):
            total = sum(part.get("node_interface_network_" + name, 0) for part in parts)
            worst = max(worst, abs(node.get("node_network_" + name, 0) - total))
    checks.that(worst < 1e-3, "a node's network is the sum of its interfaces")
