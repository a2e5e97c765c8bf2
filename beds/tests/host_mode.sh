#!/bin/bash
# Proves that the agent without any configuration tells, within 2 s of its start, of the machine it stands on: Node, NodeFS,
# NodeDiskIO, NodeNet with rates, and a Container as Docker names its cgroups, with the load that was asked for; of file
# systems of known size, one below a name with a space, and not of one whose mount point lies under another; that nothing but
# events is on stdout and nothing but log lines on stderr; that SIGTERM ends it with code 0 at once.
#   host_mode.sh AGENT      some 3 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need cc mkfs.ext4 losetup
make_images "$BED_CACHE/images"
mkdir -p "$OUT/mounts/with a space" "$OUT/mounts/covered"
at_end() {
  "$PYTHON" "$CHECKS/host_mode.py" --remove "$OUT" || true
  umount "$OUT/mounts/covered" "$OUT/mounts/covered" "$OUT/mounts/with a space" 2> /dev/null || true
}

# new_disk NAME MIB PATH: an ext4 of that size, mounted at a path from a loop device, which goes with its mount.
new_disk() {
  truncate -s "$2M" "$OUT/$1"
  mkfs.ext4 -q -m 0 "$OUT/$1"
  mount -o loop "$OUT/$1" "$3" 2> "$OUT/mount.log" || can_not "no loop device: $(tail -n 1 "$OUT/mount.log")"
}
new_disk spaced 64 "$OUT/mounts/with a space"
dd if=/dev/zero of="$OUT/mounts/with a space/file" bs=1M count=24 conv=fsync status=none
new_disk below 48 "$OUT/mounts/covered"
new_disk above 32 "$OUT/mounts/covered"
"$PYTHON" "$CHECKS/host_mode.py" "$AGENT" "$OUT" "$BED_CACHE/images/load"
