# shellcheck shell=bash
# A Docker of its own for a test (sourced by bash, after lib.sh): no rules for the machine's firewall, no forwarding, all its
# files in one folder. The bridge docker0 is 10.99.0.1. Root without CAP_SYS_RESOURCE is enough.
#   docker_up FOLDER     ready in 1 s; sets and exports DOCKER_HOST and DOCKER (the client's path)
#   docker_down          ends it with all its containers, and takes away its bridge and its cgroups

docker_up() {
  # The client that came with the daemon, since a newer one may refuse it.
  DOCKER=/usr/bin/docker
  [ -x "$DOCKER" ] || DOCKER=$(command -v docker)
  DOCKER_FOLDER=$1 DOCKER_HOST=unix://$1/sock
  export DOCKER DOCKER_HOST
  mkdir -p "$1"
  # Without one of its own it would take whatever answers, or no longer answers, at /run/containerd.
  cat > "$1/containerd.toml" <<TOML
version = 2
root = "$1/data/containerd"
state = "$1/exec/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$1/containerd.sock"
TOML
  setsid containerd --config "$1/containerd.toml" > "$1/containerd.log" 2>&1 < /dev/null 9>&- &
  CONTAINERD_PID=$!
  setsid dockerd --containerd "$1/containerd.sock" --data-root "$1/data" --exec-root "$1/exec" -p "$1/pid" -H "$DOCKER_HOST" --iptables=false \
    --ip6tables=false --ip-forward=false --bip 10.99.0.1/24 > "$1/log" 2>&1 < /dev/null 9>&- &
  DOCKER_PID=$!
  until_ok 20 "$DOCKER" version || { tail -n 5 "$1/containerd.log" "$1/log" >&2; return 1; }
  tar -C "$BED_CACHE/images" -cf - load | "$DOCKER" import - bed-load > /dev/null
}

docker_down() {
  [ -n "${DOCKER_PID:-}" ] || return 0
  local containers
  containers=$("$DOCKER" ps -aq 2> /dev/null || true)
  # shellcheck disable=SC2086  # a list of ids
  [ -z "$containers" ] || "$DOCKER" rm -f $containers > /dev/null 2>&1 || true
  kill "$DOCKER_PID" 2> /dev/null || true
  wait "$DOCKER_PID" 2> /dev/null || true
  kill "$CONTAINERD_PID" 2> /dev/null || true
  wait "$CONTAINERD_PID" 2> /dev/null || true
  ip link del docker0 2> /dev/null || true
  # What it mounted below its folder would keep that from being removed.
  grep -F " $DOCKER_FOLDER/" /proc/self/mounts | cut -d ' ' -f 2 | sort -r | while read -r mounted; do umount "$mounted" || true; done
  rm -rf "$DOCKER_FOLDER/data" "$DOCKER_FOLDER/exec"
  remove_empty_cgroups ecs docker
  # Its shims' sockets were here, whatever the folder of the rest; a cluster's bed takes the place for another's.
  rmdir /run/containerd/s /run/containerd 2> /dev/null || true
}
