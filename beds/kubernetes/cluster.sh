# shellcheck shell=bash
# Shared by host_cluster.sh and guest_node.sh (sourced): keys, control plane, kubelet and workloads of a single-node cluster.
# The caller sets CLUSTER (a folder of its own), BIN (of build.sh), NODE (its name), DRIVER (cgroupfs|systemd) and
# FAIL_CGROUP_V1 (true|false). Images come from IMAGES.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
NODE_IP=10.97.0.1
SERVICE_IP=10.96.0.1     # the service "kubernetes": an address of the node itself, so pods reach it without kube-proxy
RUNTIME_SOCKET=/run/containerd/containerd.sock
export NODE_IP

kubectl_admin() { "$BIN/kubectl" --kubeconfig "$CLUSTER/admin.kubeconfig" "$@"; }
ctr_cluster() { ctr -a "$RUNTIME_SOCKET" -n k8s.io "$@"; }

# start NAME COMMAND...: in the background, its log and process id in CLUSTER.
start() {
  local name=$1
  shift
  setsid nohup "$@" > "$CLUSTER/log/$name" 2>&1 < /dev/null 9>&- &
  echo $! > "$CLUSTER/pid/$name"
}

# stop NAME: ends exactly the process that start began, and waits for it, at most 20 s.
stop() {
  local pid
  pid=$(cat "$CLUSTER/pid/$1" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  kill -9 "$pid" 2>/dev/null || true
  rm -f "$CLUSTER/pid/$1"
}

# certificate NAME SUBJECT USAGE [ALTERNATIVE_NAMES]: a key and a certificate signed by the cluster's CA.
certificate() {
  local path=$CLUSTER/pki/$1
  openssl ecparam -genkey -name prime256v1 -noout -out "$path.key"
  openssl req -new -key "$path.key" -subj "$2" -out "$path.csr"
  echo "extendedKeyUsage=$3" > "$path.ext"
  if [ -n "${4:-}" ]; then echo "subjectAltName=$4" >> "$path.ext"; fi
  openssl x509 -req -in "$path.csr" -CA "$CLUSTER/pki/ca.crt" -CAkey "$CLUSTER/pki/ca.key" -CAcreateserial -days 30 \
    -extfile "$path.ext" -out "$path.crt" 2>/dev/null
}

# kubeconfig NAME: CLUSTER/NAME.kubeconfig from the certificate NAME; its paths are relative, so the folder may be copied.
kubeconfig() {
  cat > "$CLUSTER/$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: bed, cluster: {server: "https://$NODE_IP:443", certificate-authority: pki/ca.crt}}]
users: [{name: user, user: {client-certificate: pki/$1.crt, client-key: pki/$1.key}}]
contexts: [{name: context, context: {cluster: bed, user: user}}]
current-context: context
YAML
}

make_keys() {
  mkdir -p "$CLUSTER/pki"
  openssl ecparam -genkey -name prime256v1 -noout -out "$CLUSTER/pki/ca.key"
  openssl req -x509 -new -key "$CLUSTER/pki/ca.key" -subj /CN=bed-ca -days 30 -out "$CLUSTER/pki/ca.crt"
  openssl genrsa -out "$CLUSTER/pki/accounts.key" 2048 2>/dev/null
  openssl rsa -in "$CLUSTER/pki/accounts.key" -pubout -out "$CLUSTER/pki/accounts.pub" 2>/dev/null
  local names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
  names=IP:$SERVICE_IP,IP:$NODE_IP,IP:127.0.0.1,$names,DNS:kubernetes.default.svc.cluster.local
  certificate apiserver /CN=kube-apiserver serverAuth "$names"
  certificate apiserver-kubelet /O=system:masters/CN=apiserver-kubelet clientAuth
  certificate kubelet-server "/O=system:nodes/CN=system:node:$NODE" serverAuth "IP:$NODE_IP,DNS:$NODE"
  certificate admin /O=system:masters/CN=admin clientAuth
  certificate controllers /CN=system:kube-controller-manager clientAuth
  certificate scheduler /CN=system:kube-scheduler clientAuth
  certificate node "/O=system:nodes/CN=system:node:$NODE" clientAuth
  local name
  for name in admin controllers scheduler node; do kubeconfig $name; done
}

# A bridge without ports holds the node's and the API service's address: nothing depends on the machine's own network.
node_address() {
  ip link add bed0 type bridge
  ip link set bed0 up
  ip addr add "$NODE_IP/32" dev bed0
  ip addr add "$SERVICE_IP/32" dev bed0
  ip route add default dev bed0
}

# env: AUDIT=1 (the API server logs to CLUSTER/log/audit what audit.yaml says)  ETCD_QUOTA (bytes that etcd may hold)
start_control_plane() {
  local audit=()
  [ -z "${AUDIT:-}" ] || audit=(--audit-policy-file "$BEDS/kubernetes/audit.yaml" --audit-log-path "$CLUSTER/log/audit")
  start etcd "$BIN/etcd" --data-dir "$CLUSTER/etcd" --unsafe-no-fsync --log-level warn --quota-backend-bytes "${ETCD_QUOTA:-0}" \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
    --initial-cluster default=http://127.0.0.1:2380
  start_api_server "${audit[@]}"
}

# start_api_server [FLAG...]
start_api_server() {
  start kube-apiserver "$BIN/kube-apiserver" --etcd-servers http://127.0.0.1:2379 --secure-port 443 \
    --advertise-address "$NODE_IP" --service-cluster-ip-range 10.96.0.0/16 --authorization-mode Node,RBAC \
    --enable-admission-plugins NodeRestriction --allow-privileged --client-ca-file "$CLUSTER/pki/ca.crt" \
    --tls-cert-file "$CLUSTER/pki/apiserver.crt" --tls-private-key-file "$CLUSTER/pki/apiserver.key" \
    --kubelet-preferred-address-types InternalIP --kubelet-certificate-authority "$CLUSTER/pki/ca.crt" \
    --kubelet-client-certificate "$CLUSTER/pki/apiserver-kubelet.crt" \
    --kubelet-client-key "$CLUSTER/pki/apiserver-kubelet.key" \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$CLUSTER/pki/accounts.pub" \
    --service-account-signing-key-file "$CLUSTER/pki/accounts.key" "$@"
}

# Only once the API server is ready: the controller manager gives up after 10 s without it.
start_controllers() {
  start kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig "$CLUSTER/controllers.kubeconfig" \
    --leader-elect=false --bind-address 127.0.0.1 --use-service-account-credentials \
    --service-account-private-key-file "$CLUSTER/pki/accounts.key" --root-ca-file "$CLUSTER/pki/ca.crt"
  start kube-scheduler "$BIN/kube-scheduler" --kubeconfig "$CLUSTER/scheduler.kubeconfig" --leader-elect=false \
    --bind-address 127.0.0.1
}

# start_containerd SYSTEMD_CGROUP RESTRICT_OOM: with the images imported.
start_containerd() {
  cni_config "$CLUSTER/cni" cni0
  containerd_config "$CLUSTER/containerd.toml" /var/lib/containerd /run/containerd "$RUNTIME_SOCKET" "$CLUSTER/cni" "$1" "$2"
  start containerd containerd --config "$CLUSTER/containerd.toml"
  until_ok 60 ctr_cluster version
  local image
  for image in "$IMAGES/busybox.tar" "$IMAGES/pause.tar" ${EXTRA_IMAGES:-}; do ctr_cluster image import "$image" >/dev/null; done
}

start_kubelet() {
  mkdir -p "$CLUSTER/manifests"
  cp "$BEDS/kubernetes/static-pod.yaml" "$CLUSTER/manifests/"
  # No DNS is served at the service's address: a lookup is refused at once. Our own images can't be pulled again, so none
  # may ever be thrown away.
  cat > "$CLUSTER/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true, cacheTTL: 10s}
  x509: {clientCAFile: $CLUSTER/pki/ca.crt}
authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 10s, cacheUnauthorizedTTL: 5s}}
tlsCertFile: $CLUSTER/pki/kubelet-server.crt
tlsPrivateKeyFile: $CLUSTER/pki/kubelet-server.key
readOnlyPort: 0
cgroupDriver: $DRIVER
failCgroupV1: $FAIL_CGROUP_V1
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: ""
clusterDomain: cluster.local
clusterDNS: [$SERVICE_IP]
containerRuntimeEndpoint: unix://$RUNTIME_SOCKET
staticPodPath: $CLUSTER/manifests
maxPods: 110
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi}
YAML
  local labels=node.kubernetes.io/instance-type=m5.large,topology.kubernetes.io/region=us-west-2
  start kubelet "$BIN/kubelet" --config "$CLUSTER/kubelet.yaml" --kubeconfig "$CLUSTER/node.kubeconfig" \
    --node-ip "$NODE_IP" --hostname-override "$NODE" --root-dir /var/lib/kubelet \
    --node-labels "$labels,topology.kubernetes.io/zone=us-west-2a"
}

