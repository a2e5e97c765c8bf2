#!/bin/bash
# Builds one static binary of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kubectl, from Go
# modules only, with links of these names beside it.
#   kubernetes/build.sh      prints the folder; 8 min the first time (5 GB of build cache), nothing to do afterwards
# env: JOBS=2   how many compilers at a time
set -eu
. "$(dirname "$0")/../lib.sh"
cd "$BEDS/kubernetes"
bin=$BED_CACHE/kubernetes/bin
stamp=$(cat main.go go.mod go.sum build.sh | sha256sum)
if [ "$(cat "$bin/stamp" 2>/dev/null)" = "$stamp" ]; then
  echo "$bin"
  exit 0
fi
mkdir -p "$bin"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v1.}
minor=${minor%%.*}
component=k8s.io/component-base/version
flags="-s -w -X $component.gitVersion=$version -X $component.gitMajor=1 -X $component.gitMinor=$minor"
flags="$flags -X $component.gitCommit=modules -X $component.gitTreeState=clean -X $component.buildDate=1970-01-01T00:00:00Z"
CGO_ENABLED=0 nice go build -p "${JOBS:-2}" -trimpath -buildvcs=false -tags grpcnotrace -ldflags "$flags" -o "$bin/k8sbed" . >&2
for program in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do ln -sf k8sbed "$bin/$program"; done
echo "$stamp" > "$bin/stamp"
echo "$bin"
