#!/bin/bash
# Proves with a real Docker that the image of deploy/Containerfile is the binary and a configuration, runs as 65532 without capabilities on a
# root it can't write to, and answers as /awscollector and /healthcheck.
#   image.sh AGENT       10 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
need dockerd docker containerd ip cc
# shellcheck source=../ecs/docker.sh
. "$BEDS/ecs/docker.sh"
deploy=$BEDS/../deploy
take_machine
make_images "$BED_CACHE/images"
at_end() { docker_down; }
docker_up "$OUT/docker"
"$deploy/context.sh" "amd64=$AGENT" "arm64=$AGENT" > "$OUT/context.tar"
DOCKER_BUILDKIT=0 "$DOCKER" build -q --build-arg TARGETARCH=amd64 -f Containerfile -t agent - < "$OUT/context.tar" > "$OUT/build" 2>&1 ||
  fail "no image: $(cat "$OUT/build")"
run() { "$DOCKER" run --rm --network none --cap-drop ALL --read-only --security-opt no-new-privileges "$@"; }

[ "$("$DOCKER" image inspect -f '{{.Config.User}}' agent)" = 65532:65532 ] || fail "another user"
"$DOCKER" create --name files agent > /dev/null
# What Docker itself puts into every container is left out.
"$DOCKER" export files | tar -t | grep -vE '^(\.dockerenv|(dev|etc|proc|sys)/.*)$' | sort > "$OUT/files"
diff "$OUT/files" <(printf '%s\n' awscollector container-insights healthcheck) || fail "other files are in the image"
[ "$("$DOCKER" image inspect -f '{{.Size}}' agent)" -le $(($(stat -c %s "$AGENT") + 8192)) ] || fail "the binary is there more than once"

run agent validate /etc/ecs/otel-instance-metrics-config.yaml > /dev/null || fail "the configuration for container instances is not there"
run agent --version | grep -q '^container-insights ' || fail "it doesn't start"
if run --entrypoint /awscollector agent 2> "$OUT/adot"; then fail "as ADOT's collector it needs a configuration"; fi
grep -q 'at least one config flag' "$OUT/adot" || fail "not the ADOT Collector's words: $(cat "$OUT/adot")"
if run --entrypoint /healthcheck agent 2> "$OUT/unhealthy"; then fail "nobody is there, and it is healthy"; fi
grep -q 13133 "$OUT/unhealthy" || fail "$(cat "$OUT/unhealthy")"

# As a container's health check runs it: beside the agent.
"$DOCKER" run -d --name agent --network none --cap-drop ALL --read-only --security-opt no-new-privileges -v /:/rootfs:ro agent \
  --config 'yaml:{extensions: {health_check: }, receivers: {awscontainerinsightreceiver: {container_orchestrator: host}}, exporters: {debug: }, service: {extensions: [health_check], pipelines: {metrics: {receivers: [awscontainerinsightreceiver], exporters: [debug]}}}}' > /dev/null
until_ok 20 "$DOCKER" exec agent /healthcheck || fail "not healthy: $("$DOCKER" logs agent 2>&1)"
"$DOCKER" exec agent /healthcheck -port 13133 || fail "the flag -port"
if "$DOCKER" exec agent /healthcheck -port 13134 2> /dev/null; then fail "another port is healthy too"; fi
"$DOCKER" rm -f agent files > /dev/null
echo "the image answers under its three names"
