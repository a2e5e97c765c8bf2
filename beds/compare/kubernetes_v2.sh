#!/bin/bash
# The same as kubernetes_v1.sh on a Kubernetes in a guest: pure cgroup v2, systemd as process 1, containerd with the
# systemd driver.
#   kubernetes_v2.sh AGENT FOLDER [INTERVALS]     10 intervals, 19 min; 77 where this can't run
# env: INTERVAL=60 (seconds)
set -eu
. "$(dirname "$0")/../tests/common.sh"
[ $# -ge 2 ] || fail "usage: kubernetes_v2.sh AGENT FOLDER [INTERVALS]"
need_guest debootstrap openssl ip
need_peer
folder=$(realpath "$2")
agent=$AGENT
unset AGENT
export LIMIT=2400 JOB_ENVIRONMENT="PEER='/host$PEER' AGENT='/host$agent' INTERVAL='${INTERVAL:-60}'"
"$BEDS/kubernetes/guest_cluster.sh" -o "$folder" "$BEDS/compare/in_guest.sh" "${3:-10}"
