"""The agent's events, as rounds of records, and what its log says."""
import collections
import datetime
import json
import re


class Round:
    """All events of one tick."""

    def __init__(self, timestamp_ms):
        self.timestamp_ms = timestamp_ms
        self.time = timestamp_ms / 1000
        self.events = []

    def of(self, record_type, **attributes):
        """The events of a type whose members are these."""
        wanted = attributes.items()
        return [e for e in self.events if e["Type"] == record_type and all(e.get(k) == v for k, v in wanted)]

    def types(self):
        return {event["Type"] for event in self.events}


def wall(stamp):
    """Seconds since the epoch of the runtime's stamp, which has nanoseconds."""
    whole, _, rest = stamp.partition(".")
    fraction = re.match(r"\d+", rest).group()
    moment = datetime.datetime.fromisoformat(whole + "+00:00")
    return moment.timestamp() + float("0." + fraction)


class Log:
    """All that an agent wrote."""

    def __init__(self, rows, verdict=None):
        self.rounds = []
        self.first_event = None
        self.messages = []
        broken = 0
        for when, stream, line in rows:
            if stream == "stderr":
                self.messages.append(line)
                continue
            try:
                event = json.loads(line)
                timestamp = int(event["Timestamp"])
                event["Type"]
            except (ValueError, KeyError, TypeError):
                broken += 1
                continue
            self.first_event = self.first_event or wall(when)
            if not self.rounds or self.rounds[-1].timestamp_ms != timestamp:
                self.rounds.append(Round(timestamp))
            self.rounds[-1].events.append(event)
        if verdict:
            verdict.check("every line of standard output is an event", broken == 0, f"{broken} lines are not")

    def warnings(self):
        return [line for line in self.messages if re.search(r"\b(WARN|ERROR)\b", line)]

    def lasting(self):
        """Sources that failed and did not recover."""
        failing = collections.Counter()
        for line in self.messages:
            source = re.search(r'source="([^"]+)"', line)
            if source and "source fails" in line:
                failing[source.group(1)] += 1
            elif source and "source recovered" in line:
                failing[source.group(1)] -= 1
        return [source for source, count in failing.items() if count > 0]


def owner_document(event):
    """The `kubernetes` member, whether it is an object or still text."""
    document = event.get("kubernetes")
    return json.loads(document) if isinstance(document, str) else document
