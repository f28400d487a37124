#!/usr/bin/env bash
# Starts a real HDFS (NameNodes, DataNodes), and YARN if asked, on loopback for integration tests and prints shell exports:
#
#   eval "$(scripts/hadoop/up.sh --datanodes 3)"; go test ./integration/hdfs/...; scripts/hadoop/down.sh
#
#   --dir DIR        state: configuration, data, logs, pids   (default $LEAT_HADOOP_DIR, else a directory in $TMPDIR)
#   --datanodes N    1 to 8; blocks have min(N, 3) replicas   (default: as before in this directory, else 1)
#   --nodemanagers N 0 to 8, with a ResourceManager           (default: as before in this directory, else 0: no YARN)
#   --port P         first of 80 ports                        (default: as before in this directory, else 18200)
#   --kerberos yes   a KDC of its own, and Hadoop secured by it at any protection that a client asks for; KRB5_CONFIG, keytabs and
#                    tickets are in DIR/krb5: alice (a superuser), bob, late (whose keytab is out of date), carol (of another realm)
#   --ha yes         two NameNodes of the name service "leat" that share their edits by a directory; the first becomes active
#   --resourcemanagers N 1 or 2, of which the first that is there becomes active  (default: as before, else 1)
#   --router yes     a Router of router-based federation, which shows /data of the NameNode as /mounted, and all else by its own name;
#                    not with --ha or --kerberos
#   --token-life S   seconds after which delegation tokens of HDFS end for good   (default: as before, else a week)
#
# Running it again starts only what is not running. Linux only; for tests only. The jars come by Maven and are kept in
# ${XDG_CACHE_HOME:-~/.cache}/leat. Exit code 77: Java 17 or Maven is missing, or MIT's KDC.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${LEAT_HADOOP_DIR:-${TMPDIR:-/tmp}/leat-hadoop-$(id -u)} datanodes='' nodemanagers='' port='' kerberos='' ha='' resourcemanagers='' token_life='' router=''
say() { echo "up.sh: $*" >&2; }
die() { say "$@"; exit 1; }
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "$1 needs a value; see the head of this script"
  case $1 in
  --dir) dir=$2 ;;
  --datanodes) datanodes=$2 ;;
  --nodemanagers) nodemanagers=$2 ;;
  --port) port=$2 ;;
  --kerberos) kerberos=$2 ;;
  --ha) ha=$2 ;;
  --resourcemanagers) resourcemanagers=$2 ;;
  --token-life) token_life=$2 ;;
  --router) router=$2 ;;
  *) die "unknown option $1; see the head of this script" ;;
  esac
  shift 2
done

