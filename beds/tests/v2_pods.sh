#!/bin/bash
# Proves the same as v1_pods.sh under Linux 6.1 with pure cgroup v2: User-Mode Linux, containerd with the cgroupfs driver.
#   v2_pods.sh AGENT      some 40 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need linux.uml containerd runc unshare setpriv
"$BEDS/uml/run.sh" -o "$OUT" "$CHECKS/jobs/pods.sh" write,cpu,network,uplink,memory,oom,restart,delete
# What holds the containers here lies at no path of a runtime: no device is named.
"$PYTHON" "$CHECKS/pods.py" "$OUT" --disk /dev/ubda --late 250 --read 100 --allow "container storage"
