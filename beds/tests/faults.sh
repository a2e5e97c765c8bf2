#!/bin/bash
# Proves that the agent keeps its rounds, and tells the truth in them, while things around it break: pods of a real containerd
# on this machine, and a kubelet that is not there yet, goes away, answers 500, is stopped (SIGSTOP), cuts its answer short or
# sends 100 MB; a pod that ends while the kubelet's last list still has it; and cgroups that come and go all the time. Each
# failure is logged once when it begins and once when it ends.
#   faults.sh AGENT      some 65 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need containerd runc unshare setpriv
export BED_RUN=/run/container-insights-bed BED_STORAGE=/var/lib/container-insights-bed
take_machine
# One that another run has up is not ours to take down.
[ ! -e $BED_RUN/pid ] || fail "a bed is up at $BED_RUN"
at_end() { "$BEDS/cri/containerd.sh" down; }
"$BEDS/cri/containerd.sh" up 9>&-
HOST_NAME=bed-node K8S_NAMESPACE=amazon-cloudwatch SAMPLE=$(cat "$BEDS/../examples/eks.yaml") \
  "$PYTHON" "$CHECKS/faults.py" --socket "$BED_RUN/containerd.sock" --storage "$BED_STORAGE" "$AGENT" "$OUT"
