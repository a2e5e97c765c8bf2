#!/bin/bash
# Runs a command the way the sample's DaemonSet runs the agent, only less trusted: in its own pid, cgroup and mount
# namespaces, in the cgroup of a pod, as uid 65532 without any capability, with the machine's / at /rootfs and its /sys
# at /sys. The network stays the machine's.
#   sandbox.sh [--uid N] [--] COMMAND [ARGUMENT...]
# The first word, if a file, is copied to /agent inside, so it may lie where only root can look; the machine's programs
# are there too (/usr, /etc and /beds, this folder). Environment, stdin, stdout and stderr are the caller's.
# SIGTERM and SIGINT go to the command; the exit code is the command's. Needs root, unshare and setpriv (util-linux).
set -eu
. "$(dirname "$0")/lib.sh"
uid=65532
if [ "${1:-}" = --uid ]; then uid=$2; shift 2; fi
if [ "${1:-}" = -- ]; then shift; fi
[ $# -gt 0 ] || fail "no command"

# The kubelet's and the runtime's part: a pod's cgroup and a container's in every hierarchy.
pod=$(cat /proc/sys/kernel/random/uuid)
container=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then hierarchies=/sys/fs/cgroup; else hierarchies=$(echo /sys/fs/cgroup/*/); fi
if [ -d /sys/fs/cgroup/kubepods.slice ]; then
  pod_path=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${pod//-/_}.slice
  container_path=$pod_path/cri-containerd-$container.scope
else
  pod_path=kubepods/burstable/pod$pod
  container_path=$pod_path/$container
fi

# join PID: moves a process into the container's cgroup of every hierarchy that lets it.
join() {
  local hierarchy folder
  for hierarchy in $hierarchies; do
    folder=$hierarchy/$container_path
    mkdir -p "$folder" 2>/dev/null || continue
    # A new cpuset has no CPU and no memory until someone gives it some. None must be left out: the paths of one hierarchy
    # that the namespace doesn't begin in would tell what those of the others hide.
    if [ -e "$folder/cpuset.cpus" ] && [ ! -e "$hierarchy/cgroup.controllers" ]; then
      local above=$hierarchy level file
      for level in ${container_path//\// }; do
        for file in cpuset.cpus cpuset.mems; do
          [ -n "$(cat "$above/$level/$file")" ] || cat "$above/$file" > "$above/$level/$file"
        done
        above=$above/$level
      done
    fi
    # In version 2 a group needs its controllers handed down before its files are there.
    if [ -e "$hierarchy/cgroup.controllers" ]; then
      local step=$hierarchy part
      for part in ${pod_path//\// }; do
        step=$step/$part
        echo "+cpu +memory +io" > "$step/cgroup.subtree_control" 2>/dev/null || true
      done
    fi
    echo "$1" > "$folder/cgroup.procs"
  done
}

leave() {
  local hierarchy
  for hierarchy in $hierarchies; do
    # Folders with others' groups in them stay.
    (cd "$hierarchy" && rmdir -p "$container_path" 2>/dev/null) || true
  done
  rm -rf "$place"
}

place=$(mktemp -d /run/sandbox.XXXXXX)
trap leave EXIT
chmod 755 "$place"
first=$1
if [ -f "$first" ]; then
  cp "$first" "$place/agent"
  chmod 755 "$place/agent"
  shift
  set -- /agent "$@"
fi

# Inside the new namespaces, still root: lay out the pod's file system, then give everything up.
cat > "$place/enter" <<'INSIDE'
set -eu
place=$1 beds=$2 uid=$3
shift 3
root=$place/root
mkdir -p "$root"
mount -t tmpfs -o mode=755 pod "$root"
mkdir -p "$root"/rootfs "$root"/sys "$root"/proc "$root"/dev "$root"/tmp "$root"/beds
chmod 1777 "$root/tmp"
mount --rbind / "$root/rootfs"
mount -o remount,ro,bind "$root/rootfs"
mount --rbind /sys "$root/sys"
mount -o remount,ro,bind "$root/sys"
mount --rbind /dev "$root/dev"
mount --bind "$beds" "$root/beds"
for folder in usr etc bin sbin lib lib64; do
  if [ -L "/$folder" ]; then ln -s "$(readlink "/$folder")" "$root/$folder"
  elif [ -d "/$folder" ]; then mkdir "$root/$folder"; mount --rbind "/$folder" "$root/$folder"; fi
done
if [ -f "$place/agent" ]; then cp "$place/agent" "$root/agent"; fi
mount -t proc proc "$root/proc"
cd "$root"
mkdir old
pivot_root . old
umount -l /old
cd /
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --bounding-set -all --inh-caps -all --no-new-privs -- "$@"
INSIDE

(
  # A shell of its own moves into the cgroup first, so that the new cgroup namespace begins there.
  join "$BASHPID"
  exec unshare --pid --cgroup --mount --fork --propagation private -- \
    bash "$place/enter" "$place" "$BEDS" "$uid" "$@"
) &
outer=$!

# The command is the only child of unshare, and process 1 of its namespace.
forward() {
  signalled=1
  local child
  for child in $(cat "/proc/$outer/task/$outer/children" 2>/dev/null); do kill "-$1" "$child" 2>/dev/null || true; done
}
trap 'forward TERM' TERM
trap 'forward INT' INT
# A signal that was forwarded ends the wait early; the command may still be at its last words, or be gone already.
code=127
while :; do
  signalled='' now=0
  wait "$outer" || now=$?
  # 127: its end was told before.
  if [ "$now" != 127 ]; then code=$now; fi
  [ -n "$signalled" ] || break
done
exit "$code"
