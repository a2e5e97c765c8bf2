#!/bin/bash
# Makes, once, the disk image of a node: Debian 12 with systemd, containerd, runc, CNI and Python's gRPC.
#   debian/image.sh       prints the image's path; 1-2 min the first time, nothing to do afterwards
# The image holds no script of ours but one that starts debian/guest.sh of the machine's files, and no run writes to it
# (writes go to a copy-on-write file), so a change of the beds needs no new image. Needs root, setup.sh and 2.5 GB.
set -eu
. "$(dirname "$0")/../lib.sh"
# One with the modules of User-Mode Linux serves QEMU too.
stamp=$({ cat "$0"; ls /usr/lib/uml/modules 2> /dev/null; } | sha256sum | cut -c1-12)
image=$BED_CACHE/debian-$stamp.img
if [ -f "$image" ]; then
  echo "$image"
  exit 0
fi

mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d/ 2>/dev/null | tr -d ' ' | head -1)
packages=systemd,systemd-sysv,dbus,containerd,runc,iproute2,kmod,procps,curl,busybox-static,stress-ng,python3,iptables
packages=$packages,containernetworking-plugins,util-linux
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$BED_CACHE"
rm -f "$BED_CACHE"/debian-*.img
debootstrap --variant=minbase --include="$packages" bookworm "$root" "$mirror" > "$BED_CACHE/debootstrap.log" 2>&1 ||
  fail "debootstrap failed, see $BED_CACHE/debootstrap.log"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --target "$root/opt/bed/python" \
  --python-version 3.11 --only-binary=:all: grpcio protobuf >&2

# For User-Mode Linux; in QEMU guest/initramfs has loaded what is needed.
mkdir -p "$root/lib/modules" "$root/host"
if [ -d /usr/lib/uml/modules ]; then cp -r /usr/lib/uml/modules/* "$root/lib/modules/"; fi
shopt -s nullglob
for folder in "$root"/lib/modules/*; do
  rm -rf "$folder"/kernel/drivers/{gpu,media,scsi,infiniband,target} "$folder/kernel/sound"
  depmod -b "$root" "$(basename "$folder")"
done

cat > "$root/opt/bed/start" <<'EOF_START'
#!/bin/bash
# The kernel's command line says where the machine keeps what this run needs.
work=$(tr ' ' '\n' < /proc/cmdline | sed -n s/^bed_work=//p)
if grep -q hostfs /proc/filesystems; then mount -r -t hostfs none /host -o /; else mount -r -t virtiofs machine /host; fi
. "/host$work/environment"
. "/host$BEDS/guest/inside.sh"
mkdir -p /run/bed-result
share result "$work/result" /run/bed-result
bash "/host$BEDS/debian/guest.sh" "/host$work"
echo $? > /run/bed-result/code
sync
umount /run/bed-result
systemctl poweroff -ff
EOF_START
chmod +x "$root/opt/bed/start"
cat > "$root/etc/systemd/system/bed.service" <<'EOF_UNIT'
[Unit]
After=dbus.service systemd-modules-load.service
Wants=dbus.service
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
ExecStart=/opt/bed/start
EOF_UNIT
wants=$root/etc/systemd/system/multi-user.target.wants
mkdir -p "$wants"
ln -sf ../bed.service "$wants/bed.service"
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
# guest.sh starts containerd once it has written its configuration.
rm -f "$wants/containerd.service"
for unit in apt-daily.timer apt-daily-upgrade.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service \
  dpkg-db-backup.timer getty@tty1.service systemd-timesyncd.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
printf '%s\n' overlay bridge veth > "$root/etc/modules-load.d/bed.conf"
echo bed > "$root/etc/hostname"
: > "$root/etc/fstab"
echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
printf '127.0.0.1 localhost bed\n' > "$root/etc/hosts"
truncate -s 8G "$image.part"
mkfs.ext4 -q -F -d "$root" "$image.part"
mv "$image.part" "$image"
echo "$image"
