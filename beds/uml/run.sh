#!/bin/bash
# Runs a job as root under a real Linux 6.1 with pure cgroup v2 in User-Mode Linux, in about 2 s, without a disk image:
# the machine's own / is the guest's root (read-only, through hostfs), so every program and file of the machine is there.
#   uml/run.sh [-o FOLDER] JOB [ARGUMENT...]      FOLDER of the machine is $OUT in the guest, written through
# JOB is a program of the machine. In the guest /run, /tmp, /var/lib, /var/log and $OUT can be written, and /mnt, an ext4 disk
# (ubda) whose I/O counts. Its environment: OUT, BED_CACHE, PYTHON, and BED_RUN, BED_STORAGE, RESTRICT_OOM, BED_KEEP, BED_PEER for cri/.
# It has eth0 (10.95.0.2); at 10.95.0.1 port 5001 the machine takes any bytes, and nothing else is reached.
# stdout is the job's (stderr too), the exit code is the job's.      env: MEM=1500M DISK=512M LIMIT=180 (seconds) CPU=N
# Not in this kernel: PSI, cpuset, a second CPU, "cpu MHz" in cpuinfo; CPU time counts in 10 ms steps.
# Needs setup.sh.
set -eu
. "$(dirname "$0")/../lib.sh"
out=
if [ "${1:-}" = -o ]; then
  mkdir -p "$2"
  out=$(realpath "$2")
  shift 2
fi
[ $# -gt 0 ] || fail "no job"
job=$(realpath "$1")
shift

work=$(mktemp -d)
name=bed$$
trap 'guest_network_down "$name"; rm -rf "$work" "$HOME/.uml/$name"' EXIT
truncate -s "${DISK:-512M}" "$work/disk"
mkfs.ext4 -q -m 0 "$work/disk"
printf '%q ' "$job" "$@" > "$work/command"
mkdir "$work/result"
cat > "$work/environment" <<ENVIRONMENT
export OUT=${out:+/run/out} BED_CACHE='$BED_CACHE' PYTHON='$PYTHON' BEDS='$BEDS' HOME='$HOME'
export BED_RUN=/run/bed BED_STORAGE=/mnt/bed RESTRICT_OOM=false BED_KEEP=1
export BED_PEER=10.95.0.1
ENVIRONMENT
# The images are made here, since the guest can't write to the cache.
make_images "$BED_CACHE/images"

guest_network "$name"

# The guest's memory is a file in TMPDIR: on a tmpfs it is as fast as memory. It has one CPU; kept on one of the machine's
# it runs twice as fast.
export TMPDIR=/dev/shm
taskset -c "${CPU:-$(($(nproc) - 1))}" nsenter --net="/run/netns/$name" timeout "${LIMIT:-180}" linux.uml \
  umid="$name" mem="${MEM:-1500M}" rootfstype=hostfs rootflags=/ ro quiet init="$BEDS/uml/init.sh" ubd0="$work/disk" \
  vec0:transport=tap,ifname=tap0,depth=64 con=null con0=null,fd:1 bed_work="$work" bed_out="$out" \
  < /dev/null > "$work/console" 2>&1 || true
# The console ends lines with \r\n; what the kernel says before the mark is not the job's.
sed -n '1,/^### job/d; s/\r$//; /^### end/q; p' "$work/console"
if [ ! -s "$work/result/code" ]; then
  echo "$0: the guest did not come to an end; its console:" >&2
  tail -n 30 "$work/console" >&2
  exit 124
fi
exit "$(cat "$work/result/code")"
