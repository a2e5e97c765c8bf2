#!/bin/bash
# The job of v2_systemd.sh in the guest: agent_pod.py with the guest's own Python.
set -eu
export SEEN=$OUT/seen PYTHONDONTWRITEBYTECODE=1
exec python3 "$BEDS/tests/cluster/agent_pod.py"
