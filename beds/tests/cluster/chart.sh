#!/bin/bash
# Proves on a real Kubernetes that it takes what the chart renders, in every shape, by a dry run at the server; and with both
# roles that an installed chart runs: its pods are ready, as 65532 without capabilities, with authorisation on, and send the
# node's events; that what is mounted later is seen, and let go of; and that the minimal role allows nothing beside the table.
#   chart.sh AGENT       4-5 min, since a pod is ready a batch's timeout after its start; 77 where this can't run
# The / of a node with systemd is a shared mount. Where this machine's isn't, all runs in mounts of its own, which are.
set -eu
if [ -z "${OWN_MOUNTS:-}" ] && [ "$(id -u)" = 0 ] && ! awk '$5 == "/" {shared = / shared:/} END {exit !shared}' /proc/self/mountinfo; then
  OWN_MOUNTS=1 exec unshare --mount --propagation shared -- "$0" "$@"
fi
. "$(dirname "$0")/../common.sh"
need_cluster mkfs.ext4
need_go
HELM=$("$BEDS/kubernetes/helm.sh")
deploy=$BEDS/../deploy
chart=$deploy/helm/container-insights
at_end() {
  umount "$OUT/volume" 2> /dev/null || true
  cluster_down
}
python3 "$BEDS/images/make_image.py" "$OUT/agent.tar" docker.io/library/bed-agent:1 "$AGENT=/container-insights" --command /container-insights
cluster_up
"$BED" import "$OUT/agent.tar"
helm() { on_cluster "$HELM" "$@"; }

# The server looks whether namespaces exist in a dry run too.
for namespace in container-insights there aws-otel-eks; do kubectl create namespace "$namespace" > /dev/null; done
dry() { kubectl apply --dry-run=server --validate=strict -f "$1" > "$OUT/dry" 2>&1 || fail "$2: $(cat "$OUT/dry")"; }
for role in minimal sample; do dry "$deploy/kubernetes/$role.yaml" "$role"; done
shape() {
  "$HELM" template here "$chart" --namespace there --set image.repository=registry.example/a "$@" > "$OUT/shape.yaml"
  dry "$OUT/shape.yaml" "$*"
}
shape --set spool.enabled=true
shape --set spool.enabled=true,spool.type=emptyDir
shape --set host.mounts=narrow,clusterName=shop,region=eu-west-1
shape --set leaderLock.namespace=aws-otel-eks,leaderLock.name=other
shape --set leaderLock.create=true,networkPolicy.enabled=true,serviceAccount.tokenExpirationSeconds=3600
shape --set networkPolicy.enabled=true --set 'networkPolicy.from[0].namespaceSelector.matchLabels.a=b'
shape --set 'serviceAccount.annotations.eks\.amazonaws\.com/role-arn=arn:aws:iam::111122223333:role/a,priorityClassName='
echo "the server takes every shape"

agent_pod() { kubectl -n container-insights get pod -l app.kubernetes.io/instance=here -o "jsonpath={.items[0]$1}"; }
events() { kubectl -n container-insights logs daemonset/here-container-insights | grep -q "\"Type\":\"$1\""; }
# installed NAME OPTION...: the chart runs, and its events come.
installed() {
  local name=$1
  shift
  helm install here "$chart" --namespace container-insights --set image.repository=docker.io/library/bed-agent \
    --set-string image.tag=1 --set image.pullPolicy=Never,clusterName=bed \
    --set 'extraArgs={--set=exporters.awsemf.output_destination=stdout,--set=receivers.awscontainerinsightreceiver.collection_interval=5s}' \
    "$@" > "$OUT/install"
  kubectl -n container-insights rollout status daemonset/here-container-insights --timeout=150s > "$OUT/rollout" 2>&1 ||
    fail "$name: $(kubectl -n container-insights get events; kubectl -n container-insights logs daemonset/here-container-insights --tail 20)"
  local type
  for type in Node NodeFS NodeDiskIO NodeNet Pod PodNet Container ContainerFS; do
    until_ok 40 events $type || fail "$name: no $type: $(kubectl -n container-insights logs daemonset/here-container-insights | grep -v '^{' | tail -20)"
  done
  local process
  process=$(pgrep -fx '/container-insights --config=/conf/config.yaml .*')
  grep -q '^Uid:.65532.65532' "/proc/$process/status" || fail "$name: another user"
  grep -q '^CapBnd:.0000000000000000' "/proc/$process/status" || fail "$name: has capabilities"
  grep -q '^NoNewPrivs:.1' "/proc/$process/status" || fail "$name: may gain privileges"
  grep -q '^Seccomp:.2' "/proc/$process/status" || echo "$name: no seccomp on this machine"
  grep VmHWM "/proc/$process/status"
  [ "$(agent_pod .status.containerStatuses[0].restartCount)" = 0 ] || fail "$name: it was restarted"
  kubectl -n container-insights logs daemonset/here-container-insights | grep -v '^{' > "$OUT/log.$name" || true
  # The sample's role lacks some on purpose.
  if [ "$name" != sample ] && grep -E ' 403|forbidden' "$OUT/log.$name"; then fail "$name: a right is missing"; fi
}

