#!/bin/bash
# Makes the node of a bed one of EC2 while a command runs: instance metadata at its address, the machine's files at /rootfs,
# where the Go collector looks for them, an account as every pod has one, and an agent's environment.
#   on_node.sh FOLDER COMMAND...      in the node's network namespace, as root; FOLDER/account is the account
# env: CLUSTER (with pki), NODE, NODE_IP, KUBECONFIG, kubectl in PATH
set -eu
. "$(dirname "$0")/../lib.sh"
account=/var/run/secrets/kubernetes.io/serviceaccount
folder=$1
shift
mkdir -p "$folder/account"
kubectl create token agent -n agent-system --duration 4h > "$folder/account/token"
cp "$CLUSTER/pki/ca.crt" "$folder/account/ca.crt"
printf agent-system > "$folder/account/namespace"
ip addr replace 169.254.169.254/32 dev lo
host_root
trap host_root_down EXIT
export HOST_IP=$NODE_IP HOST_NAME=$NODE K8S_NODE_NAME=$NODE K8S_NAMESPACE=agent-system
export KUBERNETES_SERVICE_HOST=10.96.0.1 KUBERNETES_SERVICE_PORT=443
# shellcheck disable=SC2016  # for the inner shell
unshare --mount sh -c 'mkdir -p "$1" && mount --bind "$2" "$1" && shift 2 && exec "$@"' sh $account "$folder/account" "$@"
