#!/bin/bash
# The Go collector and the agent on one node of a real Kubernetes on this machine's cgroup v1, with steady loads, for so many
# intervals: their events are FOLDER/left/events.ndjson and FOLDER/right/events.ndjson.
#   kubernetes_v1.sh AGENT FOLDER [INTERVALS]     10 intervals, 16 min; 77 where this can't run
# env: INTERVAL=60 (seconds)
set -eu
. "$(dirname "$0")/../tests/common.sh"
[ $# -ge 2 ] || fail "usage: kubernetes_v1.sh AGENT FOLDER [INTERVALS]"
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1, which the cluster is made for"
need containerd runc openssl ip
command -v go > /dev/null || can_not "the Go collector and Kubernetes can't be built: there is no Go"
folder=$(realpath "$2")
bed=$BEDS/kubernetes/host_cluster.sh
cluster=/run/container-insights-cluster
PEER=$("$BEDS/peer/build.sh")
export PEER
"$BEDS/kubernetes/build.sh" > /dev/null
take_machine
[ ! -d $cluster ] || fail "a cluster is up"
at_end() { [ ! -d $cluster ] || "$bed" down; }
"$bed" up 9>&-
eval "$("$bed" env)"
export NODE=bed-host NODE_IP=10.97.0.1 CLUSTER=$cluster
kubectl apply -f "$BEDS/compare/loads.yaml" > /dev/null
until_ok 60 nsenter --net=/run/netns/bednode kubectl -n loads wait --for=condition=Ready pod --all --timeout=60s
nsenter --net=/run/netns/bednode "$BEDS/compare/on_node.sh" "$folder" \
  python3 "$BEDS/compare/pair.py" "$folder" "$BEDS/../examples/eks.yaml" "${3:-10}" 9>&-
