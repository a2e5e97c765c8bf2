#!/bin/bash
# Builds the Go collector of Container Insights that the agent is compared with, from Go modules only: upstream's receiver
# and exporter with what their configurations use.
#   peer/build.sh      prints the binary's path; 5 min the first time, nothing to do afterwards
# env: JOBS=2   how many compilers at a time
set -eu
. "$(dirname "$0")/../lib.sh"
cd "$BEDS/peer"
bin=$BED_CACHE/peer
stamp=$(cat main.go go.mod go.sum build.sh | sha256sum)
if [ "$(cat "$bin/stamp" 2>/dev/null)" != "$stamp" ]; then
  mkdir -p "$bin"
  CGO_ENABLED=0 nice go build -p "${JOBS:-2}" -trimpath -buildvcs=false -ldflags '-s -w' -o "$bin/otelcol" . >&2
  echo "$stamp" > "$bin/stamp"
fi
echo "$bin/otelcol"
