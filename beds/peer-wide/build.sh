#!/bin/bash
# Builds the wide Go collector, from Go modules only: upstream's receivers, processors and exporters beyond the base tier.
#   peer-wide/build.sh      prints the binary's path; 10 min the first time, nothing to do afterwards
# env: JOBS=2   how many compilers at a time
# Some modules of this release have no entry in the checksum database; go.sum holds what was downloaded first (GONOSUMDB).
set -eu
. "$(dirname "$0")/../lib.sh"
cd "$BEDS/peer-wide"
bin=$BED_CACHE/peer-wide
stamp=$(cat main.go go.mod go.sum build.sh | sha256sum)
if [ "$(cat "$bin/stamp" 2>/dev/null)" != "$stamp" ]; then
  mkdir -p "$bin"
  export GONOSUMDB='github.com/open-telemetry/*,go.opentelemetry.io/*' GOPROXY
  GOPROXY=$(go env GOPROXY | sed 's/,direct//')
  CGO_ENABLED=0 nice -n 19 go build -p "${JOBS:-2}" -trimpath -buildvcs=false -ldflags '-s -w' -o "$bin/otelcol" . >&2
  echo "$stamp" > "$bin/stamp"
fi
echo "$bin/otelcol"
