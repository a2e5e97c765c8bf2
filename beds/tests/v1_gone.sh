#!/bin/bash
# Shows that on cgroup v1 bytes that a group wrote stay in the machine's numbers when the group goes in the same second, as a
# container that ends does: all in all NodeDiskIO has what was written, and each round has a value.
#   v1_gone.sh AGENT      some 12 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need cc
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1"
take_machine
make_images "$BED_CACHE/images"
python3 "$CHECKS/v1_gone.py" "$OUT" "$BED_CACHE/images/load"