# allowed ANSWER VERB RESOURCE [OPTION...]: what the API server says of the agent's account.
allowed() {
  local answer=$1 said
  shift
  said=$(kubectl auth can-i "$@" --as system:serviceaccount:container-insights:here-container-insights 2> /dev/null || true)
  [ "$said" = "$answer" ] || fail "may $*: $said, not $answer"
}
# A disk that comes and goes, at a place that anybody may look at.
follows() {
  chmod 755 "$OUT"
  mkdir "$OUT/volume"
  mkfs.ext4 -q -m 0 "$OUT/disk" 72M > /dev/null
  mount -o loop "$OUT/disk" "$OUT/volume" 2> "$OUT/mount.log" || { echo "no loop device: $(tail -n 1 "$OUT/mount.log")"; return 0; }
  local device process
  device=$(findmnt -no SOURCE "$OUT/volume")
  process=$(pgrep -fx '/container-insights --config=/conf/config.yaml .*')
  # Looked for in the pod's own table: the events go by that of process 1, which may have other mounts than this script.
  grep -q " /rootfs$OUT/volume .* $device " "/proc/$process/mountinfo" || fail "a file system mounted later is not in the pod"
  umount "$OUT/volume"
  if grep -q " $device " "/proc/$process/mountinfo"; then fail "the pod holds what is unmounted"; fi
}

installed minimal --set role=minimal
follows
lock=otel-container-insight-clusterleader
here="-n container-insights"
for row in "get nodes/x --subresource=pods" "get nodes/x --subresource=stats" "get nodes" "watch nodes -A" "list pods -A" "watch services -A" \
  "watch endpointslices.discovery.k8s.io -A" "list deployments.apps -A" "watch replicasets.apps -A" "create configmaps $here" "create leases.coordination.k8s.io $here" \
  "create events $here" "update configmaps/$lock $here" "watch leases.coordination.k8s.io/$lock $here"; do
  # shellcheck disable=SC2086  # words
  allowed yes $row
done
for row in "get nodes/x --subresource=proxy" "create nodes/x --subresource=proxy" "get nodes/x --subresource=log" "get secrets -A" "get configmaps $here" \
  "list configmaps $here" "update configmaps/other $here" "delete configmaps/$lock $here" "create configmaps -n default" "create leases.coordination.k8s.io -n default" \
  "create events -n default" "update leases.coordination.k8s.io/$lock -n default" "get pods -A" "watch endpoints -A" "create pods $here" "patch nodes" "list jobs.batch -A"; do
  # shellcheck disable=SC2086  # words
  allowed no $row
done
helm uninstall here --namespace container-insights --wait > /dev/null
installed narrow --set host.mounts=narrow,spool.enabled=true,spool.type=emptyDir
helm uninstall here --namespace container-insights --wait > /dev/null
# A lock made with the release is led by without the right to create one; the token is the projected one.
kubectl -n container-insights delete configmap,lease "$lock" --ignore-not-found > /dev/null
installed closed --set leaderLock.create=true,networkPolicy.enabled=true,serviceAccount.tokenExpirationSeconds=600
allowed no create configmaps -n container-insights
allowed no create leases.coordination.k8s.io -n container-insights
until_ok 200 events Cluster || fail "no agent leads by the lock of the release"
helm uninstall here --namespace container-insights --wait > /dev/null
installed sample --set role=sample
helm uninstall here --namespace container-insights --wait > /dev/null
echo "the chart runs with both roles"
