"""Numbers over time, of the agent and of the kubelet, and how to compare them fairly.

The kubelet reads a cgroup every 10 to 20 s at moments of its own, the agent at its ticks. A gauge of the kubelet must lie
between the agent's readings before and after; a difference of its counters between what the agent's ticks saw flow that lie
wholly between its two moments, and those that touch them.
"""
import bisect

# Seconds by which a reading may lie beside its stamp.
SLACK = 0.15


class Sample:
    """A value of the kubelet, read at some moment of `low` to `high`: its summary tells whole seconds only."""

    def __init__(self, low, high, value):
        self.low, self.high, self.value = low, high, value


class Gauge:
    """The agent's readings of one gauge, by time."""

    def __init__(self, readings):
        self.times = [time for time, _ in readings]
        self.values = [value for _, value in readings]

    def around(self, sample, more=0):
        """The readings before and after a moment, and so many more on both sides; None where there are not as many."""
        left = bisect.bisect_right(self.times, sample.low - SLACK) - 1
        right = bisect.bisect_left(self.times, sample.high + SLACK)
        if left - more < 0 or right + more >= len(self.times):
            return None
        return self.values[left - more:right + more + 1]


class Flow:
    """The agent's rates of one counter, or the counts found from them: what flowed in each of its intervals."""

    def __init__(self, interval, rows, whole=False):
        self.intervals = []
        last = None
        for time, value in rows:
            begin = last if last is not None and time - last < 1.5 * interval else time - interval
            self.intervals.append((begin, time, value if whole else value * (time - begin)))
            last = time

    def covers(self, first, last):
        if not self.intervals:
            return False
        whole = all(abs(a[1] - b[0]) < 0.01 for a, b in zip(self.intervals, self.intervals[1:]))
        return whole and self.intervals[0][0] + SLACK <= first.low and last.high <= self.intervals[-1][1] - SLACK

    def bounds(self, first, last):
        """The least and the most that flowed between two samples, and a guess in between."""
        inner = [x for a, b, x in self.intervals if a >= first.high + SLACK and b <= last.low - SLACK]
        outer = [x for a, b, x in self.intervals if b > first.low - SLACK and a < last.high + SLACK]
        begin, end = (first.low + first.high) / 2, (last.low + last.high) / 2
        guess = sum(x * max(0, min(b, end) - max(a, begin)) / (b - a) for a, b, x in self.intervals)
        return sum(inner), sum(outer), guess


def counts(rates, interval):
    """How much each counter went on, and in how many seconds, found from the rates of one reading; None where there is no
    answer. All of them are whole numbers over one and the same time, which lies near the interval."""
    moving = sorted(rate for rate in rates.values() if rate > 0)
    if not moving:
        return dict.fromkeys(rates, 0), interval
    least, found = moving[0], []
    for count in range(max(1, int(least * interval * 0.9)), int(least * interval * 1.1) + 2):
        seconds = count / least
        if all(abs(rate * seconds - round(rate * seconds)) < 1e-4 for rate in moving):
            found.append(seconds)
    if not found:
        return None
    seconds = min(found, key=lambda one: abs(one - interval))
    return {name: round(rate * seconds) for name, rate in rates.items()}, seconds


def compare_gauge(verdict, name, readings, samples, relative, absolute, about, stands_still=True):
    """Every sample lies between its neighbours; what stands still agrees to the byte."""
    gauge = Gauge(readings)
    compared = 0
    for sample in samples:
        near = gauge.around(sample)
        if near is None:
            continue
        compared += 1
        room = max(relative * sample.value, absolute)
        low, high = min(near), max(near)
        off = max(0, low - sample.value, sample.value - high)
        verdict.check(name, off <= room, lambda: f"{about}: the kubelet says {sample.value}, the agent {near}")
        verdict.measure(f"{name}, beyond both neighbours", off, "", about)
        still = gauge.around(sample, 2)
        if stands_still and still and len(set(still)) == 1:
            verdict.equal(f"{name}, standing still", still[0], sample.value, about)
    return compared


def compare_counter(verdict, name, flow, samples, relative, absolute, about):
    """Every difference of two samples lies within what flowed; gives the pairs that were compared as (delta, low, high, guess)."""
    pairs = []
    for number, first in enumerate(samples):
        for last in samples[number + 1:]:
            delta = last.value - first.value
            if delta < 0 or last.low - first.high < 1 or not flow.covers(first, last):
                continue
            low, high, guess = flow.bounds(first, last)
            room = relative * delta + absolute
            verdict.check(name, low - room <= delta <= high + room,
                          lambda: f"{about}: the kubelet counts {delta:.6g} in {last.low - first.low:.1f} s, the agent {low:.6g} to {high:.6g}")
            verdict.measure(f"{name}, outside of the bounds", max(0, low - delta, delta - high), "", about)
            pairs.append((delta, low, high, guess, last.low - first.high))
    return pairs
