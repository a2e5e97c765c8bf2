#!/bin/bash
# Proves that an agent as uid 65532 loses only what a procfs alone can tell where that shows less than it likes: mounted with
# hidepid=1 or 2, of another pid namespace, missing below root_path, missing altogether. The node's CPU and memory, pods and
# containers are always there; file systems wherever there is a mount table; the node's network only where process 1 is seen. On
# this machine's kernel, and on that of a guest with cgroup v2.
#   hidepid.sh AGENT      some 50 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need_guest unshare setpriv cc
make_images "$BED_CACHE/images"
mkdir "$OUT/machine" "$OUT/guest"
cp "$AGENT" "$OUT/machine/agent"
cp "$AGENT" "$OUT/guest/agent"
# The pod's cgroups are where a kubelet has its own.
take_machine
OUT=$OUT/machine "$CHECKS/jobs/hidepid.sh" "$BED_CACHE/images/load" 9>&-
nice -n -10 "$BEDS/guest/run.sh" -o "$OUT/guest" "$CHECKS/jobs/hidepid.sh" "$BED_CACHE/images/load"
