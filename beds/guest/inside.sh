# shellcheck shell=sh
# For process 1 of a guest and its like (sourced by any shell): what differs between User-Mode Linux and QEMU.

in_uml() { grep -q hostfs /proc/filesystems; }

# share NAME FOLDER AT: mounts a folder of the machine, which guest/boot.sh shares by that name.
share() {
  if in_uml; then mount -t hostfs none "$3" -o "$2"; else mount -t virtiofs "$1" "$3"; fi
}

# first_disk: its device.
first_disk() { if in_uml; then echo /dev/ubda; else echo /dev/vda; fi; }

# network: eth0 is 10.95.0.2.
network() {
  ip link set lo up
  if in_uml; then ip link set vec0 name eth0; fi
  ip addr add 10.95.0.2/24 dev eth0
  ip link set eth0 up
}

# What a recording says of its guest.
guest_name() { if in_uml; then echo "User-Mode Linux"; else echo QEMU; fi; }
guest_lacks() { if in_uml; then echo "One CPU, no PSI, CPU time in steps of 10 ms"; else echo "Two emulated CPUs"; fi; }
