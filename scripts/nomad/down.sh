#!/usr/bin/env bash
# Stops the Nomad that up.sh has started, and every task that it ran.
#
#   --dir DIR   as for up.sh
#   --wipe      remove the directory, too
set -euo pipefail
dir=${LEAT_TEST_NOMAD_DIR:-${TMPDIR:-/tmp}/leat-nomad} wipe=
while [ $# -gt 0 ]; do
  case $1 in
  --dir) dir=$2; shift ;;
  --wipe) wipe=1 ;;
  *) echo "down.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
[ -d "$dir/run" ] || exit 0
dir=$(cd "$dir" && pwd)

# ours NAME PATTERN: the process in a pid file if it is still what was started.
ours() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 0
  ! tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$dir/conf/" || echo "$pid"
}
below() { # pids, and all that they have started
  local p
  for p in "$@"; do
    echo "$p"
    # shellcheck disable=SC2046 # a word is a pid
    below $(cat /proc/"$p"/task/*/children 2>/dev/null || true)
  done
}
agents=
for f in "$dir"/run/*.pid; do agents="$agents $(ours "$f")"; done
# Tasks run under executors that outlive an agent; those have its data directory on their command lines.
executors=
for f in /proc/[0-9]*/cmdline; do
  if tr '\0' ' ' 2>/dev/null <"$f" | grep -q "executor .*$dir/"; then f=${f%/cmdline} executors="$executors ${f#/proc/}"; fi
done
# shellcheck disable=SC2086 # words are pids
tasks=$(below $executors)
# shellcheck disable=SC2086
[ -z "${agents// /}" ] || kill -9 $agents 2>/dev/null || true
# shellcheck disable=SC2086
[ -z "$tasks" ] || kill -9 $tasks 2>/dev/null || true
for _ in $(seq 50); do
  left=
  for p in $agents $tasks; do [ ! -e "/proc/$p" ] || left=1; done
  [ -n "$left" ] || break
  sleep 0.1
done
# What Nomad has mounted for the secrets and the folders of tasks.
awk -v d="$dir/" 'index($2, d) == 1 { print $2 }' /proc/mounts | sort -r | while read -r m; do umount -l "$m" 2>/dev/null || true; done
rm -f "$dir"/run/*.pid
[ -z "$wipe" ] || rm -rf -- "$dir"
