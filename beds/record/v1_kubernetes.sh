#!/bin/bash
# Records the Kubernetes of kubernetes/host_cluster.sh on the machine itself.
#   record/v1_kubernetes.sh OUT       called by record.sh
set -eu
. "$(dirname "$0")/../lib.sh"
out=$1
cluster=$BEDS/kubernetes/host_cluster.sh
take_machine
# A cluster that some other run has up is not ours to take down.
[ ! -d /run/container-insights-cluster ] || fail "a cluster is up"
trap '[ ! -d /run/container-insights-cluster ] || "$cluster" down >&2' EXIT
"$cluster" up >&2 9>&-
eval "$("$cluster" env)"
token=$(mktemp)
"$cluster" token 1h > "$token"

pod() { kubectl -n apps get pods -l "app=$1" -o "jsonpath={.items[0].$2}"; }
web=$(pod web metadata.name)
address=$(pod web status.podIP)
id=$(pod web 'status.containerStatuses[0].containerID')
# Version 1 counts no bytes of any group until one has a rule for the disk: one that never throttles.
disk=$("$PYTHON" -c 'import sys; sys.path.insert(0, sys.argv[1]); import counters; print(counters.whole_disk("/var/lib/containerd"))' "$BEDS/cri")
rule=$(find /sys/fs/cgroup/blkio/kubepods -type d -name "${id##*/}")
echo "$disk 1099511627776" > "$rule/blkio.throttle.write_bps_device"

activity="export KUBECONFIG=$KUBECONFIG PATH=$PATH
for turn in 1 2 3 4 5 6; do nsenter --net=/run/netns/bednode busybox wget -q -O /dev/null http://$address:8080/load || true; done
nsenter --net=/run/netns/bednode kubectl -n apps exec $web -- load write /tmp/file 8388608
nsenter --net=/run/netns/bednode kubectl -n apps exec db-0 -c main -- busybox wget -q -O /dev/null http://$address:8080/load || true"
drop=()
for prefix in ${DROP_MOUNTS:-}; do drop+=(--drop-mount "$prefix"); done
how="single-node Kubernetes $(kubelet --version | cut -d' ' -f2) on the machine itself (beds/kubernetes/host_cluster.sh): cgroup v1"
how="$how with cpu and cpuacct mounted apart, cgroupfs driver, containerd and runc of Debian 12, workloads.yaml; the kubelet's own"
how="$how answers. The node's network is a namespace: proc/1/net/dev and sys/class/net are the machine's own. One container has a"
how="$how throttle rule that never throttles, without which version 1 counts no block I/O."
nsenter --net=/run/netns/bednode "$PYTHON" "$BEDS/record/record.py" "$out" --how "$how" "${drop[@]}" --between "$activity" \
  --kubelet https://10.97.0.1:10250 --token-file "$token" --ca /run/container-insights-cluster/pki/ca.crt
rm -f "$token"
