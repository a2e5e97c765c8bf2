#!/bin/bash
# Runs a job on a node in User-Mode Linux: Debian with systemd as process 1 and containerd with the systemd driver, under
# Linux 6.1; cgroup v2, or with --v1 the hybrid of Amazon Linux 2 (version 1, cpu,cpuacct together, cgroup2 at unified).
#   debian/run.sh [--v1|--v2] [-o FOLDER] JOB [ARGUMENT...]      FOLDER of the machine is $OUT in the guest, written through
# JOB is a program of the machine, made for any Linux (a script, a static binary); in the guest the machine's files are
# below /host, read-only, so JOB runs as /host/its/path. Its environment: OUT, BEDS (below /host), PYTHON, and
# CRI_DESCRIPTORS, BED_RUN (with containerd.sock), BED_STORAGE, DRIVER, BED_UP, BED_PEER for cri/.
# It has eth0 (10.95.0.2); at 10.95.0.1 port 5001 the machine takes any bytes, and nothing else is reached.
# stdout is the job's (stderr too), the exit code is the job's.
# env: MEM=1500M LIMIT=300 (seconds) CPU=N; BED_CONTAINERD=no where the job starts its own
# Needs setup.sh; some 15 s and the job. Block I/O counts only on ubda; / is mounted from /dev/root.
set -eu
. "$(dirname "$0")/../lib.sh"
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

image=$("$BEDS/debian/image.sh")
make_images "$BED_CACHE/images"
work=$(mktemp -d)
name=bed$$
trap 'guest_network_down "$name"; rm -rf "$work" "$HOME/.uml/$name"' EXIT
mkdir "$work/result"
printf '%q ' "/host$job" "$@" > "$work/command"
cat > "$work/environment" <<ENVIRONMENT
export BEDS='$BEDS' OUT_FOLDER='$out' IMAGES='/host$BED_CACHE/images' CRI_DESCRIPTORS='/host$BED_CACHE/cri.desc'
export PYTHON=python3 PYTHONPATH=/opt/bed/python DRIVER=systemd BED_CONTAINERD='${BED_CONTAINERD:-yes}' ${BED_ENVIRONMENT:-}
export BED_PEER=10.95.0.1
ENVIRONMENT

guest_network "$name"

# The guest's memory is a file in TMPDIR: on a tmpfs it is as fast as memory. It has one CPU; kept on one of the machine's
# it runs twice as fast. The disk is a copy-on-write file over the image.
cd "$work"
export TMPDIR=/dev/shm
taskset -c "${CPU:-$(($(nproc) - 1))}" nsenter --net="/run/netns/$name" timeout "${LIMIT:-300}" linux.uml \
  umid="$name" mem="${MEM:-1500M}" ubd0="$work/disk,$image" root=/dev/ubda rw quiet \
  systemd.show_status=0 systemd.unified_cgroup_hierarchy=$unified \
  vec0:transport=tap,ifname=tap0,depth=64 con=null con0=null,fd:1 con1=null bed_work="$work" \
  < /dev/null > "$work/console" 2>&1 || true
# The console ends lines with \r\n; what the kernel says before the mark is not the job's.
sed -n '1,/^### job/d; s/\r$//; /^### end/q; p' "$work/console"
if [ ! -s "$work/result/code" ]; then
  echo "$0: the guest did not come to an end; its console:" >&2
  tail -n 30 "$work/console" >&2
  exit 124
fi
exit "$(cat "$work/result/code")"
