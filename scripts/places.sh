# Where things are; sourced by the scripts beside it, which set $here.
# shellcheck shell=bash disable=SC2034,SC2154

# first_there PATH... is the first that exists, or the last.
first_there() {
  local path
  for path; do
    [ ! -e "$path" ] || break
  done
  echo "$path"
}

leat=${LEAT_BIN:-$(first_there "$here/leat" "$here/../bin/leat" "$(command -v leat || true)")}
if [ ! -x "$leat" ]; then
  echo "the binary leat is neither beside $here nor in PATH: build it with go build -o bin/leat ./cmd/leat, or set LEAT_BIN" >&2
  exit 1
fi
LEAT_CONF_DIR=$(cd "${LEAT_CONF_DIR:-$(first_there "$here/../conf" "$here/conf")}" && pwd)
export LEAT_CONF_DIR
log_dir=${LEAT_LOG_DIR:-$LEAT_CONF_DIR/../log}
pid_dir=${LEAT_PID_DIR:-/tmp}

# hosts FILE prints the hosts of conf/masters or conf/workers, one a line; this machine when there is no such file.
hosts() {
  if [ -f "$LEAT_CONF_DIR/$1" ]; then
    sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$LEAT_CONF_DIR/$1"
  else
    echo localhost
  fi
}

# is_here HOST tells whether a host is this machine.
is_here() {
  case $1 in localhost | 127.* | ::1 | "$(hostname)") return 0 ;; esac
  return 1
}

# on HOST SCRIPT ARGUMENT... runs a script of this folder on a host, here or by ssh.
on() {
  local host=$1 script=$2
  shift 2
  if is_here "$host"; then
    "$here/$script" "$@"
  else
    # shellcheck disable=SC2029,SC2086
    ssh -n ${SSH_OPTS:-} -- "$host" "LEAT_CONF_DIR=$(printf %q "$LEAT_CONF_DIR") $(printf '%q ' "$here/$script" "$@")"
  fi
}
