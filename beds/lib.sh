# shellcheck shell=bash
# Shared by the beds' scripts (sourced by bash): places, waiting, images.
# Sets BEDS (this folder), BED_CACHE (what may be made once and kept) and PYTHON (with grpcio, see setup.sh).

BEDS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BED_CACHE=${BED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/container-insights/beds}
PYTHON=${PYTHON:-$BED_CACHE/python/bin/python3}
# User-Mode Linux; guest/kind.sh finds out whether it runs here, or QEMU has to take its place.
# shellcheck disable=SC2034  # for the scripts in guest/
UML=${BED_UML:-linux.uml}
# How much slower than in User-Mode Linux things are here: 1 but in a guest that is emulated, and for who waits for one.
BED_SLOW=${BED_SLOW:-1}
export BEDS BED_CACHE PYTHON BED_SLOW
# What the machine's own Kubernetes keeps of itself (kubernetes/host_cluster.sh).
HOST_CLUSTER=/run/container-insights-cluster

BUSYBOX_IMAGE=docker.io/library/bed-busybox:1   # busybox and /bin/load
PAUSE_IMAGE=bed.local/pause:1                   # the sandbox's image
export BUSYBOX_IMAGE PAUSE_IMAGE

# fail MESSAGE: says what is wrong and ends the script.
fail() {
  echo "$(basename "$0"): $1" >&2
  exit 1
}

# until_ok SECONDS COMMAND...: tries five times a second, fails with the command's name. Where all is slow it has longer.
until_ok() {
  local seconds=$(($1 * BED_SLOW))
  shift
  local tries=$((seconds * 5))
  for _ in $(seq "$tries"); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.2
  done
  echo "gave up after $seconds s on: $*" >&2
  return 1
}

# take_machine: waits until no other run uses the machine's own places (a runtime, cgroups, /var/log/pods), at most 15 min,
# and keeps them for this script as file descriptor 9. What outlives the script must not inherit it: start it with 9>&-.
take_machine() {
  exec 9> /run/container-insights-bed.lock
  flock -w 900 9 || fail "another run uses the machine since 15 min"
  clear_dead
}

# clear_dead: takes away what runs left behind that were killed with all that they had started, as by a restart of the machine.
# Their sockets answer nobody and their folders are in the way, also of others than the beds.
clear_dead() {
  local bed=/run/container-insights-bed cluster=$HOST_CLUSTER
  if [ -e $bed/pid ] && ! any_lives $bed $bed/pid; then
    echo "clearing what a dead run left at $bed" >&2
    BED_RUN=$bed "$BEDS/cri/containerd.sh" down >&2 9>&-
  fi
  if [ -d "$cluster" ] && ! any_lives "$cluster" "$cluster"/pid/*; then
    echo "clearing what a dead run left at $cluster" >&2
    "$BEDS/kubernetes/host_cluster.sh" down >&2 9>&-
  fi
}

# any_lives FOLDER PID_FILE...: one of these processes runs, and is the one that was meant: its words name the folder.
any_lives() {
  local folder=$1 file pid
  shift
  for file in "$@"; do
    pid=$(cat "$file" 2> /dev/null) || continue
    if grep -qsF "$folder" "/proc/$pid/cmdline"; then return 0; fi
  done
  return 1
}

# own_network NAME: a network namespace of that name, in the place of one that nobody is in.
own_network() {
  # After a restart the name is there without a namespace.
  if ! ip netns pids "$1" 2> /dev/null | grep -q .; then ip netns del "$1" 2> /dev/null || rm -f "/run/netns/$1"; fi
  ip netns add "$1"
  ip -n "$1" link set lo up
}

# host_root, host_root_down: the machine's files at /rootfs, where the Go collector looks for them and nowhere else.
host_root() { ln -sfn / /rootfs; }
host_root_down() { [ ! -L /rootfs ] || rm /rootfs; }

# make_images FOLDER: FOLDER/busybox.tar and FOLDER/pause.tar, made once for each version of their sources.
make_images() {
  local folder=$1 sources=("$BEDS/images/load.c" "$BEDS/images/pause.c" "$BEDS/images/make_image.py")
  local stamp
  stamp=$(cat "${sources[@]}" /bin/busybox | sha256sum)
  if [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ]; then return 0; fi
  mkdir -p "$folder"
  cc -static -O2 -s -o "$folder/load" "$BEDS/images/load.c"
  cc -static -Os -s -o "$folder/pause" "$BEDS/images/pause.c"
  python3 "$BEDS/images/make_image.py" "$folder/busybox.tar" "$BUSYBOX_IMAGE" "$folder/load=/bin/load" \
    --busybox /bin/busybox --command sleep 1000000
  python3 "$BEDS/images/make_image.py" "$folder/pause.tar" "$PAUSE_IMAGE" "$folder/pause=/pause" --command /pause
  echo "$stamp" > "$folder/stamp"
}

# cni_config FOLDER BRIDGE: a bridge network 10.88.0.0/24 for pods, its leases in FOLDER/leases.
cni_config() {
  local folder=$1 bridge=$2
  mkdir -p "$folder"
  cat > "$folder/10-bed.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "bed", "plugins": [{
  "type": "bridge", "bridge": "$bridge", "isGateway": true, "ipMasq": false, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$folder/leases",
           "ranges": [[{"subnet": "10.88.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
JSON
}

# containerd_config FILE ROOT STATE SOCKET CNI_FOLDER SYSTEMD_CGROUP RESTRICT_OOM: writes containerd's configuration.
# RESTRICT_OOM is true where root lacks CAP_SYS_RESOURCE; without it runc dies ("can't get final child's PID from pipe: EOF").
containerd_config() {
  local file=$1 root=$2 state=$3 socket=$4 cni=$5 systemd_cgroup=$6 restrict_oom=$7
  cat > "$file" <<TOML
version = 2
root = "$root"
state = "$state"
[grpc]
  address = "$socket"
[ttrpc]
  address = "$socket.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "$root/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  restrict_oom_score_adj = $restrict_oom
  # Seconds between its looks at how much the containers' layers hold; 10 where it isn't said.
  stats_collect_period = 2
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = $systemd_cgroup
TOML
}

# remove_empty_cgroups NAME...: removes these top-level cgroups of every hierarchy, as far as they are empty.
remove_empty_cgroups() {
  local hierarchy name
  for hierarchy in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do
    for name in "$@"; do
      if [ -d "$hierarchy$name" ]; then
        find "$hierarchy$name" -depth -type d -exec rmdir {} \; 2>/dev/null || true
      fi
    done
  done
}

# choose_guest: sets BED_GUEST to the kind of guest that runs here (guest/kind.sh), and BED_SLOW to what that costs. Fails where
# none does.
choose_guest() {
  if [ -n "${BED_GUEST:-}" ]; then return 0; fi
  BED_GUEST=$("$BEDS/guest/kind.sh") || return 1
  if [ "$BED_GUEST" = tcg ]; then BED_SLOW=5; fi
  export BED_GUEST BED_SLOW
}

# virtiofsd_path: the program that shares folders with guests in QEMU; nothing where there is none.
virtiofsd_path() {
  local path
  for path in /usr/lib/qemu/virtiofsd /usr/libexec/virtiofsd; do
    if [ -x $path ]; then echo $path; return 0; fi
  done
}
