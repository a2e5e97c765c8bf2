#!/bin/bash
# Runs a command as uid 65532 without a capability where less of the machine's procfs is to be seen than an agent likes.
#   view.sh VIEW FOLDER COMMAND...      FOLDER/rootfs is a place to mount at; as root; COMMAND sees VIEW and ROOT
# VIEW is
#   plain        all, for comparison; ROOT is /
#   hidepid1     a procfs mounted with hidepid=1: other users' processes are listed and can't be looked at; ROOT is /
#   hidepid2     with hidepid=2: they are not listed; ROOT is /
#   other-pids   a procfs of another pid namespace, whose process 1 is a shell; ROOT is /
#   unmounted    ROOT is FOLDER/rootfs, the machine's / without a procfs; the command's own procfs is of a pid namespace of its own
#   none         no procfs at all, neither below ROOT, which is /, nor elsewhere
set -eu
view=$1 folder=$2
if [ -z "${VIEW:-}" ]; then
  export VIEW=$view
  case $view in
    # A pid namespace is a procfs of its own on any kernel: before 5.8 the option would change the machine's.
    other-pids|unmounted) exec unshare --mount --pid --fork --propagation private -- "$0" "$@" ;;
    *) exec unshare --mount --propagation private -- "$0" "$@" ;;
  esac
fi
shift 2
ROOT=/
case $view in
  plain) ;;
  hidepid1) mount -t proc -o hidepid=1 proc /proc ;;
  hidepid2) mount -t proc -o hidepid=2 proc /proc ;;
  other-pids) mount -t proc proc /proc ;;
  unmounted)
    ROOT=$folder/rootfs
    mount --rbind / "$ROOT"
    mount -t tmpfs -o ro,size=4k covered "$ROOT/proc"
    mount -t proc proc /proc ;;
  none) mount -t tmpfs -o ro,size=4k covered /proc ;;
  *) echo "no view is called $view" >&2; exit 2 ;;
esac
export ROOT
run=(setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set -all --inh-caps -all --no-new-privs --)
# Process 1 of its namespace is then this shell, and none of the command's.
if [ "$view" = other-pids ]; then
  "${run[@]}" "$@" &
  # A signal to the session has reached it too; a second one would have it quit at once.
  trap : TERM
  code=0
  wait $! || code=$?
  if kill -0 $! 2> /dev/null; then wait $! && code=0 || code=$?; fi
  exit $code
fi
exec "${run[@]}" "$@"
