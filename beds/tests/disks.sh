#!/bin/bash
# Proves that what the agent says of file systems is what mkfs made, dd wrote and df sees: ext4 and xfs on loop devices, as a
# machine by itself, a container instance and a Kubernetes node. On the latter volumes are mounted where kubelet and EBS's
# drivers mount them (CSI with its vol_data.json, in-tree), and the agent names them; without rights it says nothing of those
# rather than something else. What an NVMe disk says of itself can't be had here.
# All mounts are in a mount and pid namespace of the test's own, and go with it.
#   disks.sh AGENT      some 10 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need mkfs.ext4 mkfs.xfs dumpe2fs xfs_info losetup unshare setpriv
# There are few loop devices.
take_machine
chmod 755 "$OUT" "$AGENT"
if [ ! -d /var/lib/kubelet ]; then
  mkdir /var/lib/kubelet
  at_end() { rmdir /var/lib/kubelet; }
fi
mkfs.ext4 -q "$OUT/first" 16M > /dev/null
unshare --mount --propagation private -- bash -c 'mkdir "$1/try" && mount -o loop "$1/first" "$1/try"' bash "$OUT" 2> "$OUT/mount.log" ||
  can_not "no loop device: $(tail -n 1 "$OUT/mount.log")"
unshare --mount --pid --fork --mount-proc --propagation private -- "$CHECKS/jobs/disks.sh" "$OUT"
