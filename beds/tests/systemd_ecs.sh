#!/bin/bash
# Proves the same as v1_ecs.sh on a node with systemd (Debian in a guest). First with pure cgroup v2, as on Amazon Linux
# 2023: slices and scopes named as the ECS agent and Docker's systemd driver name them, with the amounts set by systemd. Then with
# the hybrid of Amazon Linux 2 (version 1, cpu,cpuacct together, cgroup2 at unified), with groups made as Docker makes them. The
# agent runs as root and as uid 65532 without a capability.
#   systemd_ecs.sh AGENT      some 80 s, two minutes more for the image once; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need_guest debootstrap unshare setpriv cc
make_images "$BED_CACHE/images"
for version in --v2 --v1; do
  mkdir "$OUT/$version"
  cp "$AGENT" "$OUT/$version/agent"
  BED_CONTAINERD=no nice -n -10 "$BEDS/debian/run.sh" $version -o "$OUT/$version" "$CHECKS/jobs/ecs.sh" \
    "/host$BED_CACHE/images/load"
  python3 "$CHECKS/ecs.py" "$OUT/$version" --late "$LATE"
done
