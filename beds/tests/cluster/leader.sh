#!/bin/bash
# Proves on a real API server, with authorisation on, that one agent of a fleet speaks for the cluster and no second one ever
# does: through clean stops, SIGKILL, SIGSTOP beyond a term, locks that somebody else holds or breaks, the Go collector in the
# same election; with the minimal role and the sample's; that the others cost the API server next to nothing, and nobody asks
# what the table of rights doesn't have; and that what is said of the cluster is what kubectl says. Every fleet has a namespace
# and lock of its own; its agents are processes as uid 65532 without capabilities, each with its own account and node name.
#   leader.sh AGENT [KILLS]   the binary's path, and how often leaders are killed in all (3); 8 min; 77 where this can't run
# env: PARTS as in leader.py
set -eu
. "$(dirname "$0")/../common.sh"
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1, which the cluster is made for"
need containerd runc openssl unshare setpriv
command -v go > /dev/null || [ -f "$BED_CACHE/kubernetes/bin/stamp" ] || can_not "Kubernetes can't be built: there is no Go"
bed=$BEDS/kubernetes/host_cluster.sh
cluster=/run/container-insights-cluster
"$BEDS/kubernetes/build.sh" > /dev/null
PEER=$("$BEDS/peer/build.sh")
export PEER
take_machine
[ ! -d $cluster ] || fail "a cluster is up"
at_end() { [ ! -d $cluster ] || { cp $cluster/log/audit "$OUT/" 2> /dev/null; "$bed" down; }; }
AUDIT=1 "$bed" up 9>&-
eval "$("$bed" env)"
export NODE=bed-host NODE_IP=10.97.0.1 CLUSTER=$cluster KILLS=${2:-3}
# Where the Go collector, and nobody else here, looks for instance metadata.
nsenter --net=/run/netns/bednode ip addr add 169.254.169.254/32 dev lo
nsenter --net=/run/netns/bednode python3 "$CHECKS/cluster/leader.py" 9>&-
