#!/bin/bash
# Proves with the real helm that the chart of deploy/helm is sound, that the plain manifests are what it renders, that wrong
# values are refused, and that the agent takes the configuration it makes of every value.
#   chart.sh AGENT       2 s once helm is built; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need_go
HELM=$("$BEDS/kubernetes/helm.sh")
export HELM
deploy=$BEDS/../deploy
chart=$deploy/helm/container-insights
image=image.repository=registry.example/container-insights

mkdir "$OUT/plain"
"$deploy/render.sh" "$OUT/plain"
diff -ru "$deploy/kubernetes" "$OUT/plain" || fail "deploy/kubernetes is not the rendered chart: run deploy/render.sh"

# takes NAME WORDS [OPTION...]: the chart takes these options, and the agent the configuration, which then has these words.
takes() {
  local name=$1 words=$2
  shift 2
  "$HELM" lint --strict --quiet "$chart" --set "$image" "$@" || fail "$name: helm lint"
  "$HELM" template here "$chart" --namespace there --set "$image" "$@" > "$OUT/$name.yaml" || fail "$name: helm template"
  local file
  for file in config overlay; do
    # A block of the ConfigMap, as text.
    awk -v start="  $file.yaml: |" '$0 == start {on = 1; next} /^---/ || /^  [^ ]/ {on = 0} on {print substr($0, 5)}' \
      "$OUT/$name.yaml" > "$OUT/$name.$file"
  done
  "$AGENT" print-config --config "$OUT/$name.config" --config "$OUT/$name.overlay" > "$OUT/$name.printed" || fail "$name: print-config"
  "$AGENT" validate --config "$OUT/$name.config" --config "$OUT/$name.overlay" 2> "$OUT/$name.said" || fail "$name: $(cat "$OUT/$name.said")"
  grep -qE -- "$words" "$OUT/$name.printed" "$OUT/$name.yaml" || fail "$name: no $words"
}
takes plain ':13133'
takes cluster 'cluster_name: .?shop' --set clusterName=shop
takes odd 'cluster_name: .?1e3' --set-string clusterName=1e3
takes lock 'leader_lock_name: .?other' --set leaderLock.name=other
takes lock_place 'value: "aws-otel-eks"' --set leaderLock.namespace=aws-otel-eks
takes own_lock 'kind: Lease' --set leaderLock.create=true
takes token 'expirationSeconds: 3600' --set serviceAccount.tokenExpirationSeconds=3600
takes closed 'kind: NetworkPolicy' --set networkPolicy.enabled=true
takes open_to_some 'app: prometheus' --set networkPolicy.enabled=true \
  --set 'networkPolicy.from[0].podSelector.matchLabels.app=prometheus'
takes spool 'storage: file_storage' --set spool.enabled=true
takes empty_spool 'emptyDir:' --set spool.enabled=true,spool.type=emptyDir
takes narrow 'mountPath: /rootfs/proc' --set host.mounts=narrow
takes overrides 'collection_interval: .?30s' --set overrides.receivers.awscontainerinsightreceiver.collection_interval=30s
takes whole 'value: "eu-west-1"' --set region=eu-west-1,role=sample --set serviceAccount.annotations.role=arn \
  --set "image.digest=sha256:$(printf '%064d' 0)"
sed 's/^  awscontainerinsightreceiver:/&\n    cluster_name: mine/' "$BEDS/../examples/eks.yaml" > "$OUT/configuration"
takes own 'cluster_name: .?mine' --set-file "config=$OUT/configuration"
if grep -q 'mountPath: /rootfs$' "$OUT/narrow.yaml"; then fail "narrow mounts all of the node"; fi
# says NAME COUNT WORDS: how many lines of the rendered chart have these words.
says() {
  local found
  found=$(grep -cF -- "$3" "$OUT/$1.yaml" || true)
  [ "$found" = "$2" ] || fail "$1 has $found lines with $3, not $2"
}
lock='name: otel-container-insight-clusterleader'
says plain 0 "$lock"
says own_lock 2 "$lock"
says plain 1 'resources: [configmaps, events]'
says own_lock 0 'resources: [configmaps, events]'
says own_lock 1 'verbs: [create]'
says plain 1 'automountServiceAccountToken: true'
says token 0 'automountServiceAccountToken: true'
says token 1 'mountPath: /var/run/secrets/kubernetes.io/serviceaccount'
says plain 0 'kind: NetworkPolicy'
says closed 1 'ingress: []'
says open_to_some 1 'app: prometheus'
says open_to_some 0 'ingress: []'
# The notes say what the mounts show.
# Helm shows them where there is a cluster only; as the text of an object they are rendered without.
cp -r "$chart" "$OUT/chart"
{
  printf 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: notes}\ndata:\n  notes: |\n'
  sed 's/^/    /' "$chart/templates/NOTES.txt"
} > "$OUT/chart/templates/notes.yaml"
notes() { "$HELM" template here "$OUT/chart" --namespace there --show-only templates/notes.yaml --set "$image" "$@"; }
notes > "$OUT/notes"
grep -q 'can read every file' "$OUT/notes" || fail "the notes don't say what root shows: $(cat "$OUT/notes")"
notes --set host.mounts=narrow > "$OUT/notes"
if grep -q 'can read every file' "$OUT/notes"; then fail "the notes of narrow speak of root"; fi
grep -q 'There is no NodeFS' "$OUT/notes" || fail "the notes don't say what narrow loses"
grep -q "@sha256:0000" "$OUT/whole.yaml" || fail "the digest is not the image's"

# refuses REASON OPTION...: helm renders nothing and says why.
refuses() {
  local reason=$1
  shift
  if "$HELM" template here "$chart" "$@" > /dev/null 2> "$OUT/refused"; then fail "helm takes $*"; fi
  grep -qF -- "$reason" "$OUT/refused" || fail "$*: $(cat "$OUT/refused")"
}
refuses image.repository
refuses role --set "$image" --set role=admin
refuses tokenExpirationSeconds --set "$image" --set serviceAccount.tokenExpirationSeconds=60
refuses networkPolicy --set "$image" --set networkPolicy.from=all
refuses leaderLock --set "$image" --set leaderLock.name=No_Name
refuses clustername --set "$image" --set clustername=shop
refuses serviceAccount.name --set "$image" --set serviceAccount.create=false
echo "helm renders what deploy/kubernetes holds, and the agent takes it"
