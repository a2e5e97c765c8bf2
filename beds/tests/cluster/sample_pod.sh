#!/bin/bash
# Proves on a real Kubernetes, with authentication and authorisation on, that the agent as a pod of the sample manifest
# tells what the kubelet knows. The manifest is changed only in its image, its pull policy and arguments: events to
# stdout, a cluster's name, and an interval of 5 s instead of 60 for most of the time. The image is the static binary alone.
#   sample_pod.sh AGENT       the binary's path; some 4 min; 77 where this can't run
# Every event is well formed and complete; memory, CPU, traffic, block I/O and file systems agree with cAdvisor and the
# summary; states, counts, requests, limits, restarts, owners and labels with the pod list; without the right for the pod
# list the node's own numbers go on; the untouched 60 s give a complete first round in 61 s.
# env: PARTS as in agent_pod.py
set -eu
. "$(dirname "$0")/../common.sh"
need_cluster
python3 "$BEDS/images/make_image.py" "$OUT/agent.tar" docker.io/library/bed-agent:1 "$AGENT=/awscollector" --command /awscollector
cluster_up
"$BED" import "$OUT/agent.tar"
export SEEN=$OUT/seen
on_cluster python3 "$CHECKS/cluster/agent_pod.py"
