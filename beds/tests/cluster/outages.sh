#!/bin/bash
# Proves on a real Kubernetes that two minutes without the kubelet, or without the API server, cost the node no event and make no
# count false, and the cluster's records only for the time in which nobody may lead; a kill -9 and a clean restart the same.
# What CloudWatch Logs does to an agent is for `cargo xtask soak`.
#   outages.sh AGENT [PODS]      30 pods; some 10 min; 77 where this can't run
set -eu
. "$(dirname "$0")/../common.sh"
need_cluster unshare
cluster_up
"$BED" fill "${2:-30}" 9>&-
# The one whose containers come and go would make every round another.
kubectl -n apps delete pod crash --ignore-not-found --timeout=60s > /dev/null
on_cluster "$BEDS/compare/on_node.sh" "$OUT/node" python3 "$CHECKS/cluster/outages.py" "$OUT/node"
