#!/bin/bash
# Fetches, once, the kernel that guests in QEMU boot, Debian's for clouds, and packs what it needs to find its files.
#   guest/kernel.sh            prints the folder with vmlinuz, initramfs and lib/modules
#   guest/kernel.sh --fetch    makes it where it is missing: 27 MB, 5 s; unpacked only, nothing of it is installed
# The initramfs holds a static busybox, guest/initramfs and the modules of a guest. Needs apt, dpkg-deb and busybox-static.
set -eu
. "$(dirname "$0")/../lib.sh"
META=linux-image-cloud-amd64
# What a guest needs of the kernel's modules: its devices, its files, containers.
MODULES="virtio_pci virtiofs virtio_blk virtio_net virtio-rng overlay veth bridge loop autofs4"
stamp=$(cat "$0" "$BEDS/guest/initramfs" /bin/busybox | sha256sum | cut -c1-12)
folder=$BED_CACHE/kernel-$stamp
if [ -f "$folder/initramfs" ]; then
  echo "$folder"
  exit 0
fi
[ "${1:-}" = --fetch ] || fail "no kernel for QEMU: beds/setup.sh fetches it"

package=$(apt-cache depends "$META" 2> /dev/null | sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$package" ] || fail "no package $META in the registry, which guests in QEMU boot"
mkdir -p "$BED_CACHE"
part=$(mktemp -d "$BED_CACHE/kernel.XXXXXX")
trap 'rm -rf "$part"' EXIT
# apt's own user must be able to write there.
chmod 755 "$part"
(cd "$part" && apt-get download -q "$package" > download.log 2>&1) || fail "no $package: $(tail -n 1 "$part/download.log")"
dpkg-deb --fsys-tarfile "$part"/*.deb | tar -x -C "$part"
version=$(basename "$part"/lib/modules/*)
mv "$part/boot/vmlinuz-$version" "$part/vmlinuz"
rm -rf "${part:?}"/{*.deb,boot,usr}
depmod -b "$part" "$version"

tree=$part/tree
mkdir -p "$tree/bin" "$tree/modules"
cp /bin/busybox "$tree/bin/busybox"
install -m 755 "$BEDS/guest/initramfs" "$tree/init"
number=100
for module in $MODULES; do modprobe -d "$part" -S "$version" -D "$module"; done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' |
  while read -r file; do
    # Numbered, since one needs the other.
    cp "$file" "$tree/modules/$number-$(basename "$file")"
    number=$((number + 1))
  done
(cd "$tree" && find . | busybox cpio -o -H newc 2> /dev/null | gzip -1) > "$part/initramfs"
rm -rf "$tree"
rm -rf "$BED_CACHE"/kernel-*
mv "$part" "$folder"
trap - EXIT
echo "$folder"
