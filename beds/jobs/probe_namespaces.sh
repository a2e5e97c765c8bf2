#!/bin/bash
# A stand-in for the agent: run by sandbox.sh beside pods, says in JSON lines what such a process sees. Values:
#   "uid", "capabilities": who it is     "processes": how many it sees in its own /proc
#   "procs": what cgroup.procs of another pod's container reads here
#   "memberships": pids of pods' containers found in /rootfs/proc/<pid>/cgroup, "dotted" those whose path begins with /../..
#   "networks": how many of these pids' net/dev can be read     "unreadable": cgroup files of containers that can't be
set -u
say() { printf '{"probe": "%s", "value": %s}\n' "$1" "$2"; }
say uid "$(id -u)"
say capabilities "\"$(awk '/^CapEff|^CapBnd/ {print $2}' /proc/self/status | sort -u | tr -d '\n')\""
say processes "$(find /proc -maxdepth 1 -name '[0-9]*' | wc -l)"

cgroup=/rootfs/sys/fs/cgroup
if [ -e $cgroup/cgroup.controllers ]; then version=2 memory=$cgroup; else version=1 memory=$cgroup/memory; fi
say cgroup "$version"
mapfile -t groups < <(find "$memory" -type d -path '*kubepods*' -regextype posix-extended -regex '.*[0-9a-f]{64}(\.scope)?')
procs=() unreadable=0 files=0
for group in "${groups[@]}"; do
  text=$(tr '\n' ' ' < "$group/cgroup.procs" 2>&1)
  procs+=("$text")
  for file in "$group"/memory.* "$group"/cpu.* "$group"/io.stat; do
    case $file in *.procs|*force_empty|*event_control|*pressure_level|*.reclaim|*'*'*) continue ;; esac
    [ -e "$file" ] || continue
    files=$((files + 1))
    # A container may end meanwhile: what is gone was not denied.
    cat "$file" > /dev/null 2>&1 || { [ -e "$file" ] && unreadable=$((unreadable + 1)); }
  done
done
say groups "${#groups[@]}"
say procs "\"$(printf '%s\n' "${procs[@]}" | sort -u | tr '\n' ';')\""
say files "$files"
say unreadable "$unreadable"

memberships=0 dotted=0 networks=0 example=
for folder in /rootfs/proc/[0-9]*; do
  lines=$(grep -E '[0-9a-f]{64}(\.scope)?$' "$folder/cgroup" 2>/dev/null) || continue
  memberships=$((memberships + 1))
  case $lines in *:/../..*) dotted=$((dotted + 1)) example=${lines%%$'\n'*} ;; esac
  if [ "$(wc -l < "$folder/net/dev" 2>/dev/null || echo 0)" -gt 2 ]; then networks=$((networks + 1)); fi
done
say memberships "$memberships"
say dotted "$dotted"
say example "\"$example\""
say networks "$networks"
say mountinfo "$(wc -l < /rootfs/proc/1/mountinfo)"
