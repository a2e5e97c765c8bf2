# shellcheck shell=bash
# Shared by the scripts of this folder (sourced by bash, after their first argument is set): the agent, and what they need.
# Sets AGENT (the binary), OUT (a folder for this run; removed at the end, kept and told where a check failed) and CHECKS.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
export PYTHONDONTWRITEBYTECODE=1
CHECKS=$BEDS/tests
[ -f "${1:-}" ] || fail "the first argument is the agent's binary"
OUT=$(mktemp -d)
# A guest sees this folder, but not everything else of the machine.
AGENT=$OUT/agent
cp "$1" "$AGENT"
export AGENT OUT CHECKS
# What the checks say about a run that went wrong is of no use without what they saw.
at_end() { :; }
# shellcheck disable=SC2154  # code is set in the trap itself
trap 'code=$?; at_end || true; case $code in 0|77) rm -rf "$OUT" ;; *) echo "what was seen: $OUT" >&2 ;; esac' EXIT

# can_not REASON: ends the script as one that can't run here.
can_not() {
  echo "$1" >&2
  exit 77
}

# need COMMAND...: ends the script where one is missing, or where it isn't run by root.
need() {
  [ "$(id -u)" = 0 ] || can_not "needs root"
  local command
  for command in "$@"; do
    command -v "$command" > /dev/null || can_not "no $command: beds/setup.sh could not install it"
  done
  "$PYTHON" -c 'import grpc, google.protobuf' 2> /dev/null || can_not "no gRPC for Python: beds/setup.sh could not install it"
}
