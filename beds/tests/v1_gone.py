#!/usr/bin/env python3
"""Runs the agent while a group with a rule for the disk writes and is removed at once, twice; see v1_gone.sh.

  v1_gone.py FOLDER LOAD
"""
import os
import signal
import subprocess
import sys
import time

from expect import MIB, Checks, Events, read

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cri"))
import counters

WRITTEN, SECONDS = 48 * MIB, 2
GROUP = "/sys/fs/cgroup/blkio/bed-gone"


def write_and_go(load, folder, disk):
    """A group that writes, and is removed with its last byte."""
    os.mkdir(GROUP)
    try:
        with open(GROUP + "/blkio.throttle.write_bps_device", "w", encoding="ascii") as file:
            file.write(f"{disk} {2**40}")
        def join():
            with open(GROUP + "/cgroup.procs", "w", encoding="ascii") as file:
                file.write(str(os.getpid()))
        words = [load, "write", folder + "/file", str(WRITTEN), str(WRITTEN // SECONDS)]
        subprocess.check_call(words, preexec_fn=join, stdout=subprocess.DEVNULL)
    finally:
        os.rmdir(GROUP)


def main():
    folder, load = sys.argv[1:]
    disk, device = counters.whole_disk(folder), None
    for line in read("/proc/self/mountinfo").splitlines():
        words = line.split()
        if words[2] == disk and words[3] == "/":
            device = words[words.index("-") + 2]
    config = "receivers.awscontainerinsightreceiver"
    sample = read(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "ecs-instance.yaml"))
    with open(folder + "/events", "wb") as out, open(folder + "/events.stderr", "wb") as log:
        agent = subprocess.Popen(
            [folder + "/agent", "--config", "env:SAMPLE", "--set", "exporters.awsemf/instancemetrics.output_destination=stdout",
             "--set", config + ".container_orchestrator=host", "--set", config + ".local_mode=true", "--set", config + ".root_path=/",
             "--set", config + ".collection_interval=1s"], stdout=out, stderr=log, env={"SAMPLE": sample})
    time.sleep(2.5)
    begin = time.time_ns() // 10**6
    for _ in range(2):
        write_and_go(load, folder, disk)
        time.sleep(1.5)
    agent.send_signal(signal.SIGTERM)
    agent.wait(20)
    checks, events = Checks(), Events(read(folder + "/events"))
    metric = "node_diskio_io_service_bytes_write"
    values = dict(events.values("NodeDiskIO", metric, device=device))
    missing = [time for time in events.times[1:] if time not in values]
    checks.that(not missing, f"each of {len(events.times) - 1} rounds has the disk's written bytes", f"{len(missing)} have none" if missing else "")
    written = events.amount("NodeDiskIO", metric, after=begin, device=device)
    checks.between(written, 2 * WRITTEN * 0.98, float("inf"), "bytes written in all")
    checks.end()


main()
