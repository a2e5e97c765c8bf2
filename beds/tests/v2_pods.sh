#!/bin/bash
# Proves the same as v1_pods.sh under Linux 6.1 with pure cgroup v2: User-Mode Linux, containerd with the cgroupfs driver.
#   v2_pods.sh AGENT      some 40 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need linux.uml containerd runc unshare setpriv
"$BEDS/uml/run.sh" -o "$OUT" "$CHECKS/jobs/pods.sh" write,cpu,network,uplink,memory,oom,restart,delete
"$PYTHON" "$CHECKS/pods.py" "$OUT" --disk /dev/ubda --slack 250
