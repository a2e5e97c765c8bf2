#!/bin/bash
# Runs a job as root under a real Linux 6.1 with pure cgroup v2, without a disk image: the machine's own / is the guest's root
# (read-only), so every program and file of the machine is there. User-Mode Linux in 2 s, or QEMU in 5 s (guest/kind.sh).
#   guest/run.sh [-o FOLDER] JOB [ARGUMENT...]      FOLDER of the machine is $OUT in the guest, written through
# JOB is a program of the machine. In the guest /run, /tmp, /var/lib, /var/log and $OUT can be written, and /mnt, an ext4 disk
# (guest_disk machine) whose I/O counts. Its environment: OUT, BED_CACHE, PYTHON, BED_SLOW, and BED_RUN, BED_STORAGE,
# RESTRICT_OOM, BED_KEEP, BED_PEER for cri/.
# It has eth0 (10.95.0.2); at 10.95.0.1 port 5001 the machine takes any bytes, and nothing else is reached.
# stdout is the job's (stderr too), the exit code is the job's; 77 where no guest runs.      env: MEM=1500M DISK=512M LIMIT=180 (seconds) CPU=N
# Not in User-Mode Linux: PSI, cpuset, a second CPU, "cpu MHz" in cpuinfo; CPU time counts in 10 ms steps there.
# Needs setup.sh.
set -eu
. "$(dirname "$0")/../lib.sh"
. "$BEDS/guest/boot.sh"
GUEST_OUT=
if [ "${1:-}" = -o ]; then
  mkdir -p "$2"
  GUEST_OUT=$(realpath "$2")
  shift 2
fi
[ $# -gt 0 ] || fail "no job"
job=$(realpath "$1")
shift
choose_guest || exit 77

guest_work
GUEST_DISK=$WORK/disk GUEST_ROOT=machine GUEST_INIT=$BEDS/guest/init.sh GUEST_WORDS=() MEM=${MEM:-1500M}
truncate -s "${DISK:-512M}" "$GUEST_DISK"
mkfs.ext4 -q -m 0 "$GUEST_DISK"
printf '%q ' "$job" "$@" > "$WORK/command"
cat > "$WORK/environment" <<ENVIRONMENT
export OUT=${GUEST_OUT:+/run/out} BED_CACHE='$BED_CACHE' PYTHON='$PYTHON' BEDS='$BEDS' HOME='$HOME' BED_SLOW=$BED_SLOW
export BED_RUN=/run/bed BED_STORAGE=/mnt/bed RESTRICT_OOM=false BED_KEEP=1
export BED_PEER=10.95.0.1
ENVIRONMENT
# The images are made here, since the guest can't write to the cache.
make_images "$BED_CACHE/images"
guest_run "${LIMIT:-180}"
