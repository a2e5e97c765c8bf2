#!/bin/bash
# What the Go collector and the agent cost on one node of a real Kubernetes, one after the other, with so many pods.
#   bench.sh AGENT [PODS...]     10 and 110 pods; some 15 min each. Prints one JSON object a line: see bench.py
# Needs perf and strace too: beds/setup.sh linux-perf strace
# env: IDLE=120 STEADY=240 (seconds that are measured)
set -eu
. "$(dirname "$0")/../tests/common.sh"
need_cluster cc perf strace
need_peer
shift
cc -O2 -o "$OUT/floor" "$BEDS/../xtask/src/bench/floor.c"
AUDIT=1 cluster_up
# Nothing but pods that rest, and as many as asked for.
kubectl delete namespace apps --timeout=120s > /dev/null
[ $# -gt 0 ] || set -- 10 110
for pods in "$@"; do
  "$BED" fill "$pods" >&2 9>&-
  # What filling it set going comes to rest.
  sleep 30
  on_cluster "$BEDS/compare/on_node.sh" "$OUT/$pods" "$BEDS/peer/bench.py" "$OUT/$pods" "$pods"
done
