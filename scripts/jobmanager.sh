#!/usr/bin/env bash
# jobmanager.sh (start|start-foreground) [host] [web port] | stop | stop-all: a JobManager on this machine. See daemon.sh.
set -euo pipefail
command=${1:-}
[ $# -eq 0 ] || shift
flags=()
if [ -n "${1:-}" ] && [ "${1#-}" = "$1" ]; then
  flags+=(-D "jobmanager.rpc.address=$1" -D "rest.address=$1")
  shift
  if [ -n "${1:-}" ] && [ "${1#-}" = "$1" ]; then
    flags+=(-D "rest.port=$1" -D "rest.bind-port=$1")
    shift
  fi
fi
case $command in start | start-foreground) set -- ${flags[@]+"${flags[@]}"} "$@" ;; esac
exec "$(dirname "${BASH_SOURCE[0]}")/daemon.sh" jobmanager "$command" "$@"
