#!/bin/bash
# Installs what the beds need: Debian packages, and a Python environment with gRPC for the CRI client.
#   beds/setup.sh [PACKAGE...]     these too; does nothing when all is there (0.7 s)
# Needs root for the packages. Says in one line what it could not install, and then exits 1.
set -eu
. "$(dirname "$0")/lib.sh"

PACKAGES="user-mode-linux kmod busybox-static debootstrap containerd runc containernetworking-plugins iptables
  iproute2 util-linux e2fsprogs xfsprogs gcc libc6-dev stress-ng openssl"
# Another Docker serves as well, and Debian's would take its place.
command -v dockerd > /dev/null || PACKAGES="$PACKAGES docker.io"
PACKAGES="$PACKAGES $*"
missing=()

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

wanted=()
for package in $PACKAGES; do installed "$package" || wanted+=("$package"); done
if [ ${#wanted[@]} -gt 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  # One by one where all at once fails, so that one missing package does not take the others along.
  apt-get update -q > "$log" 2>&1 || true
  if ! apt-get install -y -q --no-install-recommends "${wanted[@]}" >> "$log" 2>&1; then
    for package in "${wanted[@]}"; do
      apt-get install -y -q --no-install-recommends "$package" >> "$log" 2>&1 || missing+=("$package")
    done
  fi
  rm -f "$log"
fi

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
