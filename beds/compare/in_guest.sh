#!/bin/bash
# The job of kubernetes_v2.sh in the guest: on_node.sh with binaries on the guest's own disk, from which they are paged faster.
#   in_guest.sh INTERVALS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
mkdir /var/compare
cp "$PEER" /var/compare/peer
cp "$AGENT" /var/compare/agent
export PEER=/var/compare/peer AGENT=/var/compare/agent NODE_IP=10.97.0.1 PYTHONDONTWRITEBYTECODE=1
code=0
kubectl apply -f "$here/loads.yaml" > /dev/null
until_ok 180 kubectl -n loads wait --for=condition=Ready pod --all --timeout=60s
"$here/on_node.sh" /var/compare python3 "$here/pair.py" /var/compare "$here/../../examples/eks.yaml" "$1" || code=$?
for name in left right calls.ndjson; do cp -r "/var/compare/$name" "$OUT/" || true; done
exit $code
