#!/bin/bash
# Proves on this machine's cgroup v1 that the agent's events of a container instance show what tasks of a real Docker reserve
# and what the instance uses. The agent runs five times at once: as root on the machine, as uid 65532 without a capability
# (beds/sandbox.sh), in Docker's containers as daemon services have it, with the machine at /rootfs or, as ADOT's templates,
# with hardly anything below it, and with a root of its own that is a tmpfs: it never takes its own root for the machine's.
#   v1_ecs.sh AGENT      some 25 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need dockerd docker containerd unshare setpriv ip cc mkfs.ext4 busybox
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1 (systemd_ecs.sh looks at a guest's)"
# shellcheck source=../ecs/docker.sh
. "$BEDS/ecs/docker.sh"
take_machine
make_images "$BED_CACHE/images"
at_end() {
  docker_down
  umount "$OUT/volume" 2> /dev/null || true
}
# A disk beside the machine's own, as large as nothing else; uid 65532 has to get there.
chmod 755 "$OUT"
mkdir "$OUT/volume"
mkfs.ext4 -q -m 0 "$OUT/disk" 72M > /dev/null
mount -o loop "$OUT/disk" "$OUT/volume" 2> "$OUT/mount.log" || can_not "no loop device: $(tail -n 1 "$OUT/mount.log")"
dd if=/dev/zero of="$OUT/volume/file" bs=1M count=20 conv=fsync status=none
docker_up "$OUT/docker"
SAMPLE=$(cat "$BEDS/../examples/ecs-instance.yaml")
export SAMPLE
mkdir "$OUT/data"
python3 "$BEDS/ecs/instance.py" "$OUT" --runtime docker --agents root,pod,daemon,adot,bare --load "$BED_CACHE/images/load" \
  --data "$OUT/data" --volume "$OUT/volume"
python3 "$CHECKS/ecs.py" "$OUT"
