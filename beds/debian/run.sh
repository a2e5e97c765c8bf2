#!/bin/bash
# Runs a job on a node in User-Mode Linux or QEMU (guest/kind.sh): Debian with systemd as process 1 and containerd with the
# systemd driver, under Linux 6.1; cgroup v2, or with --v1 the hybrid of Amazon Linux 2 (version 1, cpu,cpuacct together, cgroup2 at unified).
#   debian/run.sh [--v1|--v2] [-o FOLDER] JOB [ARGUMENT...]      FOLDER of the machine is $OUT in the guest, written through
# JOB is a program of the machine, made for any Linux (a script, a static binary); in the guest the machine's files are
# below /host, read-only, so JOB runs as /host/its/path. Its environment: OUT, BEDS (below /host), PYTHON, and
# CRI_DESCRIPTORS, BED_SLOW, BED_RUN (with containerd.sock), BED_STORAGE, DRIVER, BED_UP, BED_PEER for cri/.
# It has eth0 (10.95.0.2); at 10.95.0.1 port 5001 the machine takes any bytes, and nothing else is reached.
# stdout is the job's (stderr too), the exit code is the job's; 77 where no guest runs.
# env: MEM=1500M LIMIT=300 (seconds) CPU=N; BED_CONTAINERD=no where the job starts its own
# Needs setup.sh; some 15 s and the job. Block I/O counts only on the guest's disk (guest_disk disk).
set -eu
. "$(dirname "$0")/../lib.sh"
. "$BEDS/guest/boot.sh"
unified=1 out=
while :; do
  case ${1:-} in
  --v1) unified=0; shift ;;
  --v2) unified=1; shift ;;
  -o) mkdir -p "$2"; out=$(realpath "$2"); shift 2 ;;
  *) break ;;
  esac
done
[ $# -gt 0 ] || fail "no job"
job=$(realpath "$1")
shift

choose_guest || exit 77

image=$("$BEDS/debian/image.sh")
make_images "$BED_CACHE/images"
guest_work
# Nothing is written to the image: User-Mode Linux and QEMU write to a file over it.
GUEST_IMAGE=$image GUEST_DISK='' GUEST_ROOT=disk GUEST_INIT=/sbin/init GUEST_OUT=$out MEM=${MEM:-1500M}
GUEST_WORDS=(systemd.show_status=0 "systemd.unified_cgroup_hierarchy=$unified")
printf '%q ' "/host$job" "$@" > "$WORK/command"
cat > "$WORK/environment" <<ENVIRONMENT
export BEDS='$BEDS' OUT_FOLDER='$out' IMAGES='/host$BED_CACHE/images' CRI_DESCRIPTORS='/host$BED_CACHE/cri.desc'
export PYTHON=python3 PYTHONPATH=/opt/bed/python DRIVER=systemd BED_CONTAINERD='${BED_CONTAINERD:-yes}' ${BED_ENVIRONMENT:-}
export BED_PEER=10.95.0.1 BED_SLOW=$BED_SLOW
ENVIRONMENT
guest_run "${LIMIT:-300}"
