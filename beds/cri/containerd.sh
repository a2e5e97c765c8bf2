#!/bin/bash
# A private containerd with its CRI plugin, apart from any other: its own root, state, socket and bridge.
#   containerd.sh up | down
# env: BED_RUN=/run/container-insights-bed   state, socket ($BED_RUN/containerd.sock) and log
#      BED_STORAGE=/var/lib/container-insights-bed   images and layers: must be on a disk for block I/O to count
#      DRIVER=cgroupfs|systemd   RESTRICT_OOM=true|false (see lib.sh)   IMAGES=folder of the images, made if absent
# Needs root and setup.sh. `up` refuses where one is up; a pod's logs go to /var/log/pods, as on a node.
set -eu
. "$(dirname "$0")/../lib.sh"
BED_RUN=${BED_RUN:-/run/container-insights-bed}
BED_STORAGE=${BED_STORAGE:-/var/lib/container-insights-bed}
IMAGES=${IMAGES:-$BED_CACHE/images}
DRIVER=${DRIVER:-cgroupfs}
BRIDGE=bedcni0
SHARED_PLACES="/var/log/pods /run/containerd /var/lib/cni"
socket=$BED_RUN/containerd.sock

up() {
  if [ -e "$BED_RUN/pid" ]; then fail "$BED_RUN/pid exists: a bed is up (try: $0 down)"; fi
  mkdir -p "$BED_RUN" "$BED_STORAGE"
  cni_config "$BED_RUN/cni" "$BRIDGE"
  local systemd_cgroup=false
  if [ "$DRIVER" = systemd ]; then systemd_cgroup=true; fi
  containerd_config "$BED_RUN/config.toml" "$BED_STORAGE" "$BED_RUN/state" "$socket" "$BED_RUN/cni" \
    $systemd_cgroup "${RESTRICT_OOM:-true}"
  # Pods' logs, the shims' sockets and the CNI plugins' notes lie in the places of every node.
  local place
  for place in $SHARED_PLACES; do [ -e "$place" ] || echo "$place" >> "$BED_RUN/made"; done
  mkdir -p /var/log/pods
  setsid containerd --config "$BED_RUN/config.toml" > "$BED_RUN/log" 2>&1 < /dev/null 9>&- &
  echo $! > "$BED_RUN/pid"
  until_ok 20 ctr -a "$socket" version
  make_images "$IMAGES"
  local image
  for image in busybox pause; do ctr -a "$socket" -n k8s.io image import "$IMAGES/$image.tar" >/dev/null; done
}

down() {
  if [ ! -e "$BED_RUN/pid" ]; then rm -rf "$BED_RUN" "$BED_STORAGE"; return 0; fi
  local pid id
  pid=$(cat "$BED_RUN/pid")
  # One that is dead has nothing to say of what it ran.
  if any_lives "$BED_RUN" "$BED_RUN/pid"; then
    "$PYTHON" "$BEDS/cri/cri.py" --socket "$socket" clean > /dev/null || true
    for id in $(ctr -a "$socket" -n k8s.io task ls -q); do ctr -a "$socket" -n k8s.io task rm -f "$id" >/dev/null || true; done
    for id in $(ctr -a "$socket" -n k8s.io container ls -q); do ctr -a "$socket" -n k8s.io container rm "$id" || true; done
  fi
  kill "$pid" 2> /dev/null || true
  until_ok 10 bash -c "! kill -0 $pid" || true
  ip link del "$BRIDGE" 2>/dev/null || true
  remove_empty_cgroups kubepods
  if [ -e "$BED_RUN/made" ]; then xargs rm -rf < "$BED_RUN/made"; fi
  local mount
  for mount in $(awk -v run="$BED_RUN/" 'index($2, run) == 1 {print $2}' /proc/mounts | sort -r); do umount -l "$mount" || true; done
  rm -rf "$BED_RUN" "$BED_STORAGE"
}

case ${1:-} in
up) up ;;
down) down ;;
*) fail "up or down?" ;;
esac
