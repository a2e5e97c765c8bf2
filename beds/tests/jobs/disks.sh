#!/bin/bash
# Mounts file systems of known sizes in a mount namespace of its own, and has disks.py look at the agent there.
#   disks.sh FOLDER      FOLDER/agent is the agent
set -eu
out=$1
kubelet=/var/lib/kubelet
plugins=$kubelet/plugins/kubernetes.io
mount -t tmpfs -o mode=755 kubelet $kubelet

# disk NAME TYPE MIB PATH: a new file system of a size, from a loop device that goes with its mount.
disk() {
  truncate -s "$3M" "$out/$1"
  "mkfs.$2" -q "$out/$1"
  mkdir -p "$4"
  mount -o loop "$out/$1" "$4"
  echo "$1 $2 $4" >> "$out/disks"
}
# bind FROM POD VOLUME: as the kubelet shows a pod its volume.
bind() {
  mkdir -p "$kubelet/pods/$2/volumes/$3"
  mount --bind "$1" "$kubelet/pods/$2/volumes/$3"
}
disk plain.ext4 ext4 96 "$out/mounts/ext4"
disk plain.xfs xfs 320 "$out/mounts/xfs"

# As csi_attacher of the kubelet writes it beside the mount.
csi=$plugins/csi/ebs.csi.aws.com/$(printf pvc-csi | sha256sum | cut -d ' ' -f 1)
disk csi.ext4 ext4 48 "$csi/globalmount"
cat > "$csi/vol_data.json" <<'JSON'
{"attachmentID":"csi-7c3f","driverName":"ebs.csi.aws.com","nodeName":"bed-node","specVolID":"pvc-csi","volumeHandle":"vol-0c51000000000000a","volumeLifecycleMode":"Persistent"}
JSON
bind "$csi/globalmount" 11111111-2222-3333-4444-555555555555 kubernetes.io~csi/pvc-csi/mount

old=$plugins/csi/pv/pvc-old
disk old.xfs xfs 320 "$old/globalmount"
echo '{"driverName":"ebs.csi.aws.com","specVolID":"pvc-old","volumeHandle":"vol-0c51000000000000b"}' > "$old/vol_data.json"

other=$plugins/csi/pv/pvc-other
disk other.ext4 ext4 40 "$other/globalmount"
echo '{"driverName":"hostpath.csi.k8s.io","specVolID":"pvc-other","volumeHandle":"vol-0c51000000000000c"}' > "$other/vol_data.json"

tree=$plugins/aws-ebs/mounts/aws/us-west-2b/vol-0123456789abcdef0
disk tree.ext4 ext4 64 "$tree"
bind "$tree" 11111111-2222-3333-4444-555555555555 kubernetes.io~aws-ebs/pvc-tree
# What the kubelet lets nobody but root look into.
chmod 750 $kubelet/plugins $kubelet/pods
exec python3 "$(dirname "$0")/../disks.py" "$out"
