#!/bin/bash
# Runs the agent where hardly anything of the machine is to be seen: its own root is a tmpfs with a /proc and a /sys as every
# container has, its /rootfs an empty folder but for proc, the cgroups, and FOLDER at its own path. As root, in its own mount
# and pid namespaces.
#   bare.sh AGENT FOLDER [ARGUMENT...]      needs root, unshare and a static busybox; SIGTERM goes to the agent
set -eu
if [ -z "${BARE_ROOT:-}" ]; then
  BARE_ROOT=$(mktemp -d)
  export BARE_ROOT
  trap 'rmdir "$BARE_ROOT"' EXIT
  unshare --mount --pid --fork --propagation private -- "$0" "$@" &
  outer=$!
  trap 'kill -TERM $(cat "/proc/$outer/task/$outer/children") 2> /dev/null || true' TERM
  code=0
  wait "$outer" || code=$?
  # A signal ends the wait early.
  if kill -0 "$outer" 2> /dev/null; then wait "$outer" && code=0 || code=$?; fi
  exit "$code"
fi
root=$BARE_ROOT
unset BARE_ROOT
agent=$1 folder=$2
shift 2
mount -t tmpfs bare "$root"
mkdir -p "$root"/{old,proc,sys,rootfs/proc,"rootfs/sys/fs/cgroup","rootfs$folder"}
cp "$agent" "$root/agent"
mount --rbind /proc "$root/rootfs/proc"
mount --rbind /sys/fs/cgroup "$root/rootfs/sys/fs/cgroup"
mount --bind "$folder" "$root/rootfs$folder"
mount --rbind /sys "$root/sys"
mount -t proc proc "$root/proc"
cp /bin/busybox "$root/busybox"
cd "$root"
pivot_root . old
# Nothing but busybox is left to do it with.
exec /busybox sh -c '/busybox umount -l /old && /busybox rmdir /old && /busybox rm /busybox && exec /agent "$@"' agent "$@"
