#!/bin/bash
# Proves the same as v1_pods.sh on a node with systemd and the systemd driver (Debian in a guest): once with pure
# cgroup v2, once with the hybrid of Amazon Linux 2 (version 1, cpu,cpuacct together, cgroup2 at unified).
#   v2_systemd.sh AGENT      some 120 s, two minutes more for the image once; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need_guest debootstrap containerd unshare setpriv
for version in --v2 --v1; do
  mkdir "$OUT/$version"
  cp "$AGENT" "$OUT/$version/agent"
  nice -n -10 "$BEDS/debian/run.sh" $version -o "$OUT/$version" "$CHECKS/jobs/pods.sh" cpu+write+network+uplink,memory+oom+restart+delete
  # For the kubelet see v2_pods.sh.
  "$PYTHON" "$CHECKS/pods.py" "$OUT/$version" --disk "$(guest_disk disk)" --late "$LATE" --slow-kubelet "$STALE"
done
