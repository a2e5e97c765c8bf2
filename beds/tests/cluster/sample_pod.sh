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
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || can_not "this machine has no cgroup v1 (v2_systemd.sh looks at a guest's)"
need containerd runc openssl
command -v go > /dev/null || [ -f "$BED_CACHE/kubernetes/bin/stamp" ] || can_not "Kubernetes can't be built: there is no Go"
bed=$BEDS/kubernetes/host_cluster.sh
cluster=/run/container-insights-cluster
"$BEDS/kubernetes/build.sh" > /dev/null
take_machine
[ ! -d $cluster ] || fail "a cluster is up"
at_end() { [ ! -d $cluster ] || "$bed" down; }
python3 "$BEDS/images/make_image.py" "$OUT/agent.tar" docker.io/library/bed-agent:1 "$AGENT=/awscollector" --command /awscollector
"$bed" up 9>&-
"$bed" import "$OUT/agent.tar"
eval "$("$bed" env)"
export NODE=bed-host NODE_IP=10.97.0.1 CLUSTER=$cluster SEEN=$OUT/seen
nsenter --net=/run/netns/bednode python3 "$CHECKS/cluster/agent_pod.py" 9>&-
