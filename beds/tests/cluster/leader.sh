#!/bin/bash
# Proves on a real API server, with authorisation on, that one agent of a fleet speaks for the cluster and no second one ever
# does: through clean stops, SIGKILL, SIGSTOP beyond a term, locks that somebody else holds or breaks, the Go collector in the
# same election; with the minimal role and the sample's; that the others cost the API server next to nothing, and nobody asks
# what the table of rights doesn't have; and that what is said of the cluster is what kubectl says. Every fleet has a namespace
# and lock of its own; its agents are processes as uid 65532 without capabilities, each with its own account and node name.
#   leader.sh AGENT [KILLS]   the binary's path, and how often leaders are killed in all (3); 8 min; 77 where this can't run
# env: PARTS and QUIET as in leader.py
set -eu
. "$(dirname "$0")/../common.sh"
need_cluster unshare setpriv
need_peer
at_end() {
  host_root_down
  cp "$HOST_CLUSTER/log/audit" "$OUT/" 2> /dev/null || true
  cluster_down
}
AUDIT=1 cluster_up
export KILLS=${2:-3}
# Where the Go collector, and nobody else here, looks for instance metadata.
on_cluster ip addr add 169.254.169.254/32 dev lo
host_root
on_cluster python3 "$CHECKS/cluster/leader.py"
