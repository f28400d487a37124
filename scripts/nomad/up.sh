#!/usr/bin/env bash
# Starts a real HashiCorp Nomad on loopback for integration tests, a server and clients, and prints shell exports:
#
#   eval "$(scripts/nomad/up.sh --clients 2)"; go test ./integration/nomad/; scripts/nomad/down.sh
#
#   --dir DIR     state: configuration, data, logs, pids   (default $LEAT_TEST_NOMAD_DIR, else a directory in $TMPDIR)
#   --clients N   1 to 5                                   (default: as before in this directory, else 1)
#   --port P      first of 3 ports of the server and 3 of each client; clients give out 200 each from P+100 on
#                                                          (default: as before in this directory, else 21000)
#   --acl yes     calls need a token                       (default: as before in this directory, else no)
#   --tls yes     agents and callers need certificates     (default: as before in this directory, else no)
#
# Running it again starts only what is not running. Client i is the node client-i, with 4000 MHz and 6 GiB, however many the machine
# has. Nomad is built from Go's module proxy, which takes some minutes the first time, and is kept in ${XDG_CACHE_HOME:-~/.cache}/leat.
# Linux only, as root; for tests only: its licence does not let others offer it. Exit code 77: it cannot be built here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${LEAT_TEST_NOMAD_DIR:-${TMPDIR:-/tmp}/leat-nomad} clients='' port='' acl='' tls=''
say() { echo "up.sh: $*" >&2; }
die() { say "$@"; exit 1; }
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "$1 needs a value; see the head of this script"
  case $1 in
  --dir) dir=$2 ;;
  --clients) clients=$2 ;;
  --port) port=$2 ;;
  --acl) acl=$2 ;;
  --tls) tls=$2 ;;
  *) die "unknown option $1; see the head of this script" ;;
  esac
  shift 2
done
[ "$(uname)" = Linux ] && [ "$(id -u)" = 0 ] || { say "Nomad's clients need Linux and root"; exit 77; }

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
exec 9>"$dir/lock"
flock 9
[ ! -f "$dir/settings" ] || read -r old_clients old_port old_acl old_tls <"$dir/settings"
clients=${clients:-${old_clients:-1}} port=${port:-${old_port:-21000}} acl=${acl:-${old_acl:-no}} tls=${tls:-${old_tls:-no}}
[ "$clients" -ge 1 ] && [ "$clients" -le 5 ] || die "--clients must be 1 to 5"
[ "$clients $port $acl $tls" = "${old_clients:-$clients} ${old_port:-$port} ${old_acl:-$acl} ${old_tls:-$tls}" ] ||
  die "$dir belongs to $old_clients clients from port $old_port on, with ACLs: $old_acl, TLS: $old_tls; take another --dir"
echo "$clients $port $acl $tls" >"$dir/settings"

version=$(sed -n 's/^\tgithub.com\/hashicorp\/nomad v//p' "$here/go.mod")
nomad=${XDG_CACHE_HOME:-$HOME/.cache}/leat/nomad-$version
if [ ! -x "$nomad" ]; then
  command -v "$(go env CC)" >/dev/null || { say "building Nomad needs a C compiler"; exit 77; }
  say "building Nomad $version"
  mkdir -p "$(dirname "$nomad")"
  (cd "$here" && CGO_ENABLED=1 GOFLAGS= nice go build -mod=readonly -trimpath -tags hashicorpmetrics -ldflags '-s -w' -o "$nomad.$$" github.com/hashicorp/nomad) >&2 ||
    { rm -f "$nomad.$$"; say "Nomad could not be built"; exit 77; }
  mv "$nomad.$$" "$nomad"
fi

# Tasks of raw_exec have the environment of their agent, which is nobody's.
unset NOMAD_ADDR NOMAD_TOKEN NOMAD_CACERT NOMAD_CLIENT_CERT NOMAD_CLIENT_KEY
if [ "$tls" = yes ] && [ ! -s "$dir/tls/global-cli-nomad.pem" ]; then
  mkdir -p "$dir/tls"
  (cd "$dir/tls" && "$nomad" tls ca create && for role in server client cli; do "$nomad" tls cert create -$role; done) >"$dir/tls/log" 2>&1 ||
    die "no certificates: $(cat "$dir/tls/log")"
fi

