#!/bin/bash
# Runs inside the guest of debian/run.sh, from its systemd unit: containerd with the systemd driver, then the job.
#   guest.sh FOLDER       FOLDER has the run's command; its environment is already ours
set -eu
work=$1
export BEDS="/host$BEDS" BED_RUN=/run/containerd BED_STORAGE=/var/lib/containerd HOME=/root
. "$BEDS/lib.sh"
. "$BEDS/guest/inside.sh"
if [ -n "$OUT_FOLDER" ]; then
  mkdir -p /run/bed-out
  share out "$OUT_FOLDER" /run/bed-out
  export OUT=/run/bed-out
fi
network
if [ "$BED_CONTAINERD" = yes ]; then
  mkdir -p /etc/containerd /var/log/pods
  cni_config /etc/cni/net.d cni0
  containerd_config /etc/containerd/config.toml "$BED_STORAGE" "$BED_RUN" "$BED_RUN/containerd.sock" /etc/cni/net.d true false
  systemctl start containerd
  until_ok 60 ctr version
  export BED_UP=1
  for image in busybox pause; do ctr -n k8s.io image import "$IMAGES/$image.tar" > /dev/null; done
fi
echo "### job"
code=0
eval "$(cat "$work/command")" || code=$?
echo "### end"
exit "$code"
