#!/bin/bash
# Agents on a container instance whose tasks systemd makes, or where there is cgroup v1 a hand; runs in a guest with systemd.
#   OUT=FOLDER ecs.sh LOAD      runs FOLDER/agent; leaves what ecs/instance.py leaves in FOLDER
set -eu
load=$1
. "$(dirname "$0")/../../lib.sh"
SAMPLE=$(cat "$BEDS/../examples/ecs-instance.yaml")
export SAMPLE
# On the guest's own disk, of which the kernel counts the bytes.
mkdir -p /var/tmp/bed
cp "$load" /var/tmp/bed/load
chmod 755 /var/tmp/bed/load
runtime=systemd
[ -e /sys/fs/cgroup/cgroup.controllers ] || runtime=folders
python3 "$BEDS/ecs/instance.py" "$OUT" --runtime $runtime --agents root,pod --load /var/tmp/bed/load --data /var/tmp/bed
