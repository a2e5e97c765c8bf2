#!/bin/bash
# A whole single-node Kubernetes on the machine itself (its cgroup version, cgroupfs driver): etcd, API server, controller
# manager, scheduler and kubelet from one binary, Debian's containerd, runc and CNI.
#   host_cluster.sh up            boots it and deploys workloads.yaml (20-40 s); AUDIT=1: the API server logs
#                                 service accounts' requests to CLUSTER/log/audit (audit.yaml)
#   host_cluster.sh env           prints shell code: eval "$(host_cluster.sh env)"; kubectl get pods -A
#   host_cluster.sh fill [110]    adds pods until the node runs that many; unfill takes them away
#   host_cluster.sh token [24h]   a token of the service account "agent" (rights: agent-rbac.yaml)
#   host_cluster.sh import TAR    imports an image (imagePullPolicy: Never)
#   host_cluster.sh status | down
# Needs root, setup.sh, build.sh. It uses the places of a real node (/var/lib/kubelet, /var/lib/containerd,
# /run/containerd, /var/log/pods) and refuses to start where they exist: one at a time, and always down after use, also
# after a failed up. It ends only processes that it started. All of it runs in a network namespace of its own, "bednode":
# enter it by  nsenter --net=/run/netns/bednode COMMAND  (not ip netns exec, which hides /sys/fs/cgroup).
set -eu
namespace=bednode
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
CLUSTER=$HOST_CLUSTER NODE=bed-host DRIVER=cgroupfs FAIL_CGROUP_V1=false
places="/var/lib/kubelet /var/lib/containerd /run/containerd /var/log/pods /var/log/containers"
if [ -z "${BED_INSIDE:-}" ] && [ "${1:-}" != env ]; then
  if [ "${1:-}" = up ]; then
    for place in $places $CLUSTER; do
      # Another bed's runtime may leave empty folders, which hold nothing of anybody's.
      if [ -n "$(find "$place" ! -type d -print -quit 2> /dev/null)" ]; then
        echo "$0: $place exists: not mine, or a cluster is up (try: $0 down)" >&2
        exit 1
      fi
    done
    own_network $namespace
    # From here on the places are this bed's, which is what lets down remove them.
    mkdir -p $CLUSTER/log $CLUSTER/pid
  elif [ ! -d $CLUSTER ]; then
    echo "$0: no cluster is up" >&2
    exit 1
  elif [ "${1:-}" = down ] && ! nsenter --net=/run/netns/$namespace true 2> /dev/null; then
    # A restart of the machine ended it, and left its files.
    own_network $namespace
  fi
  BED_INSIDE=1 exec nsenter --net=/run/netns/$namespace "$here/$(basename "$0")" "$@"
fi
. "$here/cluster.sh"
BIN=$("$here/build.sh")
IMAGES=$BED_CACHE/images
# The kubelet and CNI set these.
settings="vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys
  kernel.keys.root_maxbytes net.ipv4.ip_forward"

up() {
  # shellcheck disable=SC2086  # a list of names
  sysctl $settings > "$CLUSTER/sysctl.before"
  node_address
  make_keys
  make_images "$IMAGES"
  start_control_plane
  start_containerd false true
  echo "containerd after $SECONDS s"
  until_ok 60 kubectl_admin get --raw /readyz
  echo "API server ready after $SECONDS s"
  start_controllers
  start_kubelet
  until_ok 60 kubectl_admin wait --for=condition=Ready "node/$NODE" --timeout=30s
  echo "node Ready after $SECONDS s"
  start_workloads 60
  echo "workloads ready after $SECONDS s"
}

status() {
  local file pid
  for file in "$CLUSTER"/pid/*; do
    pid=$(cat "$file")
    printf '%-24s %7s %s\n' "${file##*/}" "$pid" "$(ps -o rss=,cputime=,etime= -p "$pid" || echo ended)"
  done
  kubectl_admin get nodes -o wide
  kubectl_admin get pods -A -o wide | grep -v '^fill '
  echo "running pods: $(running_pods)"
}

down() {
  local name id mount key value
  for name in kubelet kube-scheduler kube-controller-manager kube-apiserver etcd; do stop $name; done
  for id in $(ctr_cluster task ls -q 2>/dev/null); do ctr_cluster task rm -f "$id" >/dev/null 2>&1 || true; done
  for id in $(ctr_cluster containers ls -q 2>/dev/null); do ctr_cluster containers rm "$id" >/dev/null 2>&1 || true; done
  stop containerd
  for mount in $(awk '{print $2}' /proc/mounts | grep -E '^(/var/lib/kubelet|/run/containerd|/run/netns/cni-)' | sort -r); do
    umount "$mount" 2>/dev/null || umount -l "$mount" 2>/dev/null || true
  done
  rm -f /run/netns/cni-*
  ip link del cni0 2>/dev/null || true
  ip link del bed0 2>/dev/null || true
  remove_empty_cgroups kubepods
  if [ -f "$CLUSTER/sysctl.before" ]; then
    while read -r key _ value; do sysctl -qw "$key=$value" || true; done < "$CLUSTER/sysctl.before"
  fi
  ip netns del $namespace
  # shellcheck disable=SC2086  # a list of folders
  rm -rf $places "$CLUSTER"
  echo "down after $SECONDS s"
}

case ${1:-} in
up) up ;;
status) status ;;
env)
  echo "export CLUSTER=$CLUSTER NODE=$NODE NODE_IP=$NODE_IP"
  echo "export KUBECONFIG=$CLUSTER/admin.kubeconfig PATH=$BIN:\$PATH; kubectl() { nsenter --net=/run/netns/$namespace kubectl \"\$@\"; }"
  ;;
fill) fill "${2:-110}" ;;
unfill) unfill ;;
token) token "${2:-24h}" ;;
import) ctr_cluster image import "$2" ;;
down) down ;;
*) sed -n '2,10p' "$0"; exit 2 ;;
esac
