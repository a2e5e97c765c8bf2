# shellcheck shell=bash
# Boots guests (sourced by bash, after lib.sh): a Linux in User-Mode Linux or in QEMU, with files of the machine, a disk and a
# network card. Which of them is guest/kind.sh's choice; what a guest sees is the same but for what guest_disk and README.md say.
#   guest_work             makes WORK, a folder for this run that goes at its end: fill WORK/command and WORK/environment
#   guest_run SECONDS      boots, waits at most SECONDS as User-Mode Linux counts them, prints what the job said, exits with its code
# guest_run takes these variables: GUEST_DISK (a file: the first disk), GUEST_IMAGE (instead: an image that is not written to),
# GUEST_INIT (process 1; a path of the root), GUEST_ROOT=machine|disk, GUEST_WORDS (array: of the kernel's command line),
# GUEST_OUT (a folder of the machine that the guest may write to, or nothing), MEM, CPU (of the machine, User-Mode Linux only).

# The guests' processes, to be ended with the run.
GUEST_PIDS=()

guest_work() {
  # shellcheck disable=SC2034  # for the caller
  WORK=$(mktemp -d)
  GUEST_NAME=bed$$
  trap guest_end EXIT
  mkdir "$WORK/result"
}

guest_end() {
  local pid
  for pid in "${GUEST_PIDS[@]}"; do kill "$pid" 2> /dev/null || true; done
  guest_network_down "$GUEST_NAME"
  rm -rf "$WORK" "$HOME/.uml/$GUEST_NAME"
}

# guest_network NAME: a network namespace NAME with the tap "tap0" of a guest in it. The machine is 10.95.0.1 there and
# takes any bytes on port 5001; the guest is 10.95.0.2 and reaches nothing else.
guest_network() {
  own_network "$1"
  ip -n "$1" tuntap add mode tap name tap0
  ip -n "$1" addr add 10.95.0.1/24 dev tap0
  ip -n "$1" link set tap0 up
  nsenter --net="/run/netns/$1" "$BED_CACHE/images/load" receive 5001 > /dev/null 2>&1 < /dev/null &
  GUEST_PIDS+=($!)
}
guest_network_down() { ip netns del "$1" 2> /dev/null || true; }

guest_run() {
  local seconds=$(($1 * BED_SLOW)) code=0
  guest_network "$GUEST_NAME"
  "guest_boot_${BED_GUEST/tcg/qemu}" "$seconds" || code=$?
  # The console ends lines with \r\n; what the kernel says before the mark is not the job's.
  sed -n '0,/^### job/d; s/\r$//; /^### end/q; p' "$WORK/console"
  if [ ! -s "$WORK/result/code" ]; then
    echo "$0: the guest ($BED_GUEST) did not come to an end within $seconds s (its program: $code); its console:" >&2
    tail -n 30 "$WORK/console" >&2
    exit 124
  fi
  exit "$(cat "$WORK/result/code")"
}

guest_boot_uml() {
  local words=(ubd0="${GUEST_DISK:-$WORK/written,$GUEST_IMAGE}")
  # shellcheck disable=SC2153  # the caller's
  if [ "$GUEST_ROOT" = machine ]; then words+=(rootfstype=hostfs rootflags=/ ro); else words+=(root=/dev/ubda rw); fi
  # The guest's memory is a file in TMPDIR: on a tmpfs it is as fast as memory. It has one CPU; kept on one of the machine's
  # it runs twice as fast.
  TMPDIR=/dev/shm taskset -c "${CPU:-$(($(nproc) - 1))}" nsenter --net="/run/netns/$GUEST_NAME" timeout "$1" "$UML" \
    umid="$GUEST_NAME" mem="$MEM" quiet init="$GUEST_INIT" "${words[@]}" vec0:transport=tap,ifname=tap0,depth=64 \
    con=null con0=null,fd:1 con1=null bed_work="$WORK" bed_out="$GUEST_OUT" "${GUEST_WORDS[@]}" < /dev/null > "$WORK/console" 2>&1
}

# guest_share TAG FOLDER CACHE: a folder of the machine for a guest in QEMU, which mounts it by its tag.
guest_share() {
  "$(virtiofsd_path)" --socket-path="$WORK/$1.sock" --thread-pool-size=4 -o "source=$2" -o "cache=$3" -o sandbox=chroot \
    > "$WORK/$1.log" 2>&1 < /dev/null &
  GUEST_PIDS+=($!)
  until_ok 10 test -S "$WORK/$1.sock" || fail "no share: $(cat "$WORK/$1.log")"
  GUEST_DEVICES+=(-chardev "socket,id=$1,path=$WORK/$1.sock" -device "vhost-user-fs-pci,chardev=$1,tag=$1")
}

guest_boot_kvm() { guest_boot_qemu "$1"; }
guest_boot_qemu() {
  local code=0 kernel drive=(-drive "if=virtio,format=raw,file=${GUEST_DISK:-$GUEST_IMAGE}${GUEST_DISK:+,cache=unsafe}")
  kernel=$("$BEDS/guest/kernel.sh")
  [ -n "${GUEST_DISK:-}" ] || drive[1]+=,snapshot=on
  GUEST_DEVICES=()
  guest_share machine / always
  guest_share result "$WORK/result" none
  [ -z "$GUEST_OUT" ] || guest_share out "$GUEST_OUT" none
  # Its card takes no large segments, so that the headers are counted as on a wire, and as in User-Mode Linux.
  local card=virtio-net-pci,netdev=net,csum=off,guest_csum=off,gso=off,host_tso4=off,host_tso6=off,host_ecn=off,host_ufo=off
  # Neither mitigations nor the CPU's latest instructions, which cost most where they are emulated. On a busy machine the emulated
  # timer fails the kernel's check of it, which then panics.
  local line="console=ttyS0 quiet mitigations=off no_timer_check panic=-1 net.ifnames=0 systemd.getty_auto=no"
  line+=" bed_root=$GUEST_ROOT bed_init=$GUEST_INIT bed_work=$WORK bed_out=$GUEST_OUT ${GUEST_WORDS[*]}"
  nsenter --net="/run/netns/$GUEST_NAME" timeout "$1" qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
    -M q35 -accel "$BED_GUEST" -cpu qemu64,+rdrand -smp 2 -m "$MEM" \
    -object "memory-backend-memfd,id=memory,size=$MEM,share=on" -numa node,memdev=memory \
    -kernel "$kernel/vmlinuz" -initrd "$kernel/initramfs" -serial "file:$WORK/console" \
    -append "$line" \
    -netdev tap,id=net,ifname=tap0,script=no,downscript=no -device "$card" "${drive[@]}" "${GUEST_DEVICES[@]}" \
    < /dev/null > "$WORK/qemu" 2>&1 || code=$?
  cat "$WORK/qemu" >> "$WORK/console"
  return $code
}

# guest_disk machine|disk: the name of the guest's first disk in its mount table, as /mnt or as its /.
guest_disk() {
  if [ "$BED_GUEST" != uml ]; then echo /dev/vda
  elif [ "$1" = machine ]; then echo /dev/ubda
  else echo /dev/root; fi
}
