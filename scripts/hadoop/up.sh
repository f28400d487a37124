#!/usr/bin/env bash
# Starts a real HDFS (NameNode, DataNodes) on loopback for integration tests and prints shell exports:
#
#   eval "$(scripts/hadoop/up.sh --datanodes 3)"; go test ./integration/hdfs/...; scripts/hadoop/down.sh
#
#   --dir DIR        state: configuration, data, logs, pids   (default $LEAT_HADOOP_DIR, else a directory in $TMPDIR)
#   --datanodes N    1 to 8; blocks have min(N, 3) replicas   (default: as before in this directory, else 1)
#   --port P         first of 40 ports                        (default: as before in this directory, else 18200)
#
# Running it again starts only what is not running. Linux only; insecure, for tests only. The jars come by Maven and are kept in
# ${XDG_CACHE_HOME:-~/.cache}/leat. Exit code 77: Java 17 or Maven is missing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${LEAT_HADOOP_DIR:-${TMPDIR:-/tmp}/leat-hadoop-$(id -u)} datanodes='' port=''
say() { echo "up.sh: $*" >&2; }
die() { say "$@"; exit 1; }
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "$1 needs a value; see the head of this script"
  case $1 in
  --dir) dir=$2 ;;
  --datanodes) datanodes=$2 ;;
  --port) port=$2 ;;
  *) die "unknown option $1; see the head of this script" ;;
  esac
  shift 2
done

java_version() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }
missing() {
  [ "$(java_version 2>/dev/null || echo 0)" -ge 17 ] 2>/dev/null || echo openjdk-17-jdk-headless
  command -v mvn >/dev/null || echo maven
  command -v curl >/dev/null || echo curl
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
[ ! -f "$dir/settings" ] || read -r old_datanodes old_port <"$dir/settings"
datanodes=${datanodes:-${old_datanodes:-1}} port=${port:-${old_port:-18200}}
[ "$datanodes" -ge 1 ] && [ "$datanodes" -le 8 ] || die "--datanodes must be 1 to 8"
[ "$port" = "${old_port:-$port}" ] || die "$dir belongs to a cluster on port $old_port; take another --dir"
echo "$datanodes $port" >"$dir/settings"
rpc=$port http=$((port + 1))

lib=${XDG_CACHE_HOME:-$HOME/.cache}/leat/hadoop-$(sed -n 's/.*<hadoop.version>\(.*\)<.*/\1/p' "$here/pom.xml")
mkdir -p "$lib"
(
  flock 8
  [ ! -f "$lib/.complete" ] || exit 0
  say "jars to $lib"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$lib" >&2
  # The published jar lacks the web pages that the daemons insist on; empty ones will do.
  for page in hdfs datanode; do
    mkdir -p "$lib/webapps/$page/WEB-INF"
    echo '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"/>' >"$lib/webapps/$page/WEB-INF/web.xml"
  done
  touch "$lib/.complete"
) 8>"$lib/.lock"

site() { # FILE NAME VALUE...
  local file=$1
  shift
  { echo '<configuration>'
    printf '  <property><name>%s</name><value>%s</value></property>\n' "$@"
    echo '</configuration>'; } >"$dir/conf/$file"
}
site core-site.xml \
  fs.defaultFS "hdfs://localhost:$rpc" \
  hadoop.tmp.dir "$dir/data/tmp" \
  hadoop.user.group.static.mapping.overrides "$(id -un)=users;alice=users;bob=users;dr.who=;"
site hdfs-site.xml \
  dfs.replication $((datanodes < 3 ? datanodes : 3)) \
  dfs.namenode.rpc-address "localhost:$rpc" \
  dfs.namenode.http-address "localhost:$http" \
  dfs.namenode.name.dir "file://$dir/data/nn" \
  dfs.namenode.safemode.extension 0 \
  dfs.namenode.safemode.min.datanodes 1 \
  dfs.namenode.datanode.registration.ip-hostname-check false \
  dfs.namenode.heartbeat.recheck-interval 2000 \
  dfs.namenode.fs-limits.min-block-size 65536 \
  dfs.heartbeat.interval 1 \
  dfs.blockreport.initialDelay 0 \
  dfs.datanode.hostname localhost
printf '%s\n' log4j.rootLogger=INFO,c log4j.appender.c=org.apache.log4j.ConsoleAppender log4j.appender.c.target=System.err \
  log4j.appender.c.layout=org.apache.log4j.PatternLayout 'log4j.appender.c.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n' \
  >"$dir/conf/log4j.properties"

java=(java "-Dleat.hadoop.dir=$dir" -XX:+UseSerialGC -Xss512k -XX:ReservedCodeCacheSize=96m -cp "$dir/conf:$lib:$lib/*")
for m in lang io net nio util util.concurrent; do java+=("--add-opens=java.base/java.$m=ALL-UNNAMED"); done
daemon=org.apache.hadoop.hdfs.server

alive() { # NAME: the process of the pid file, unless its number now belongs to another
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -e "-Dleat.hadoop.dir=$dir"
}
start() { # NAME MIB CLASS ARGUMENT...
  local name=$1 heap=$2
  shift 2
  alive "$name" && return
  say "start $name"
  setsid "${java[@]}" "-Xmx${heap}m" "$@" </dev/null >>"$dir/logs/$name.log" 2>&1 8>&- 9>&- &
  echo $! >"$dir/run/$name.pid"
}
if [ ! -f "$dir/data/formatted" ]; then
  "${java[@]}" -Xmx256m "$daemon.namenode.NameNode" -format -force -nonInteractive </dev/null >>"$dir/logs/format.log" 2>&1 ||
    die "format failed: $(tail -5 "$dir/logs/format.log")"
  touch "$dir/data/formatted"
fi
start nn 256 "$daemon.namenode.NameNode"
for i in $(seq "$datanodes"); do
  p=$((port + 7 + 3 * i))
  start "dn$i" 128 "$daemon.datanode.DataNode" \
    "-Ddfs.datanode.data.dir=file://$dir/data/dn$i" "-Ddfs.datanode.address=127.0.0.1:$p" \
    "-Ddfs.datanode.ipc.address=127.0.0.1:$((p + 1))" "-Ddfs.datanode.http.address=127.0.0.1:$((p + 2))"
done

jmx() { curl -s -m 5 "http://127.0.0.1:$1/jmx?qry=Hadoop:service=$2,name=$3" 2>/dev/null; }
healthy() { # the NameNode takes a while to notice that a DataNode died, so the DataNodes are asked too
  jmx "$http" NameNode NameNodeInfo | grep -q '"Safemode" : ""' &&
    [ "$(jmx "$http" NameNode FSNamesystem | sed -n 's/.*"NumLiveDataNodes" : \([0-9]*\).*/\1/p')" = "$datanodes" ] || return 1
  for i in $(seq "$datanodes"); do
    jmx $((port + 9 + 3 * i)) DataNode DataNodeInfo | grep -q 'ActorState[\\":]*RUNNING' || return 1
  done
}
for _ in $(seq 600); do
  if healthy; then
    echo "export LEAT_HADOOP_DIR='$dir'"
    echo "export LEAT_TEST_HDFS='hdfs://localhost:$rpc'"
    echo "export HADOOP_CONF_DIR='$dir/conf'"
    exit 0
  fi
  for f in "$dir"/run/*.pid; do
    name=$(basename "$f" .pid)
    alive "$name" || die "$name died; the end of $dir/logs/$name.log: $(tail -5 "$dir/logs/$name.log")"
  done
  sleep 0.2
done
die "not healthy after 120 s; see $dir/logs"
