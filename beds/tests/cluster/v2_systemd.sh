#!/bin/bash
# The values of sample_pod.sh on a Kubernetes in a guest: pure cgroup v2, systemd as process 1 and as the driver of
# cgroups, so kubepods.slice/…/cri-containerd-<id>.scope. The manifest is the sample's, as there.
#   v2_systemd.sh AGENT       the binary's path; 77 where this can't run
# The guest is slow, so the interval is 10 s and the kubelet is asked every 3 s; rights and the untouched interval
# are sample_pod.sh's.
set -eu
. "$(dirname "$0")/../common.sh"
need_guest debootstrap openssl ip
[ -f "$BED_CACHE/kubernetes/bin/stamp" ] || need_go
python3 "$BEDS/images/make_image.py" "$OUT/agent.tar" docker.io/library/bed-agent:1 "$AGENT=/awscollector" --command /awscollector
unset AGENT
export EXTRA_IMAGES=$OUT/agent.tar
export JOB_ENVIRONMENT="SLOW=1 INTERVAL=10 PAUSE=3 PARTS='${PARTS:-values}'"
"$BEDS/kubernetes/guest_cluster.sh" -o "$OUT/guest" "$CHECKS/cluster/jobs/agent_pod.sh"
