#!/bin/bash
# Proves on this machine's cgroup v1 that the agent's events show what pods of a real containerd are asked to do: a CPU
# limit, memory touched, bytes written and sent, an OOM kill, a restart, a pod's end. The agent runs as the sample has it,
# only less trusted (beds/sandbox.sh): own pid, cgroup and mount namespaces, uid 65532, no capability.
#   v1_pods.sh AGENT      some 30 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need containerd runc unshare setpriv
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1 (v2_systemd.sh looks at a guest's)"

number=$("$PYTHON" -c 'import sys; sys.path.insert(0, sys.argv[1]); import counters; print(counters.whole_disk("/var/lib"))' "$BEDS/cri")
disk=$(sed -n 's/^DEVNAME=//p' "/sys/dev/block/$number/uevent")
"$CHECKS/jobs/pods.sh" cpu+write+network,memory+oom+restart+delete
"$PYTHON" "$CHECKS/pods.py" "$OUT" --disk "/dev/$disk"
