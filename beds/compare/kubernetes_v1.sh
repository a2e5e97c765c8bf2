#!/bin/bash
# The Go collector and the agent on one node of a real Kubernetes on this machine's cgroup v1, with steady loads, for so many
# intervals: their events are FOLDER/left/events.ndjson and FOLDER/right/events.ndjson.
#   kubernetes_v1.sh AGENT FOLDER [INTERVALS]     10 intervals, 16 min; 77 where this can't run
# env: INTERVAL=60 (seconds)
set -eu
. "$(dirname "$0")/../tests/common.sh"
[ $# -ge 2 ] || fail "usage: kubernetes_v1.sh AGENT FOLDER [INTERVALS]"
need_cluster
need_peer
folder=$(realpath "$2")
cluster_up
kubectl apply -f "$BEDS/compare/loads.yaml" > /dev/null
until_ok 60 on_cluster kubectl -n loads wait --for=condition=Ready pod --all --timeout=60s
on_cluster "$BEDS/compare/on_node.sh" "$folder" python3 "$BEDS/compare/pair.py" "$folder" "$BEDS/../examples/eks.yaml" "${3:-10}"
