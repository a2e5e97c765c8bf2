#!/bin/bash
# Proves the same as v1_ecs.sh on a node with systemd and pure cgroup v2 (Debian in User-Mode Linux): slices and scopes named
# as the ECS agent and Docker's systemd driver name them, with the amounts set by systemd. The agent runs as root and as uid
# 65532 without a capability.
#   v2_ecs.sh AGENT      some 40 s, two minutes more for the image once; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need linux.uml debootstrap unshare setpriv cc
make_images "$BED_CACHE/images"
BED_CONTAINERD=no nice -n -10 "$BEDS/debian/run.sh" --v2 -o "$OUT" "$CHECKS/jobs/ecs.sh" "/host$BED_CACHE/images/load"
python3 "$CHECKS/ecs.py" "$OUT" --late 700
