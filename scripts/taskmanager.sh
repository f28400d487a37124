#!/usr/bin/env bash
# taskmanager.sh (start|start-foreground) [leat's flags] | stop | stop-all: a TaskManager on this machine. See daemon.sh.
set -euo pipefail
command=${1:-}
[ $# -eq 0 ] || shift
exec "$(dirname "${BASH_SOURCE[0]}")/daemon.sh" taskmanager "$command" "$@"
