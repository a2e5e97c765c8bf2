#!/bin/bash
# The Go collector and the agent on a container instance of Amazon ECS: a real Docker on this machine's cgroup v1, its tasks
# known to an ECS agent.
#   ecs.sh AGENT FOLDER [INTERVALS]     10 intervals, 15 min; 77 where this can't run
# env: INTERVAL=60 (seconds)
set -eu
. "$(dirname "$0")/../lib.sh"
if [ -z "${COMPARE_INSIDE:-}" ]; then
  # A network of its own: the instance's address, its metadata and Docker's bridge.
  namespace=bedecs
  trap 'ip netns del $namespace' EXIT
  own_network $namespace
  COMPARE_INSIDE=1 nsenter --net=/run/netns/$namespace "$0" "$@"
  exit
fi
. "$(dirname "$0")/../tests/common.sh"
[ $# -ge 2 ] || fail "usage: ecs.sh AGENT FOLDER [INTERVALS]"
need dockerd docker containerd ip cc
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1"
# shellcheck source=../ecs/docker.sh
. "$BEDS/ecs/docker.sh"
folder=$(realpath "$2")
need_peer
take_machine
make_images "$BED_CACHE/images"
at_end() {
  docker_down
  host_root_down
}
ip addr add 169.254.169.254/32 dev lo
ip addr add 10.97.0.1/32 dev lo
docker_up "$OUT/docker"
host_root
mkdir "$OUT/data"
export LOAD=$BED_CACHE/images/load
python3 "$BEDS/compare/ecs.py" "$folder" "${3:-10}" "$OUT/data" 9>&-
