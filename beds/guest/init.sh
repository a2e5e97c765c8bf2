#!/bin/sh
# Process 1 of the guest of guest/run.sh: mounts, modules, the job, power off. The kernel's command line is its environment:
# bed_work (a folder of the machine with the command, its environment and the disk) and bed_out.
# shellcheck disable=SC2154  # bed_work and bed_out come from the command line
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
. "$(dirname "$0")/inside.sh"
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mkdir -p /run/out /run/result /run/bed-work
# What the job needs of the machine's /tmp must be kept from the tmpfs that comes over it.
cp "$bed_work/command" "$bed_work/environment" /run/bed-work/
share result "$bed_work/result" /run/result
if [ -n "$bed_out" ]; then share out "$bed_out" /run/out; fi
case $(cat /run/bed-work/command) in
  /tmp/*) ;;   # a job that lies there must stay visible
  *) mount -t tmpfs tmpfs /tmp ;;
esac
# Then /tmp can't be written, where runc and others would leave what they need for a moment.
mkdir -m 1777 /run/tmp
export TMPDIR=/run/tmp
mount "$(first_disk)" /mnt
mount -t tmpfs tmpfs /var/log
mount -t tmpfs tmpfs /var/lib

# In QEMU they are loaded, by guest/initramfs.
if in_uml; then
  modules=/usr/lib/uml/modules/$(uname -r)/kernel
  for module in drivers/net/veth fs/overlayfs/overlay lib/crc-ccitt net/ipv6/ipv6 net/llc/llc net/802/stp net/bridge/bridge; do
    insmod "$modules/$module.ko"
  done
fi
mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
# As a node has it: process 1 in a group of its own, so that the root can hand its controllers down.
mkdir /sys/fs/cgroup/init.scope
echo $$ > /sys/fs/cgroup/init.scope/cgroup.procs
echo "+cpu +memory +io +pids" > /sys/fs/cgroup/cgroup.subtree_control
network

. /run/bed-work/environment
echo "### job"
eval "$(cat /run/bed-work/command)" 2>&1
code=$?
echo "### end"
echo "$code" > /run/result/code
sync
umount /run/result
busybox poweroff -f
