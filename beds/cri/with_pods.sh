#!/bin/bash
# Brings a private containerd up on this machine, runs a command beside pods with known loads, takes everything down.
#   with_pods.sh [--loads cpu,write+network,...] [--pace S] [--sandbox] [--before S] [--after S] [--out FILE] [-- COMMAND...]
# Prints JSON lines; they, the options and the loads are described in with_pods.py. env as for containerd.sh, and
# BED_KEEP=1 in a guest that ends anyway: nothing is taken down; BED_UP=1: a containerd is up at $BED_RUN already.
# Exits 0 when the pods and loads came about, whatever COMMAND's own exit code (it is in the last line).
# Needs root and setup.sh; some 20 s with all loads.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
export BED_RUN=${BED_RUN:-/run/container-insights-bed} BED_STORAGE=${BED_STORAGE:-/var/lib/container-insights-bed}
if [ -z "${BED_UP:-}" ]; then
  take_machine
  # Somebody else's bed is not ours to take down.
  [ ! -e "$BED_RUN/pid" ] || fail "a bed is up at $BED_RUN (containerd.sh down takes it down)"
  if [ -z "${BED_KEEP:-}" ]; then trap '"$here/containerd.sh" down' EXIT; fi
  "$here/containerd.sh" up 9>&-
fi
"$PYTHON" "$here/with_pods.py" --socket "$BED_RUN/containerd.sock" --driver "${DRIVER:-cgroupfs}" --storage "$BED_STORAGE" "$@"
