# shellcheck shell=bash
# Shared by the scripts of this folder (sourced by bash, after their first argument is set): the agent, and what they need.
# Sets AGENT (the binary), OUT (a folder for this run; removed at the end, kept and told where a check failed) and CHECKS.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
export PYTHONDONTWRITEBYTECODE=1
CHECKS=$BEDS/tests
[ -f "${1:-}" ] || fail "the first argument is the agent's binary"
OUT=$(mktemp -d)
# A guest sees this folder, but not everything else of the machine.
AGENT=$OUT/agent
cp "$1" "$AGENT"
export AGENT OUT CHECKS
# What the checks say about a run that went wrong is of no use without what they saw.
at_end() { cluster_down; }
# shellcheck disable=SC2154  # code is set in the trap itself
trap 'code=$?; at_end || true; case $code in 0|77) rm -rf "$OUT" ;; *) echo "what was seen: $OUT" >&2 ;; esac' EXIT

# can_not REASON: ends the script as one that can't run here.
can_not() {
  echo "$1" >&2
  exit 77
}

# need COMMAND...: ends the script where one is missing, or where it isn't run by root.
need() {
  [ "$(id -u)" = 0 ] || can_not "needs root"
  local command
  for command in "$@"; do
    command -v "$command" > /dev/null || can_not "no $command: beds/setup.sh could not install it"
  done
  "$PYTHON" -c 'import grpc, google.protobuf' 2> /dev/null || can_not "no gRPC for Python: beds/setup.sh could not install it"
}

# need_guest COMMAND...: ends the script where no guest runs; afterwards BED_GUEST is the kind that does, LATE how late a round of two
# seconds may be in it, in milliseconds, and STALE how many rounds old what a kubelet in it says.
need_guest() {
  need "$@"
  local said
  # Its words are the reason, where there is one.
  said=$(mktemp)
  choose_guest 2> "$said" || can_not "$(grep ' as ' "$said" | paste -sd ';')"
  cat "$said" >&2
  rm -f "$said"
  # shellcheck disable=SC2034  # for the scripts
  if [ "$BED_GUEST" = tcg ]; then LATE=1500 STALE=4; else LATE=700 STALE=2; fi
  . "$BEDS/guest/boot.sh"
}

# need_go: ends the script where the Go collector, or what else is built of Go modules, can't be.
need_go() { command -v go > /dev/null || can_not "there is no Go, of which the bed's programs are built"; }

# need_peer: builds the Go collector, PEER.
need_peer() {
  need_go
  PEER=$("$BEDS/peer/build.sh")
  export PEER
}

# need_cluster COMMAND...: ends the script where the machine's own Kubernetes can't be brought up; builds it.
need_cluster() {
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1, which the cluster is made for"
  need containerd runc openssl ip "$@"
  [ -f "$BED_CACHE/kubernetes/bin/stamp" ] || need_go
  "$BEDS/kubernetes/build.sh" > /dev/null
}

# cluster_up: takes the machine and brings its Kubernetes up, BED; afterwards the kubectl of it is a function here, and NODE,
# NODE_IP and CLUSTER say where it is. The script's own end goes into at_end, which has to call cluster_down.
cluster_up() {
  BED=$BEDS/kubernetes/host_cluster.sh
  take_machine
  # One that somebody else has up is not ours to take down.
  [ ! -d "$HOST_CLUSTER" ] || fail "a cluster is up"
  CLUSTER_TAKEN=1
  "$BED" up >&2 9>&-
  eval "$("$BED" env)"
}
cluster_down() { [ -z "${CLUSTER_TAKEN:-}" ] || [ ! -d "$HOST_CLUSTER" ] || "$BED" down >&2; }
# on_cluster COMMAND...: in the node's network.
on_cluster() { nsenter --net=/run/netns/bednode "$@" 9>&-; }
