#!/bin/bash
# The same Kubernetes and workloads as host_cluster.sh in a guest (guest/kind.sh): Linux 6.1, pure cgroup v2, systemd as process 1,
# containerd with the systemd driver.
#   guest_cluster.sh [-o FOLDER] JOB [ARGUMENT...]      FOLDER of the machine is $OUT in the guest, written through
# JOB is a program of the machine that runs as root in the guest once all workloads are ready. Its environment: OUT, BEDS
# (below /host, where the machine's files are), KUBECONFIG (admin), TOKEN (the agent's), CLUSTER (logs, pki), NODE, NODE_IP,
# and kubectl in PATH; each kubectl costs seconds there, curl does not.
# env: AGENT="/path/of/agent=/agent [FILE=PATH...]" makes the image docker.io/library/bed-agent:1
#      EXTRA_IMAGES=FILE.tar is an image of that file; JOB_ENVIRONMENT="NAME=VALUE..." is the job's
#      FILL=60 adds pause pods; MEM=4G; LIMIT=900 (seconds)
# Needs setup.sh and build.sh; workloads are ready after 80-160 s.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
out=()
if [ "${1:-}" = -o ]; then out=(-o "$2"); shift 2; fi
[ $# -gt 0 ] || fail "no job"
job=/host$(realpath "$1")
shift

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
CLUSTER=$folder NODE=bed-uml
. "$here/cluster.sh"
BIN=$("$here/build.sh")
make_keys
extra=${EXTRA_IMAGES:+/host$EXTRA_IMAGES}
if [ -n "${AGENT:-}" ]; then
  # shellcheck disable=SC2086  # a list of FILE=PATH
  python3 "$BEDS/images/make_image.py" "$folder/agent.tar" docker.io/library/bed-agent:1 $AGENT --busybox /bin/busybox --command /agent
  extra=/host$folder/agent.tar
fi
export MEM=${MEM:-4G} LIMIT=${LIMIT:-900} BED_CONTAINERD=no
export BED_ENVIRONMENT="BIN='/host$BIN' KEYS='/host$folder' NODE=$NODE FILL='${FILL:-}' EXTRA_IMAGES='$extra' ${JOB_ENVIRONMENT:-}"
"$BEDS/debian/run.sh" "${out[@]}" "$here/guest_node.sh" "$job" "$@"
