#!/bin/bash
# A stand-in for the agent: run by sandbox.sh beside pods, says in JSON lines what such a process sees. Values:
#   "uid", "capabilities": who it is     "processes": how many it sees in its own /proc
#   "procs": what the cgroup.procs of containers read here, other than its own     "groups": how many containers
#   "lines", "unreadable": lines read from cgroup files of these containers, and how many files of them are denied
#   "memberships": pids of containers found in /rootfs/proc/<pid>/cgroup; "dotted": those whose path begins with /../..;
#   "example": one such line     "networks": how many of these pids' net/dev can be read     "mountinfo": lines of process 1's
set -u
shopt -s nullglob
say() { printf '{"probe": "%s", "value": %s}\n' "$1" "$2"; }
say uid "$UID"
say capabilities "\"$(awk '/^CapEff|^CapBnd/ {print $2}' /proc/self/status | sort -u | tr -d '\n')\""
own_processes=(/proc/[0-9]*)
say processes "${#own_processes[@]}"

cgroup=/rootfs/sys/fs/cgroup
if [ -e $cgroup/cgroup.controllers ]; then version=2 memory=$cgroup; else version=1 memory=$cgroup/memory; fi
say cgroup "$version"
mapfile -t groups < <(find "$memory" -type d -path '*kubepods*' -regextype posix-extended -regex '.*[0-9a-f]{64}(\.scope)?')
say groups "${#groups[@]}"
procs=() files=()
for group in "${groups[@]}"; do
  # A container may end meanwhile.
  mapfile -t lines 2>/dev/null < "$group/cgroup.procs" || continue
  case " ${lines[*]} " in *" $BASHPID "*) continue ;; esac
  procs+=("${lines[*]}")
  files+=("$group"/memory.stat "$group"/memory.usage_in_bytes "$group"/memory.current "$group"/cpu.stat "$group"/io.stat)
  if [ $version = 1 ]; then files+=("${group/memory/cpuacct}"/cpuacct.usage); fi
done
say procs "\"$(printf '%s\n' "${procs[@]}" | sort -u | tr '\n' ';')\""
say lines "$(cat "${files[@]}" 2>/dev/null | wc -l)"
say unreadable "$(cat "${files[@]}" 2>&1 >/dev/null | grep -c 'Permission denied')"

mapfile -t members < <(grep -lE '[0-9a-f]{64}(\.scope)?$' /rootfs/proc/[0-9]*/cgroup 2>/dev/null)
say memberships "${#members[@]}"
mapfile -t dotted < <(grep -hm1 -E ':/\.\./\.\./.*[0-9a-f]{64}(\.scope)?$' "${members[@]}" 2>/dev/null)
say dotted "${#dotted[@]}"
say example "\"${dotted[0]:-}\""
networks=0
for member in "${members[@]}"; do
  if mapfile -t lines 2>/dev/null < "${member%cgroup}net/dev" && [ ${#lines[@]} -gt 2 ]; then networks=$((networks + 1)); fi
done
say networks "$networks"
mapfile -t lines < /rootfs/proc/1/mountinfo
say mountinfo "${#lines[@]}"
