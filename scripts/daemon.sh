#!/usr/bin/env bash
# Starts and stops JobManagers and TaskManagers on this machine. jobmanager.sh, standalone-job.sh and taskmanager.sh call it.
#
#   daemon.sh ROLE start [leat's flags]              in the background
#   daemon.sh ROLE start-foreground [leat's flags]   for systemd and containers
#   daemon.sh ROLE stop                              the one that was started last
#   daemon.sh ROLE stop-all
#
# LEAT_BIN is the binary, LEAT_CONF_DIR the folder of config.yaml, LEAT_LOG_DIR that of logs, LEAT_PID_DIR that of pid files.
set -euo pipefail

usage() {
  sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0" >&2
  exit 2
}

[ $# -ge 2 ] || usage
role=$1 command=$2
shift 2
case $role in jobmanager | taskmanager | standalone-job) ;; *) usage ;; esac

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=places.sh
. "$here/places.sh"
unset LEAT_BIN LEAT_LOG_DIR LEAT_PID_DIR # every other variable LEAT_* is a configuration key

pids=$pid_dir/leat-$(id -un)-$role.pid
base=$log_dir/leat-$(id -un)-$role-$$-$(hostname)

# alive PID tells whether a process runs; one that has ended and is not reaped yet does not.
alive() {
  kill -0 "$1" 2>/dev/null && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null
}

# of_role PID tells whether a process is still one of ours, for pids are used again.
of_role() {
  alive "$1" || return 1
  [ ! -r "/proc/$1/cmdline" ] || tr '\0' ' ' <"/proc/$1/cmdline" | grep -q " $role "
}

start() {
  local apart=setsid # so that Ctrl-C in the terminal does not end it
  command -v setsid >/dev/null || apart=nohup
  mkdir -p "$log_dir" "$pid_dir"
  (umask 077 && : >"$base.out")
  $apart "$leat" "$role" -D "cluster.log-file=$base.log" "$@" </dev/null >>"$base.out" 2>&1 &
  local pid=$!
  for _ in 1 2 3; do
    sleep 0.05
    if ! alive "$pid"; then
      echo "$role did not start on $(hostname):" >&2
      tail -n 5 "$base.out" >&2
      exit 1
    fi
  done
  echo "$pid" >>"$pids"
  echo "Starting $role daemon on host $(hostname) (pid $pid, log $base.log)."
}

# end PID asks a process to end, and kills it when it does not within 10 seconds.
end() {
  if ! of_role "$1"; then
    echo "No $role daemon (pid: $1) is running anymore on $(hostname)."
    return
  fi
  echo "Stopping $role daemon (pid: $1) on host $(hostname)."
  kill "$1"
  for _ in $(seq 100); do
    alive "$1" || return 0
    sleep 0.1
  done
  echo "$role daemon (pid: $1) did not end; killing it." >&2
  kill -KILL "$1" 2>/dev/null || true
}

stop() {
  if [ ! -s "$pids" ]; then
    echo "No $role daemon to stop on host $(hostname)."
    return
  fi
  end "$(tail -n 1 "$pids")"
  sed -i.old '$d' "$pids" && rm -f "$pids.old"
  [ -s "$pids" ] || rm -f "$pids"
}

case $command in
start) start "$@" ;;
start-foreground) exec "$leat" "$role" "$@" ;;
stop) stop ;;
stop-all)
  while [ -s "$pids" ]; do stop; done
  ;;
*) usage ;;
esac
