#!/bin/bash
# Builds helm from Go modules.
#   kubernetes/helm.sh       prints its path; 2-4 min the first time, nothing to do afterwards
# Needs Go. Charts are rendered for the Kubernetes of this folder where nothing else is said.
set -eu
. "$(dirname "$0")/../lib.sh"
version=v3.22.0
bin=$BED_CACHE/helm/$version
if [ ! -x "$bin/helm" ]; then
  minor=$(cd "$BEDS/kubernetes" && go list -m -f '{{.Version}}' k8s.io/kubernetes | cut -d . -f 2)
  chartutil=helm.sh/helm/v3/pkg/chartutil
  flags="-s -w -X helm.sh/helm/v3/internal/version.version=$version"
  flags="$flags -X $chartutil.k8sVersionMajor=1 -X $chartutil.k8sVersionMinor=$minor"
  # Whole or not at all: an interrupted build leaves nothing that looks like one.
  made=$(mktemp -d)
  GOBIN=$made CGO_ENABLED=0 nice go install -p "${JOBS:-2}" -trimpath -ldflags "$flags" "helm.sh/helm/v3/cmd/helm@$version" >&2
  mkdir -p "$bin"
  mv "$made/helm" "$bin/helm"
  rmdir "$made"
fi
echo "$bin/helm"
