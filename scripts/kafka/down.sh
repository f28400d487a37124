#!/usr/bin/env bash
# Stops the brokers that up.sh has started for a directory, and no others.
#
#   --dir DIR   as for up.sh
#   --wipe      also removes the directory
set -euo pipefail
dir=${LEAT_TEST_KAFKA_DIR:-${TMPDIR:-/tmp}/leat-kafka-$(id -u)} wipe=0
while [ $# -gt 0 ]; do
  case $1 in
  --dir) dir=${2:?--dir needs a value}; shift ;;
  --wipe) wipe=1 ;;
  *) echo "down.sh: unknown option $1; see the head of this script" >&2; exit 1 ;;
  esac
  shift
done
[ -d "$dir/run" ] || exit 0
dir=$(cd "$dir" && pwd)
exec 9>"$dir/lock"
flock 9
ours() { tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | grep -qxF -e "-Dleat.kafka.dir=$dir" -e "$dir/run/kdc"; }
pids=()
for f in "$dir"/run/*.pid; do
  [ -f "$f" ] || continue
  pid=$(cat "$f")
  if ours "$pid"; then
    kill "$pid"
    pids+=("$pid")
  fi
  rm "$f"
done
for pid in ${pids[@]+"${pids[@]}"}; do
  for _ in $(seq 50); do
    ours "$pid" || continue 2
    sleep 0.2
  done
  kill -9 "$pid" 2>/dev/null || true
done
[ $wipe = 0 ] || rm -rf -- "$dir"
