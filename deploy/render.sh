#!/bin/bash
# Renders the plain manifests of deploy/kubernetes from the chart, after a change of it.
#   deploy/render.sh [FOLDER]     HELM=helm says which helm; beds/kubernetes/helm.sh builds one
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/kubernetes}
for role in minimal sample; do
  {
    echo "# The chart's own values and the role \"$role\", by deploy/render.sh. Put your image in the place of REGISTRY's."
    "${HELM:-helm}" template container-insights "$here/helm/container-insights" --namespace container-insights \
      --kube-version 1.33.0 --set createNamespace=true --set image.repository=REGISTRY/container-insights --set "role=$role"
  } > "$folder/$role.yaml"
done
