#!/bin/bash
# Records nodes for crates/testkit/hosts: brings the bed up, records (record/record.py), takes it down.
#   record.sh v1-kubernetes | v2-kubernetes-systemd | v1-hybrid-systemd | v2-host | all
# env: DROP_MOUNTS="PREFIX..."   mounts of this machine that are only its tools' and stay out of v1-kubernetes
# Needs root and setup.sh; build.sh for the two with Kubernetes. Some 1, 5, 2 and 1 minutes.
set -eu
. "$(dirname "$0")/lib.sh"
# Another guest has other facts.
export BED=${BED:-uml}
hosts=$(realpath "$BEDS/../crates/testkit/hosts" 2>/dev/null || true)
hosts=${HOSTS:-$hosts}
[ -n "$hosts" ] || fail "no folder for recordings"
mkdir -p "$hosts"

record() {
  echo "$1" >&2
  case $1 in
  v1-kubernetes) "$BEDS/record/v1_kubernetes.sh" "$hosts/$1" ;;
  v2-kubernetes-systemd) in_guest "$1" "$BEDS/kubernetes/guest_cluster.sh" ;;
  v1-hybrid-systemd) in_guest "$1" "$BEDS/debian/run.sh" --v1 ;;
  v2-host) in_guest "$1" "$BEDS/debian/run.sh" ;;
  *) fail "no recording is called $1" ;;
  esac
}

# in_guest NAME COMMAND...: runs record/NAME.sh in a guest; it writes to a folder that is then moved in place.
in_guest() {
  local name=$1 out
  shift
  out=$(mktemp -d)
  "$@" -o "$out" "$BEDS/record/${name//-/_}.sh"
  rm -rf "${hosts:?}/$name"
  cp -r "$out/recording" "$hosts/$name"
  rm -rf "$out"
}

if [ "${1:-}" = all ]; then
  for name in v1-kubernetes v2-kubernetes-systemd v1-hybrid-systemd v2-host; do record "$name"; done
else
  record "${1:-}"
fi
