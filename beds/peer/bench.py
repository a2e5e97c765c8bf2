#!/usr/bin/env python3
"""What the agent and the Go collector cost on this node, one after the other, and what nobody costs, before both.

  bench.py FOLDER PODS      prints one JSON object: {"pods": N, "idle": {...}, "right": {...}, "left": {...}, "floor": {...}}

Of each side: cpu_ms and system_calls a minute (perf), rss_kb, pss_kb and peak_kb, the CPU of kubelet and API server in ms a minute
beside it, requests a minute to both, to CloudWatch Logs, wire_bytes and events a minute, lag_s (from an event's time to its
being accepted; mean and most), first_s and complete_s (start to the first event, and to the first with rates). The floor opens,
reads and closes the files that the agent reads at a tick, and does nothing else. As on_node.sh has it: root, in the node's network.
"""
import datetime
import json
import os
import re
import subprocess
import sys
import time

from sides import Cloud, Side, without_logging

IDLE, STEADY = int(os.environ.get("IDLE", "120")), int(os.environ.get("STEADY", "240"))
# Both have said everything they say by then.
WARM = {"right": 75, "left": 190}
CLUSTER = os.environ["CLUSTER"]
ACCOUNT = "system:serviceaccount:agent-system:agent"
PASSES = 20


def text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def lines(path):
    return [json.loads(line) for line in text(path).splitlines()] if os.path.exists(path) else []


def count(pids, seconds):
    """CPU time in ms and system calls a minute of each process, counted by the kernel over so many seconds."""
    running = {name: subprocess.Popen(
        ["perf", "stat", "-x", ",", "-e", "task-clock,raw_syscalls:sys_enter", "-p", str(pid), "sleep", str(seconds)],
        stderr=subprocess.PIPE, text=True) for name, pid in pids.items()}
    found = {}
    for name, process in running.items():
        rows = [row.split(",") for row in process.communicate()[1].splitlines() if "," in row]
        by_event = {row[2].split(":u")[0]: float(row[0]) * 60 / seconds for row in rows}
        found[name] = (by_event["task-clock"], by_event["raw_syscalls:sys_enter"])
    return found


def kubelet_requests():
    """How many requests the kubelet has answered to others than this one."""
    shown = subprocess.check_output(["kubectl", "get", "--raw", f"/api/v1/nodes/{os.environ['HOST_NAME']}/proxy/metrics"], text=True)
    rows = re.findall(r'^kubelet_http_requests_total\{([^}]*)\} (\S+)$', shown, re.M)
    return sum(float(number) for labels, number in rows if 'path="metrics"' not in labels)


def api_requests(begin, end):
    """The account's requests in a time, long watches once."""
    found = set()
    for line in text(f"{CLUSTER}/log/audit").splitlines():
        entry = json.loads(line)
        when = datetime.datetime.fromisoformat(entry["requestReceivedTimestamp"].replace("Z", "+00:00")).timestamp()
        if entry["user"]["username"] == ACCOUNT and begin <= when < end:
            found.add(entry["auditID"])
    return len(found)


def memory(pid):
    status = dict(re.findall(r"^(\w+):\s+(\d+) kB$", text(f"/proc/{pid}/status"), re.M))
    pss = re.search(r"^Pss:\s+(\d+)", text(f"/proc/{pid}/smaps_rollup"), re.M)
    return {"rss_kb": int(status["VmRSS"]), "peak_kb": int(status["VmHWM"]), "pss_kb": int(pss[1])}


def servers():
    return {"kubelet": int(text(f"{CLUSTER}/pid/kubelet")), "api_server": int(text(f"{CLUSTER}/pid/kube-apiserver"))}


def others(counted):
    return {f"{name}_cpu_ms": counted[name][0] for name in ("kubelet", "api_server")}


def measured(side):
    """One side from its start to the end of its steady time."""
    folder = f"{side.folder}/{side.name}"
    time.sleep(WARM[side.name])
    before, begin = kubelet_requests(), time.time()
    counted = count({"agent": side.pid, **servers()}, STEADY)
    end, minutes = time.time(), STEADY / 60
    result = {"cpu_ms": counted["agent"][0], "system_calls": counted["agent"][1], **memory(side.pid), **others(counted),
              "kubelet_requests": (kubelet_requests() - before) / minutes, "api_requests": api_requests(begin, end) / minutes}
    calls = [call for call in lines(f"{folder}/calls.ndjson") if begin <= call["t"] < end]
    events = lines(f"{folder}/events.ndjson")
    steady = [event for event in events if begin <= event["recv"] < end]
    lags = [event["recv"] - event["timestamp"] / 1000 for event in steady]
    whole = [event["recv"] for event in events if '"node_cpu_usage_total"' in event["message"]]
    result |= {"logs_requests": len(calls) / minutes, "wire_bytes": sum(call["wire"] for call in calls) / minutes,
               "events": len(steady) / minutes, "event_bytes": sum(len(event["message"].encode()) for event in steady) / minutes,
               "lag_mean_s": sum(lags) / len(lags), "lag_most_s": max(lags),
               "first_s": min(event["recv"] for event in events) - side.started, "complete_s": min(whole) - side.started}
    return result


def floor(side, folder):
    """CPU of a pass over the kernel's files that the agent opens at a tick."""
    with open(f"{folder}/opened", "w", encoding="utf-8") as out:
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=open,openat", "-p", str(side.pid), "-y"], stderr=out)
        time.sleep(62)
        tracer.terminate()
        tracer.wait()
    opened = re.findall(r'open(?:at)?\((?:AT_FDCWD(?:<[^>]*>)?, |(\d+)<([^>]*)>, )?"([^"]*)", .* = \d+<([^>]*)>', text(f"{folder}/opened"))
    paths = sorted({path for *_, path in opened if path.startswith(("/proc", "/sys")) and os.path.isfile(path)})
    answer = subprocess.run([f"{os.environ['OUT']}/floor", str(PASSES), "100"], input="\n".join(paths) + "\n", capture_output=True, text=True, check=True)
    files, read, unread, micros = answer.stdout.split()
    return {"files": int(files), "bytes": int(read), "unread": int(unread), "cpu_ms": float(micros) / 1000}


def main():
    folder, pods = sys.argv[1], int(sys.argv[2])
    config = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/eks.yaml")
    without_logging(config, f"{folder}/left.yaml")
    result = {"pods": pods}
    with Cloud(folder):
        result["idle"] = others(count(servers(), IDLE))
        for name, path in (("right", config), ("left", f"{folder}/left.yaml")):
            side = Side(name, folder, path)
            try:
                result[name] = measured(side)
                if name == "right":
                    result["floor"] = floor(side, folder)
            finally:
                side.end()
    for name in ("left", "right"):
        result[name]["binary_bytes"] = os.path.getsize(os.environ["PEER" if name == "left" else "AGENT"])
    print(json.dumps(result), flush=True)


main()
