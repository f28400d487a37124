#!/usr/bin/env bash
# Starts a cluster: a JobManager on the host of conf/masters and a TaskManager for each line of conf/workers, here or by ssh
# (without a password; SSH_OPTS are its options). Leat must lie in the same folder on all hosts, with the same conf/config.yaml.
#
# The cluster's secret, conf/secret, is made once and copied to all hosts with mode 0600. It never stands in an argument or a
# variable.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=places.sh
. "$here/places.sh"

mapfile -t masters < <(hosts masters)
mapfile -t workers < <(hosts workers)
if [ ${#masters[@]} -ne 1 ]; then
  echo "conf/masters names ${#masters[@]} hosts: this version runs one JobManager; name one" >&2
  exit 2
fi

secret=$LEAT_CONF_DIR/secret
if [ ! -e "$secret" ]; then
  (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$secret.new")
  mv "$secret.new" "$secret"
fi
chmod 600 "$secret"
sent=" "
for host in "${masters[@]%%:*}" "${workers[@]}"; do
  case $sent in *" $host "*) continue ;; esac
  sent="$sent$host "
  if ! is_here "$host"; then
    # shellcheck disable=SC2029,SC2086
    ssh ${SSH_OPTS:-} -- "$host" "umask 077 && cat >$(printf %q "$secret.new") && mv $(printf %q "$secret.new") $(printf %q "$secret")" <"$secret"
  fi
done

echo "Starting cluster."
host=${masters[0]%%:*} port=
case ${masters[0]} in *:*) port=${masters[0]##*:} ;; esac
if is_here "$host"; then
  on "$host" jobmanager.sh start ${port:+-D "rest.port=$port" -D "rest.bind-port=$port"}
else
  on "$host" jobmanager.sh start "$host" ${port:+"$port"}
fi
for host in "${workers[@]}"; do
  on "$host" taskmanager.sh start
done
