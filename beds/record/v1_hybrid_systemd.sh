#!/bin/bash
# Records pods made through CRI on the node of debian/run.sh --v1; runs inside its guest, writes $OUT/recording.
set -eu
. "$BEDS/guest/inside.sh"
export PYTHONDONTWRITEBYTECODE=1
socket=$BED_RUN/containerd.sock
run() { python3 "$BEDS/cri/cri.py" --socket "$socket" --driver systemd run "$@" > /dev/null; }
run busy --qos guaranteed --container spin --cpu 200m --memory 32Mi -- load spin
run web --namespace shop --container server --container helper --cpu 100m --memory 64Mi -- busybox httpd -f -p 0
run receiver --qos besteffort -- load receive 5001
run host --namespace kube-system --host-network --memory 64Mi
address=$(python3 "$BEDS/cri/cri.py" --socket "$socket" pods | python3 -c '
import json, sys
print(next(pod["status"]["podIP"] for pod in json.load(sys.stdin)["items"] if pod["metadata"]["name"] == "receiver"))')
container=$(ctr -n k8s.io containers ls -q 'labels."io.kubernetes.container.name"==server')
activity="ctr -n k8s.io tasks exec --exec-id activity $container load send $address 5001 8388608
ctr -n k8s.io tasks exec --exec-id disk $container load write /tmp/file 8388608
'$IMAGES/load' send $BED_PEER 5001 4194304"
how="Debian 12 with systemd in $(guest_name) (beds/debian/run.sh --v1): the hybrid of Amazon Linux 2, version 1 with"
how="$how cpu,cpuacct together and cgroup2 at unified; containerd with the systemd driver. Pods were made through CRI without a"
how="$how kubelet: pods.json and summary.json are made by hand from CRI's own answers (beds/cri/kubelet.py). No group has a throttle"
how="$how rule, so block I/O is not counted. $(guest_lacks)."
python3 "$BEDS/record/record.py" "$OUT/recording" --other-groups --how "$how" --between "$activity" --drop-mount /host --drop-mount /run/bed \
  --cri "$socket" --storage "$BED_STORAGE"
