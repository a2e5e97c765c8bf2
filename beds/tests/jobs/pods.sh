#!/bin/bash
# The agent in a sandbox beside pods with known loads, under the sample configuration; runs on the machine or in a guest.
#   OUT=FOLDER pods.sh LOAD,...      runs FOLDER/agent; writes FOLDER/report, events and events.stderr, see cri/with_pods.py,
#                                   and what /proc/diskstats said before and afterwards (diskstats.before, diskstats.after)
set -eu
# Where it is emulated loads go over more rounds, since one is read much later after its time than another; and the kubelet, a
# Python program, has to know what became of them.
pace=8 after=7
if [ "${BED_SLOW:-1}" -gt 1 ]; then pace=24 after=25; fi
loads=$1
examples=$(cd "$(dirname "$0")/../../../examples" && pwd)
receiver=receivers.awscontainerinsightreceiver
export HOST_NAME=bed-node K8S_NAMESPACE=amazon-cloudwatch
# Handed over in the environment, since the sandbox's user may not reach the checkout.
SAMPLE=$(cat "$examples/eks.yaml")
export SAMPLE
cat /proc/diskstats > "$OUT/diskstats.before"
"$examples/../beds/cri/with_pods.sh" --sandbox --loads "$loads" --pace $pace --before 5 --after $after \
  --out "$OUT/events" --until '"Type":"Container"' -- "$OUT/agent" \
  --config env:SAMPLE --set exporters.awsemf.output_destination=stdout --set extensions.health_check.endpoint=localhost:0 \
  --set $receiver.cluster_name=bed --set $receiver.local_mode=true --set $receiver.collection_interval=2s \
  --set $receiver.kubelet.endpoint='{kubelet}' --set $receiver.kubelet.auth_type=none > "$OUT/report"
cat /proc/diskstats > "$OUT/diskstats.after"