java_version() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }
PATH=$PATH:/usr/sbin # of the KDC
missing() {
  [ "$(java_version 2>/dev/null || echo 0)" -ge 17 ] 2>/dev/null || echo openjdk-17-jdk-headless
  command -v mvn >/dev/null || echo maven
  command -v curl >/dev/null || echo curl
  [ "$kerberos" != yes ] || command -v krb5kdc kadmin.local kdb5_util kinit >/dev/null || echo krb5-kdc krb5-admin-server krb5-user
}
need=$(missing)
if [ -n "$need" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  say "install" $need
  { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends $need; } >&2 || true
  need=$(missing)
fi
[ -z "$need" ] || { say "missing:" $need; exit 77; }

mkdir -p "$dir"/{conf,data,logs,run}
dir=$(cd "$dir" && pwd)
exec 9>"$dir/lock"
flock 9
[ ! -f "$dir/settings" ] || read -r old_datanodes old_port old_kerberos old_ha old_nodemanagers old_resourcemanagers old_token_life old_router <"$dir/settings"
datanodes=${datanodes:-${old_datanodes:-1}} nodemanagers=${nodemanagers:-${old_nodemanagers:-0}} port=${port:-${old_port:-18200}}
kerberos=${kerberos:-${old_kerberos:-no}} ha=${ha:-${old_ha:-no}}
resourcemanagers=${resourcemanagers:-${old_resourcemanagers:-1}} token_life=${token_life:-${old_token_life:-604800}} router=${router:-${old_router:-no}}
[ "$datanodes" -ge 1 ] && [ "$datanodes" -le 8 ] || die "--datanodes must be 1 to 8"
[ "$nodemanagers" -ge 0 ] && [ "$nodemanagers" -le 8 ] || die "--nodemanagers must be 0 to 8"
[ "$resourcemanagers" = 1 ] || [ "$resourcemanagers" = 2 ] || die "--resourcemanagers must be 1 or 2"
[ "$router" = no ] || [ "$ha $kerberos" = 'no no' ] || die "--router goes neither with --ha nor with --kerberos"
[ "$port $kerberos $ha $resourcemanagers" = "${old_port:-$port} ${old_kerberos:-$kerberos} ${old_ha:-$ha} ${old_resourcemanagers:-$resourcemanagers}" ] ||
  die "$dir belongs to a cluster with port $old_port, kerberos $old_kerberos, ha $old_ha, resourcemanagers $old_resourcemanagers; take another --dir"
echo "$datanodes $port $kerberos $ha $nodemanagers $resourcemanagers $token_life $router" >"$dir/settings"
rpc() { echo $((port + 2 * $1 - 2)); }
http() { echo $((port + 2 * $1 - 1)); }
kdc=$((port + 5)) namenodes=1 fs=hdfs://localhost:$(rpc 1)
[ "$ha" = no ] || { namenodes=2 fs=hdfs://leat; }

version() { sed -n "s/.*<$1.version>\(.*\)<.*/\1/p" "$here/pom.xml"; }
jars() { # PROFILE VERSION: brings its jars, and prints their folder
  local lib=${XDG_CACHE_HOME:-$HOME/.cache}/leat/$1-$2
  mkdir -p "$lib"
  (
    flock 8
    [ ! -f "$lib/.complete" ] || exit 0
    say "jars to $lib"
    mvn -q -B -f "$here/pom.xml" "-Dhadoop.version=$2" $([ "$1" = hadoop ] || echo "-P${1#hadoop-}") dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$lib" >&2
    # The published jars lack the web pages that the daemons insist on; empty ones will do.
    for page in hdfs datanode router; do
      mkdir -p "$lib/webapps/$page/WEB-INF"
      echo '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"/>' >"$lib/webapps/$page/WEB-INF/web.xml"
    done
    touch "$lib/.complete"
  ) 8>"$lib/.lock"
  echo "$lib"
}
profile=hadoop
[ "$nodemanagers" = 0 ] || profile=hadoop-yarn
lib=$(jars $profile "$(version hadoop)")

site() { # FILE NAME VALUE...
  local file=$1
  shift
  { echo '<configuration>'
    printf '  <property><name>%s</name><value>%s</value></property>\n' "$@"
    echo '</configuration>'; } >"$dir/conf/$file"
}
core=(
  fs.defaultFS "$fs"
  hadoop.tmp.dir "$dir/data/tmp"
  hadoop.user.group.static.mapping.overrides "$(id -un)=users;alice=users;hdfs=users;yarn=users;bob=others;late=others;carol=others;dr.who=;")
hdfs=(
  dfs.replication $((datanodes < 3 ? datanodes : 3))
  dfs.namenode.name.dir "file://$dir/data/nn"
  dfs.namenode.safemode.extension 0
  dfs.namenode.redundancy.considerLoad false
  dfs.namenode.safemode.min.datanodes 1
  dfs.namenode.datanode.registration.ip-hostname-check false
  dfs.namenode.heartbeat.recheck-interval 2000
  dfs.namenode.fs-limits.min-block-size 65536
  dfs.heartbeat.interval 1
  dfs.blockreport.initialDelay 0
  dfs.datanode.hostname localhost)
if [ "$ha" = no ]; then
  hdfs+=(dfs.namenode.rpc-address "localhost:$(rpc 1)" dfs.namenode.http-address "localhost:$(http 1)")
else
  hdfs+=(dfs.nameservices leat dfs.ha.namenodes.leat nn1,nn2 dfs.namenode.shared.edits.dir "file://$dir/data/edits"
    dfs.ha.tail-edits.period 1 dfs.ha.fencing.methods 'shell(/bin/true)'
    dfs.client.failover.proxy.provider.leat org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider)
  for i in 1 2; do
    hdfs+=("dfs.namenode.rpc-address.leat.nn$i" "localhost:$(rpc $i)" "dfs.namenode.http-address.leat.nn$i" "localhost:$(http $i)")
  done
fi
if [ "$kerberos" = yes ]; then
  realm=LEAT.TEST other=OTHER.TEST krb=$dir/krb5 services='hdfs/localhost yarn/localhost HTTP/localhost'
  core+=(hadoop.security.authentication kerberos hadoop.security.authorization true
    hadoop.rpc.protection authentication,integrity,privacy
    hadoop.proxyuser.yarn.hosts localhost hadoop.proxyuser.yarn.groups '*'
    hadoop.security.auth_to_local "RULE:[1:\$1@\$0](.*@$other)s/@.*// DEFAULT")
  hdfs+=(dfs.namenode.delegation.token.max-lifetime "${token_life}000" dfs.namenode.delegation.token.renew-interval "$((token_life < 86400 ? token_life : 86400))000"
    dfs.block.access.token.enable true dfs.data.transfer.protection authentication,integrity,privacy
    dfs.encrypt.data.transfer.cipher.suites AES/CTR/NoPadding dfs.permissions.superusergroup users
    ignore.secure.ports.for.testing true) # DataNodes on unprivileged ports without HTTPS
  for kind in namenode datanode; do
    hdfs+=("dfs.$kind.kerberos.principal" "hdfs/_HOST@$realm" "dfs.$kind.keytab.file" "$krb/hdfs.keytab"
      "dfs.$kind.kerberos.internal.spnego.principal" "HTTP/_HOST@$realm")
  done
  hdfs+=(dfs.web.authentication.kerberos.principal "HTTP/_HOST@$realm" dfs.web.authentication.kerberos.keytab "$krb/hdfs.keytab")
fi
site core-site.xml "${core[@]}"
site hdfs-site.xml "${hdfs[@]}"
[ "$nodemanagers" = 0 ] || . "$here/yarn.sh"
printf '%s\n' log4j.rootLogger=INFO,c log4j.appender.c=org.apache.log4j.ConsoleAppender log4j.appender.c.target=System.err \
  log4j.appender.c.layout=org.apache.log4j.PatternLayout 'log4j.appender.c.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n' \
  >"$dir/conf/log4j.properties"

java=(env "HADOOP_CONF_DIR=$dir/conf" java "-Dleat.hadoop.dir=$dir" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k
  -XX:ReservedCodeCacheSize=96m
  -cp "$dir/conf:$lib:$lib/*")
[ "$kerberos" = no ] || java+=("-Djava.security.krb5.conf=$krb/krb5.conf")
for m in lang io net nio util util.concurrent; do java+=("--add-opens=java.base/java.$m=ALL-UNNAMED"); done
daemon=org.apache.hadoop.hdfs.server

alive() { # NAME: the process of the pid file, unless its number now belongs to another
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -e "-Dleat.hadoop.dir=$dir" -e "$dir/run/kdc"
}
launch() { # NAME COMMAND...
  local name=$1
  shift
  alive "$name" && return
  say "start $name"
  setsid "$@" </dev/null >>"$dir/logs/$name.log" 2>&1 8>&- 9>&- &
  echo $! >"$dir/run/$name.pid"
}
start() { # NAME MIB CLASS ARGUMENT...
  local name=$1 heap=$2
  shift 2
  launch "$name" "${java[@]}" "-Xmx${heap}m" "$@"
}
once() { # LOG CLASS ARGUMENT...: a command that must succeed
  local log=$dir/logs/$1.log
  shift
  "${java[@]}" -Xmx256m "$@" </dev/null >>"$log" 2>&1 || die "$* failed: $(tail -5 "$log")"
}
[ "$kerberos" = no ] || . "$here/kdc.sh"
if [ ! -f "$dir/data/formatted" ]; then
  mkdir -p "$dir/data/edits"
  once format "$daemon.namenode.NameNode" $([ "$ha" = no ] || echo -Ddfs.ha.namenode.id=nn1) -format -force -nonInteractive
  [ "$ha" = no ] || cp -r "$dir/data/nn" "$dir/data/nn2"
  touch "$dir/data/formatted"
fi
if [ "$ha" = no ]; then
  start nn 256 "$daemon.namenode.NameNode"
else
  start nn1 256 "$daemon.namenode.NameNode" -Ddfs.ha.namenode.id=nn1
  start nn2 256 "$daemon.namenode.NameNode" -Ddfs.ha.namenode.id=nn2 "-Ddfs.namenode.name.dir=file://$dir/data/nn2"
fi
for i in $(seq "$datanodes"); do # compiled as in production: benchmarks run beside them
  p=$((port + 7 + 3 * i))
  start "dn$i" 128 -XX:TieredStopAtLevel=4 "$daemon.datanode.DataNode" \
    "-Ddfs.datanode.data.dir=file://$dir/data/dn$i" "-Ddfs.datanode.address=127.0.0.1:$p" \
    "-Ddfs.datanode.ipc.address=127.0.0.1:$((p + 1))" "-Ddfs.datanode.http.address=127.0.0.1:$((p + 2))"
done
[ "$nodemanagers" = 0 ] || start_yarn
[ "$router" = no ] || . "$here/router.sh"

jmx() { curl -s -m 5 "http://127.0.0.1:$1/jmx?qry=Hadoop:service=$2,name=$3" 2>/dev/null; }
state() { jmx "$(http "$1")" NameNode NameNodeStatus | sed -n 's/.*"State" : "\([a-z]*\)".*/\1/p'; }
activate() { # one of two NameNodes, when both are there
  local states
  states="$(state 1) $(state 2)"
  case $states in
  'standby standby')
    [ "$kerberos" = no ] || export KRB5CCNAME=FILE:$krb/alice.cache
    once activate org.apache.hadoop.hdfs.tools.DFSHAAdmin -ns leat -transitionToActive nn1 ;;
  ' '* | *' ') return 1 ;;
  esac
}
healthy() { # the NameNode takes a while to notice that a DataNode died, so the DataNodes are asked too
  local active=1
  [ "$ha" = no ] || activate || return 1
  [ "$ha" = no ] || [ "$(state 1)" = active ] || active=2
  jmx "$(http $active)" NameNode NameNodeInfo | grep -q '"Safemode" : ""' &&
    [ "$(jmx "$(http $active)" NameNode FSNamesystem | sed -n 's/.*"NumLiveDataNodes" : \([0-9]*\).*/\1/p')" = "$datanodes" ] || return 1
  for i in $(seq "$datanodes"); do
    jmx $((port + 9 + 3 * i)) DataNode DataNodeInfo | grep -q 'ActorState[\\":]*RUNNING' || return 1
  done
  [ "$nodemanagers" = 0 ] || yarn_healthy || return 1
  [ "$router" = no ] || router_healthy
}
for _ in $(seq 600); do
  if healthy; then
    echo "export LEAT_HADOOP_DIR='$dir'"
    echo "export LEAT_TEST_HDFS='$fs'"
    echo "export HADOOP_CONF_DIR='$dir/conf' LEAT_HADOOP_JARS='$lib'"
    [ "$router" = no ] || echo "export LEAT_TEST_ROUTER='hdfs://localhost:$router_port'"
    [ "$nodemanagers" = 0 ] || echo "export LEAT_TEST_YARN='localhost:$((port + 40))'"
    [ "$kerberos" = no ] || echo "export LEAT_TEST_TOKEN_LIFE='${token_life}s'"
    [ "$kerberos" = no ] || echo "export KRB5_CONFIG='$krb/krb5.conf' KRB5CCNAME='FILE:$krb/alice.cache'"
    exit 0
  fi
  for f in "$dir"/run/*.pid; do
    name=$(basename "$f" .pid)
    alive "$name" || die "$name died; the end of $dir/logs/$name.log: $(tail -5 "$dir/logs/$name.log")"
  done
  sleep 0.2
done
die "not healthy after 120 s; see $dir/logs"
