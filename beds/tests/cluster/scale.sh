#!/bin/bash
# Proves on a real API server with 5 000 nodes and 100 000 pods what an agent needs that speaks for the cluster: memory at its
# highest, a new list after 410 included, the time of the first list, the bytes it reads. Nodes and pods are objects only.
#   scale.sh AGENT [NODES] [PODS]      some 10 min and 8 GiB; 77 where this can't run
set -eu
. "$(dirname "$0")/../common.sh"
need openssl ip ss
[ -f "$BED_CACHE/kubernetes/bin/stamp" ] || need_go
[ "$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)" -ge 10 ] || can_not "less than 10 GiB of memory are free"
namespace=bedscale
if [ -z "${BED_INSIDE:-}" ]; then
  trap 'ip netns del $namespace' EXIT
  own_network $namespace
  BED_INSIDE=1 nsenter --net=/run/netns/$namespace "$0" "$@"
  exit
fi
# shellcheck disable=SC2034  # for cluster.sh
CLUSTER=$OUT/cluster NODE=none DRIVER=none FAIL_CGROUP_V1=false IMAGES=
. "$BEDS/kubernetes/cluster.sh"
BIN=$("$BEDS/kubernetes/build.sh")
export CLUSTER BIN
mkdir -p "$CLUSTER/log" "$CLUSTER/pid"
at_end() {
  stop kube-apiserver
  stop etcd
}
node_address
make_keys
ETCD_QUOTA=$((6 << 30)) start_control_plane
until_ok 60 kubectl_admin get --raw /readyz
kubectl_admin apply -f "$BEDS/../deploy/kubernetes/minimal.yaml" > /dev/null
export NODE_IP
"$PYTHON" "$CHECKS/cluster/scale.py" "${2:-5000}" "${3:-100000}"
