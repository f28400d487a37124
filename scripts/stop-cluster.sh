#!/usr/bin/env bash
# Stops what start-cluster.sh has started: the TaskManagers of conf/workers, then the JobManager of conf/masters.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=places.sh
. "$here/places.sh"

failed=0
while read -r host; do
  on "$host" taskmanager.sh stop </dev/null || failed=1
done < <(hosts workers)
while read -r host; do
  on "${host%%:*}" jobmanager.sh stop </dev/null || failed=1
done < <(hosts masters)
exit $failed
