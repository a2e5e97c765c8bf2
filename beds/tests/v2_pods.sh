#!/bin/bash
# Proves the same as v1_pods.sh under Linux 6.1 with pure cgroup v2: a guest (guest/run.sh), containerd with the cgroupfs driver.
#   v2_pods.sh AGENT      some 60 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need_guest containerd runc unshare setpriv
nice -n -10 "$BEDS/guest/run.sh" -o "$OUT" "$CHECKS/jobs/pods.sh" cpu+write+network+uplink,memory+oom+restart+delete
# What holds the containers here lies at no path of a runtime: no device is named. The kubelet, a Python program, may take
# longer than a round waits for it.
"$PYTHON" "$CHECKS/pods.py" "$OUT" --disk "$(guest_disk machine)" --late "$LATE" --slow-kubelet "$STALE" --allow "container storage"
