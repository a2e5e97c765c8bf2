#!/bin/bash
# Which guests run on this machine, by booting one that says a line: "uml" (User-Mode Linux), else QEMU with "kvm", else with "tcg".
#   guest/kind.sh      prints the kind; says on stderr what does not run and why; exits 1 where no guest runs
# What was found is kept for this CPU, kernel and these programs; removing BED_CACHE/guest-* looks anew.
# env: BED=uml|qemu forces one   BED_UML=PROGRAM in the place of linux.uml
# What it costs once: 3 s where User-Mode Linux runs, else up to 40 s, most of it for a KVM that opens and hangs.
set -eu
. "$(dirname "$0")/../lib.sh"
case ${BED:-} in
  "") kinds="uml kvm tcg" ;;
  uml) kinds=uml ;;
  qemu) kinds="kvm tcg" ;;
  *) fail "BED is uml or qemu, not $BED" ;;
esac

# program KIND: what it boots with.
program() { if [ "$1" = uml ]; then command -v "$UML"; else command -v qemu-system-x86_64; fi; }

# known KIND: the file that keeps what was found. The clock's rate and the like, which change by themselves, are not in its name.
known() {
  local of
  of=$(grep -m 3 -E '^(model name|microcode|flags)' /proc/cpuinfo; uname -rv; ls -lL "$(program "$1")"; ls -l /dev/kvm 2> /dev/null || true)
  echo "$BED_CACHE/guest-$1-$(sha256sum <<< "$of" | cut -c1-12)"
}

# lacks KIND: says what of it is missing on the machine, if anything is.
lacks() {
  if [ "$(id -u)" != 0 ]; then echo "it needs root"
  elif ! program "$1" > /dev/null; then echo "its program is not installed"
  elif [ "$1" = uml ]; then return 0
  elif [ -z "$(virtiofsd_path)" ]; then echo "virtiofsd is not installed"
  elif ! "$BEDS/guest/kernel.sh" > /dev/null 2>&1; then echo "its kernel was not fetched"
  elif [ "$1" = kvm ] && [ ! -c /dev/kvm ]; then echo "there is no /dev/kvm"
  fi
}

# boot KIND FILE: boots a guest, and sets `answer` to "yes", or "no" and why; keeps it in FILE. A /dev/kvm that opens proves
# nothing: where it is virtual itself, a guest may hang before its first line.
boot() {
  local seconds=40 said
  case $1 in kvm) seconds=20 ;; tcg) seconds=120 ;; esac
  said=$(BED_GUEST=$1 BED_SLOW=1 LIMIT=$seconds MEM=512M DISK=16M "$BEDS/guest/run.sh" /bin/echo "a guest lives" 8>&- 2>&1) || true
  if [ "$said" = "a guest lives" ]; then answer=yes
  elif grep -q 'its program: 124' <<< "$said"; then
    answer="no, it did not boot within $seconds s"
    # A machine that is only busy is asked again.
    [ "$1" = kvm ] || return 0
  else answer="no, it died: $(tr -d '\r' <<< "$said" | grep -v '^ *$' | tail -n 1)"
  fi
  echo "$answer" > "$2"
}

mkdir -p "$BED_CACHE"
exec 8> "$BED_CACHE/guest.lock"
flock -w 300 8 || fail "another run has been looking for a guest for 5 min"
for kind in $kinds; do
  answer=$(lacks "$kind")
  if [ -z "$answer" ]; then
    file=$(known "$kind")
    if [ -s "$file" ]; then answer=$(cat "$file"); else boot "$kind" "$file"; fi
  fi
  if [ "$answer" = yes ]; then
    echo "$kind"
    exit 0
  fi
  echo "no guest runs as $kind: ${answer#no, }" >&2
done
echo "no guest runs here" >&2
exit 1
