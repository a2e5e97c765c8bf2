#!/bin/bash
# Installs what the beds need: Debian packages, and a Python environment with gRPC for the CRI client.
# Which guests run here it finds out once (guest/kind.sh), and fetches QEMU and a kernel for it only where User-Mode Linux does not.
#   beds/setup.sh [PACKAGE...]     these too; does nothing when all is there (0.7 s)
# Needs root for the packages. Says in one line what it could not install, and then exits 1.
set -eu
. "$(dirname "$0")/lib.sh"

PACKAGES="kmod busybox-static debootstrap containerd runc containernetworking-plugins iptables
  iproute2 util-linux e2fsprogs xfsprogs gcc libc6-dev stress-ng openssl"
[ "${BED:-}" = qemu ] || PACKAGES="user-mode-linux $PACKAGES"
# Another Docker serves as well, and Debian's would take its place.
command -v dockerd > /dev/null || PACKAGES="$PACKAGES docker.io"
PACKAGES="$PACKAGES $*"
missing=()

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# install PACKAGE...: those that are missing, one by one where all at once fails, so that one doesn't take the others along.
# What could not be installed is added to `missing`.
install() {
  local wanted=() package log
  for package in "$@"; do installed "$package" || wanted+=("$package"); done
  if [ ${#wanted[@]} = 0 ]; then return 0; fi
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  apt-get update -q > "$log" 2>&1 || true
  if ! apt-get install -y -q --no-install-recommends "${wanted[@]}" >> "$log" 2>&1; then
    for package in "${wanted[@]}"; do
      apt-get install -y -q --no-install-recommends "$package" >> "$log" 2>&1 || missing+=("$package")
    done
  fi
  rm -f "$log"
}

# shellcheck disable=SC2086  # a list
install $PACKAGES

# Of the two kinds of guest one is enough.
guests() {
  local before=("${missing[@]}")
  if [ "${BED:-}" != qemu ] && BED=uml "$BEDS/guest/kind.sh" > /dev/null; then return 0; fi
  if [ "${BED:-}" = uml ]; then missing+=("a guest in User-Mode Linux"); return 0; fi
  install qemu-system-x86
  [ -n "$(virtiofsd_path)" ] || install virtiofsd
  "$BEDS/guest/kernel.sh" --fetch > /dev/null || true
  if BED=qemu "$BEDS/guest/kind.sh" > /dev/null; then
    missing=()
    local package
    for package in "${before[@]}"; do [ "$package" = user-mode-linux ] || missing+=("$package"); done
  else
    missing+=("a guest in User-Mode Linux or QEMU")
  fi
}
[ "$(id -u)" != 0 ] || guests

if ! "$PYTHON" -c 'import grpc, google.protobuf' 2>/dev/null || [ ! -f "$BED_CACHE/cri.desc" ] || [ "$BEDS/cri/cri.proto" -nt "$BED_CACHE/cri.desc" ]; then
  mkdir -p "$BED_CACHE"
  if python3 -m venv "$BED_CACHE/python" && "$PYTHON" -m pip install -q --disable-pip-version-check grpcio grpcio-tools; then
    # The messages as data: any version of protobuf reads them, in a guest too.
    "$PYTHON" -m grpc_tools.protoc -I"$BEDS/cri" --descriptor_set_out="$BED_CACHE/cri.desc" "$BEDS/cri/cri.proto"
  else
    missing+=("grpcio and grpcio-tools for Python")
  fi
fi 2>/dev/null

if [ ${#missing[@]} -gt 0 ]; then
  IFS=,
  echo "beds/setup.sh could not install: ${missing[*]}" >&2
  exit 1
fi
