#!/bin/bash
# Records containers without Kubernetes on the node of debian/run.sh; runs inside its guest, writes $OUT/recording.
set -eu
. "$BEDS/guest/inside.sh"
image=$BUSYBOX_IMAGE
ctr image import "$IMAGES/busybox.tar" > /dev/null
identity() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
# run COMMAND...: of ctr, with a container id of 64 hex digits as every runtime but ctr itself makes them.
docker=$(identity) podman=$(identity) plain=$(identity)
ctr run -d --runc-systemd-cgroup --cgroup "system.slice:docker:$docker" --cpu-quota 20000 --cpu-period 100000 \
  --memory-limit 67108864 "$image" "$docker" load spin
ctr run -d --runc-systemd-cgroup --cgroup "machine.slice:libpod:$podman" "$image" "$podman" load memory 16777216
ctr run -d "$image" "$plain" sleep 1000000
activity="ctr tasks exec --exec-id activity $plain load write /tmp/file 8388608; dd if=/dev/zero of=/root/file bs=1M count=8 oflag=direct status=none
'$IMAGES/load' send $BED_PEER 5001 4194304"
how="Debian 12 with systemd in $(guest_name) (beds/debian/run.sh): pure cgroup v2, no Kubernetes. Three containers of containerd's"
how="$how ctr: one in a scope as Docker names it (system.slice/docker-<id>.scope), one as Podman does (machine.slice/libpod-<id>.scope),"
how="$how one as ctr does (/default/<id>). $(guest_lacks)."
python3 "$BEDS/record/record.py" "$OUT/recording" --other-groups --how "$how" --between "$activity" --drop-mount /host --drop-mount /run/bed
