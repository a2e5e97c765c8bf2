#!/bin/bash
# Writes what deploy/Containerfile is built from, as a tar.
#   deploy/context.sh [ARCHITECTURE=BINARY]... | docker build --build-arg TARGETARCH=amd64 -f Containerfile -t NAME -
# Without arguments the binaries of `cargo xtask dist`: amd64, and arm64 where it was built.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../target}
if [ $# = 0 ]; then
  set -- "amd64=$target/x86_64-unknown-linux-musl/dist/container-insights"
  arm64=$target/aarch64-unknown-linux-musl/dist/container-insights
  if [ -f "$arm64" ]; then set -- "$@" "arm64=$arm64"; fi
fi
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$here/Containerfile" "$context/"
for binary in "$@"; do
  folder=$context/${binary%%=*}
  mkdir "$folder"
  install -m 755 "${binary#*=}" "$folder/container-insights"
  # It goes by the name that it is called by; a link to it is no second copy.
  for name in awscollector healthcheck; do ln -s container-insights "$folder/$name"; done
  # Where the ADOT Collector's image has the same text, and task definitions name it.
  install -D -m 644 "$here/../examples/ecs-instance.yaml" "$folder/etc/ecs/otel-instance-metrics-config.yaml"
done
tar -c --owner=0 --group=0 --mode=u=rwX,go=rX -C "$context" .