# start_workloads SECONDS: the set of workloads.yaml and the agent's account, ready within so many seconds each.
start_workloads() {
  until_ok 60 kubectl_admin get serviceaccount default -n default
  local file
  for file in workloads agent-rbac; do kubectl_admin apply -f "$BEDS/kubernetes/$file.yaml" >/dev/null; done
  # The controller manager makes the pods a moment later, and kubectl wait is an error while there are none.
  until_ok "$1" kubectl_admin -n apps wait --for=condition=Ready pod -l 'app in (web,ds,db,qos,hostnet)' --timeout=60s
}

running_pods() { kubectl_admin get pods -A --field-selector=status.phase=Running --no-headers 2>/dev/null | wc -l; }

# fill N: pods of one pause container each bring the node to N running pods in all; 110 is the kubelet's limit.
fill() {
  local wanted=$1 others
  kubectl_admin apply -f "$BEDS/kubernetes/fill.yaml" >/dev/null
  others=$(kubectl_admin get pods -A --no-headers \
    --field-selector="status.phase!=Succeeded,status.phase!=Failed,spec.nodeName=$NODE" | grep -vc '^fill ' || true)
  kubectl_admin -n fill scale deployment/fill --replicas=$((wanted - others)) >/dev/null
  for _ in $(seq 300); do
    [ "$(kubectl_admin -n fill get deployment fill -o jsonpath='{.status.readyReplicas}')" = $((wanted - others)) ] && break
    sleep 1
  done
  echo "fill: asked for $((wanted - others)) beside $others others, running $(running_pods)"
}
unfill() { kubectl_admin delete namespace fill --ignore-not-found --timeout=180s; }

# token [DURATION]: a token of the agent's account.
token() { kubectl_admin create token agent -n agent-system --duration "${1:-24h}"; }
