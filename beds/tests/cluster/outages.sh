#!/bin/bash
# Proves on a real Kubernetes that two minutes without the kubelet, or without the API server, cost the node no event and make no
# count false, and the cluster's records only for the time in which nobody may lead; a kill -9 and a clean restart the same.
# What CloudWatch Logs does to an agent is for `cargo xtask soak`.
#   outages.sh AGENT [PODS]      30 pods; some 10 min; 77 where this can't run
set -eu
. "$(dirname "$0")/../common.sh"
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1, which the cluster is made for"
need containerd runc openssl ip unshare
command -v go > /dev/null || [ -f "$BED_CACHE/kubernetes/bin/stamp" ] || can_not "Kubernetes can't be built: there is no Go"
bed=$BEDS/kubernetes/host_cluster.sh
cluster=/run/container-insights-cluster
"$BEDS/kubernetes/build.sh" > /dev/null
take_machine
[ ! -d $cluster ] || fail "a cluster is up"
at_end() { [ ! -d $cluster ] || "$bed" down; }
"$bed" up 9>&-
"$bed" fill "${2:-30}" 9>&-
eval "$("$bed" env)"
# The one whose containers come and go would make every round another.
kubectl -n apps delete pod crash --ignore-not-found --timeout=60s > /dev/null
export NODE=bed-host NODE_IP=10.97.0.1 CLUSTER=$cluster
nsenter --net=/run/netns/bednode "$BEDS/compare/on_node.sh" "$OUT/node" python3 "$CHECKS/cluster/outages.py" "$OUT/node" 9>&-
