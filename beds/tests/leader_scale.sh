#!/bin/bash
# Proves what an agent that speaks for a cluster of 5 000 nodes and 100 000 pods needs: memory at its highest, a new list after
# 410 included, and the time of the first list. The API server is a stand-in that serves pages of pods of some 3 kB; a real one
# takes many minutes to be filled.
#   leader_scale.sh AGENT      some 40 s; 77 where this can't run
set -eu
. "$(dirname "$0")/common.sh"
command -v openssl > /dev/null || can_not "no openssl: beds/setup.sh could not install it"
cd "$OUT"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=bed -addext basicConstraints=critical,CA:TRUE 2> openssl.log
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=127.0.0.1 2>> openssl.log
printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out certificate.pem -days 2 -extfile extensions 2>> openssl.log
SAMPLE=$(cat "$BEDS/../examples/eks.yaml")
export SAMPLE
"$PYTHON" "$CHECKS/leader_scale.py" "$OUT"
