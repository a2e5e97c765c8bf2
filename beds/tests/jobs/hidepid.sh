#!/bin/bash
# Agents that see less of procfs than they like, beside a pod; runs on the machine or in a guest.
#   OUT=FOLDER hidepid.sh LOAD      runs FOLDER/agent
set -eu
load=$1
here=$(cd "$(dirname "$0")" && pwd)
SAMPLE=$(cat "$here/../../../examples/eks.yaml")
export SAMPLE HOST_NAME=bed-node K8S_NAMESPACE=amazon-cloudwatch
# On a disk or in memory of its own, where uid 65532 gets to and a mount point can be.
folder=$(mktemp -d)
trap 'rm -rf --one-file-system "$folder"' EXIT
chmod 755 "$folder"
mkdir "$folder/rootfs"
cp "$OUT/agent" "$load" "$folder/"
chmod 755 "$folder/agent" "$folder/load"
code=0
python3 "$here/../hidepid.py" "$folder/agent" "$folder" "$folder/load" || code=$?
cp "$folder"/*.events "$folder"/*.stderr "$OUT/"
exit $code
