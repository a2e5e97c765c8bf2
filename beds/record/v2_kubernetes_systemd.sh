#!/bin/bash
# Records the Kubernetes of kubernetes/guest_cluster.sh; runs inside its guest, writes $OUT/recording.
set -eu
. "$BEDS/guest/inside.sh"
echo "$TOKEN" > /run/token
pods=$(curl -s --cacert "$CLUSTER/pki/ca.crt" -H "Authorization: Bearer $TOKEN" "https://$NODE_IP:10250/pods")
address=$(python3 -c '
import json, sys
pods = json.load(sys.stdin)["items"]
print(next(pod["status"]["podIP"] for pod in pods if pod["metadata"].get("labels", {}).get("app") == "web"))' <<< "$pods")
# By the runtime, not by kubectl, whose start alone takes seconds here.
container=$(ctr -n k8s.io containers ls -q 'labels."io.kubernetes.container.name"==httpd' | head -1)
activity="for turn in 1 2 3; do curl -s -o /dev/null http://$address:8080/load; done
ctr -n k8s.io tasks exec --exec-id activity $container load write /tmp/file 8388608
'$IMAGES/load' send $BED_PEER 5001 4194304"
how="single-node Kubernetes $(kubelet --version | cut -d' ' -f2) in $(guest_name) (beds/kubernetes/guest_cluster.sh): pure cgroup v2,"
how="$how systemd as process 1, systemd driver, containerd and runc of Debian 12, workloads.yaml; the kubelet's own answers."
how="$how $(guest_lacks)."
if in_uml; then how="$how cpuinfo's line \"cpu MHz\" is made up, since the kubelet needs one."; fi
python3 "$BEDS/record/record.py" "$OUT/recording" --other-groups --how "$how" --between "$activity" --pause 15 \
  --drop-mount /host --drop-mount /run/bed --drop-mount /proc/cpuinfo \
  --kubelet "https://$NODE_IP:10250" --token-file /run/token --ca "$CLUSTER/pki/ca.crt"
