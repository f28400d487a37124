#!/usr/bin/env bash
# standalone-job.sh (start|start-foreground) [leat's flags] PROGRAM [its arguments] | stop | stop-all: a JobManager on this machine
# for one program, with which it ends. TaskManagers are started by taskmanager.sh. See daemon.sh.
set -euo pipefail
command=${1:-}
[ $# -eq 0 ] || shift
exec "$(dirname "${BASH_SOURCE[0]}")/daemon.sh" standalone-job "$command" "$@"
