#!/bin/bash
# Proves on this machine's cgroup v1 that the agent's events of a container instance show what tasks of a real Docker reserve
# and what the instance uses. The agent runs four times at once: as root on the machine, as uid 65532 without a capability
# (beds/sandbox.sh), and in Docker's containers as daemon services have it, with the machine at /rootfs or, as the templates
# of ADOT, with hardly anything below it.
#   v1_ecs.sh AGENT      some 25 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need dockerd docker unshare setpriv ip cc
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1 (v2_ecs.sh looks at a guest's)"
# shellcheck source=../ecs/docker.sh
. "$BEDS/ecs/docker.sh"
take_machine
make_images "$BED_CACHE/images"
at_end() { docker_down; }
docker_up "$OUT/docker"
SAMPLE=$(cat "$BEDS/../examples/ecs-instance.yaml")
export SAMPLE
mkdir "$OUT/data"
python3 "$BEDS/ecs/instance.py" "$OUT" --runtime docker --agents root,pod,daemon,adot --load "$BED_CACHE/images/load" \
  --data "$OUT/data"
python3 "$CHECKS/ecs.py" "$OUT"
