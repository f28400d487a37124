#!/usr/bin/env bash
# Starts a cluster: a JobManager for each line of conf/masters and a TaskManager for each line of conf/workers, here or by ssh
# (without a password; SSH_OPTS are its options). Leat must lie in the same folder on all hosts, with the same conf/config.yaml.
#
# The cluster's secret, conf/secret, is made once and copied to all hosts with mode 0600. It never stands in an argument or a
# variable.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=places.sh
. "$here/places.sh"

masters=() workers=()
while read -r host; do masters+=("$host"); done < <(hosts masters)
while read -r host; do workers+=("$host"); done < <(hosts workers)
if [ ${#masters[@]} -ne 1 ] && ! grep -q control-addresses "$LEAT_CONF_DIR/config.yaml"; then
  echo "conf/masters names ${#masters[@]} hosts: that they replicate each other, set cluster.control-addresses and high-availability.type in config.yaml" >&2
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
for master in "${masters[@]}"; do
  host=${master%%:*} port=
  case $master in *:*) port=${master##*:} ;; esac
  if [ ${#masters[@]} -eq 1 ] && is_here "$host"; then
    on "$host" jobmanager.sh start ${port:+-D "rest.port=$port" -D "rest.bind-port=$port"}
  else
    on "$host" jobmanager.sh start "$host" ${port:+"$port"}
  fi
done
for host in "${workers[@]}"; do
  on "$host" taskmanager.sh start
done
