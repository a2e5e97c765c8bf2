#!/bin/bash
# What the Go collector and the agent cost on one node of a real Kubernetes, one after the other, with so many pods.
#   bench.sh AGENT [PODS...]     10 and 110 pods; some 15 min each. Prints one JSON object a line: see bench.py
# env: IDLE=120 STEADY=240 (seconds that are measured)
set -eu
. "$(dirname "$0")/../tests/common.sh"
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1, which the cluster is made for"
need containerd runc openssl ip cc perf
command -v go > /dev/null || can_not "the Go collector and Kubernetes can't be built: there is no Go"
shift
PEER=$("$BEDS/peer/build.sh")
export PEER
bed=$BEDS/kubernetes/host_cluster.sh
cluster=/run/container-insights-cluster
"$BEDS/kubernetes/build.sh" > /dev/null
take_machine
[ ! -d $cluster ] || fail "a cluster is up"
at_end() { [ ! -d $cluster ] || "$bed" down >&2; }
cc -O2 -o "$OUT/floor" "$BEDS/../xtask/src/bench/floor.c"
AUDIT=1 "$bed" up >&2 9>&-
eval "$("$bed" env)"
export NODE=bed-host NODE_IP=10.97.0.1 CLUSTER=$cluster
# Nothing but pods that rest, and as many as asked for.
kubectl delete namespace apps --timeout=120s > /dev/null
[ $# -gt 0 ] || set -- 10 110
for pods in "$@"; do
  "$bed" fill "$pods" >&2 9>&-
  # What filling it set going comes to rest.
  sleep 30
  nsenter --net=/run/netns/bednode "$BEDS/compare/on_node.sh" "$OUT/$pods" "$BEDS/peer/bench.py" "$OUT/$pods" "$pods" 9>&-
done