alive() { # name; one that has died and that nobody has waited for has no command line
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$dir/conf/$1.hcl"
} 2>/dev/null
agent() { # name, first port, server or client: what all agents have in common
  cat <<EOF
name = "$1"
data_dir = "$dir/$1"
datacenter = "dc1"
bind_addr = "127.0.0.1"
disable_update_check = true
leave_on_interrupt = false
advertise { http = "127.0.0.1", rpc = "127.0.0.1", serf = "127.0.0.1" }
ports { http = $2, rpc = $(($2 + 1)), serf = $(($2 + 2)) }
acl { enabled = $([ "$acl" = yes ] && echo true || echo false) }
consul { auto_advertise = false, server_auto_join = false, client_auto_join = false }
EOF
  [ "$tls" = no ] || cat <<EOF
tls {
  http = true
  rpc = true
  ca_file = "$dir/tls/nomad-agent-ca.pem"
  cert_file = "$dir/tls/global-$3-nomad.pem"
  key_file = "$dir/tls/global-$3-nomad-key.pem"
  verify_server_hostname = true
  verify_https_client = true
}
EOF
}
start() { # name
  alive "$1" || {
    setsid "$nomad" agent -config "$dir/conf/$1.hcl" </dev/null >>"$dir/logs/$1.log" 2>&1 9>&- &
    echo $! >"$dir/run/$1.pid"
  }
}
mkdir -p "$dir"/{conf,logs,run}
# A machine is lost after 6 s, in place of Nomad's 20, so that tests of it are short.
{
  agent s "$port" server
  echo 'server { enabled = true, bootstrap_expect = 1, heartbeat_grace = "3s", min_heartbeat_ttl = "3s"
  default_scheduler_config { scheduler_algorithm = "spread" } }'
} >"$dir/conf/s.hcl"
start s
for i in $(seq "$clients"); do
  first=$((port + 100 + 200 * (i - 1)))
  {
    agent "c$i" $((port + 3 * i)) client | sed "s/^name = .*/name = \"client-$i\"/"
    cat <<EOF
client {
  enabled = true
  servers = ["127.0.0.1:$((port + 1))"]
  network_interface = "lo"
  cpu_total_compute = 4000
  memory_total_mb = 6144
  min_dynamic_port = $first
  max_dynamic_port = $((first + 199))
  max_kill_timeout = "60s"
  # What tasks have written stays until it was read, however full the disk of this machine is.
  gc_disk_usage_threshold = 100
  gc_inode_usage_threshold = 100
  cgroup_parent = "leat-$port-$i.slice"
  # What isolated tasks see of this machine: by default it is copied for each of them, which takes a minute.
  chroot_env {
    "/etc/passwd" = "/etc/passwd"
    "/etc/hosts" = "/etc/hosts"
    "/etc/resolv.conf" = "/etc/resolv.conf"
  }
  options = {
    "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean,consul,vault"
    "driver.allowlist" = "raw_exec,exec"
  }
}
plugin "raw_exec" {
  config {
    enabled = true
  }
}
EOF
  } >"$dir/conf/c$i.hcl"
  start "c$i"
done

address=http://127.0.0.1:$port token='' certificates=()
if [ "$tls" = yes ]; then
  address=https://127.0.0.1:$port
  certificates=(--cacert "$dir/tls/nomad-agent-ca.pem" --cert "$dir/tls/global-cli-nomad.pem" --key "$dir/tls/global-cli-nomad-key.pem")
fi
get() { curl -sf -m 5 "${certificates[@]}" ${token:+-H "X-Nomad-Token: $token"} "$address$1"; }
await() { # what, command
  local what=$1 n
  shift
  for n in $(seq 240); do
    ! "$@" || return 0
    alive s || break
    sleep 0.5
  done
  tail -q -n 5 "$dir"/logs/*.log >&2
  die "$what"
}
leads() { get /v1/status/leader 2>/dev/null | grep -q 127; }
ready() { [ "$(get /v1/nodes 2>/dev/null | grep -o '"Status":"ready"' | wc -l)" -ge "$clients" ]; }
await "there is no leader" leads
if [ "$acl" = yes ]; then
  if [ ! -s "$dir/token" ]; then
    (umask 077 && cat /proc/sys/kernel/random/uuid >"$dir/token")
    curl -sf -m 10 "${certificates[@]}" -X POST "$address/v1/acl/bootstrap" -d "{\"BootstrapSecret\":\"$(cat "$dir/token")\"}" >/dev/null || { rm "$dir/token"; die "no token"; }
  fi
  token=$(cat "$dir/token")
fi
await "not all clients are ready" ready
echo "export LEAT_TEST_NOMAD=1 LEAT_TEST_NOMAD_DIR=$dir NOMAD_ADDR=$address NOMAD_TOKEN=$token"
[ "$tls" = no ] || echo "export NOMAD_CACERT=${certificates[1]} NOMAD_CLIENT_CERT=${certificates[3]} NOMAD_CLIENT_KEY=${certificates[5]}"
