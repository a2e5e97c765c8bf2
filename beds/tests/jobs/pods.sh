#!/bin/bash
# The agent in a sandbox beside pods with known loads, under the sample configuration; runs on the machine or in a guest.
#   OUT=FOLDER pods.sh LOAD,...      runs FOLDER/agent; writes FOLDER/report, events and events.stderr, see cri/with_pods.py,
#                                   and what /proc/diskstats said before and afterwards (diskstats.before, diskstats.after)
set -eu
loads=$1
examples=$(cd "$(dirname "$0")/../../../examples" && pwd)
receiver=receivers.awscontainerinsightreceiver
export HOST_NAME=bed-node K8S_NAMESPACE=amazon-cloudwatch
# Handed over in the environment, since the sandbox's user may not reach the checkout.
SAMPLE=$(cat "$examples/eks.yaml")
export SAMPLE
cat /proc/diskstats > "$OUT/diskstats.before"
"$examples/../beds/cri/with_pods.sh" --sandbox --loads "$loads" --pace 8 --before 5 --after 7 --out "$OUT/events" -- "$OUT/agent" \
  --config env:SAMPLE --set exporters.awsemf.output_destination=stdout --set extensions.health_check.endpoint=localhost:0 \
  --set $receiver.cluster_name=bed --set $receiver.local_mode=true --set $receiver.collection_interval=2s \
  --set $receiver.kubelet.endpoint='{kubelet}' --set $receiver.kubelet.auth_type=none > "$OUT/report"
cat /proc/diskstats > "$OUT/diskstats.after"
