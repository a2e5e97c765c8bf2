#!/bin/bash
# Runs inside the guest of guest_cluster.sh: a whole Kubernetes on pure cgroup v2, then the job given by its path and arguments.
set -eu
# Fewer signals and page faults, which are dear in a guest.
export GOGC=400 GODEBUG=asyncpreemptoff=1
# shellcheck disable=SC2153  # KEYS comes from guest_cluster.sh
keys=$KEYS
CLUSTER=/var/cluster DRIVER=systemd FAIL_CGROUP_V1=true
. "$(dirname "$0")/cluster.sh"
uptime_seconds() { cut -d. -f1 /proc/uptime; }

mkdir -p $CLUSTER/pid $CLUSTER/log
cp -r "$keys/pki" "$keys"/*.kubeconfig $CLUSTER/
# From the guest's own disk: files of the machine are slow to page from.
cp -r "$BIN" $CLUSTER/bin
BIN=$CLUSTER/bin
# cAdvisor, in the kubelet, ends without this line, which User-Mode Linux does not have.
if ! grep -q '^cpu MHz' /proc/cpuinfo; then
  awk '{print} /^model name/ {print "cpu MHz\t\t: 2400.000"}' /proc/cpuinfo > /run/cpuinfo
  mount --bind /run/cpuinfo /proc/cpuinfo
fi
node_address
start_control_plane
start_containerd true false
until_ok 180 kubectl_admin get --raw /readyz
echo "API server ready at $(uptime_seconds) s" >&2
start_controllers
start_kubelet
until_ok 180 kubectl_admin wait --for=condition=Ready "node/$NODE" --timeout=30s
echo "node Ready at $(uptime_seconds) s" >&2
start_workloads 180
echo "workloads ready at $(uptime_seconds) s" >&2
if [ -n "$FILL" ]; then fill "$FILL" >&2; fi
TOKEN=$(token 24h)
export TOKEN CLUSTER NODE KUBECONFIG=$CLUSTER/admin.kubeconfig PATH="$BIN:$PATH"
code=0
bash -c 'exec "$@"' job "$@" || code=$?
if [ -n "${OUT:-}" ]; then cp -r $CLUSTER/log "$OUT/cluster-log"; fi
exit $code
