#!/usr/bin/env bash
# Starts a real Apache Kafka (KRaft) on loopback for integration tests and prints shell exports:
#
#   eval "$(scripts/kafka/up.sh)"; go test ./integration/kafka/...; scripts/kafka/down.sh
#
#   --dir DIR     state: configuration, data, logs, pids   (default $LEAT_TEST_KAFKA_DIR, else a directory in $TMPDIR)
#   --brokers N   1 to 3; topics have N replicas           (default: as before in this directory, else 1)
#   --port P      first of 14 ports                        (default: as before in this directory, else 18600)
#   --secured yes listeners besides, on which who is not known may do nothing: one with TLS for those who have a certificate, one
#                 with TLS and any SASL mechanism. DIR has what clients need: tls (rest-ca.pem, client.pem), conf/password (of
#                 alice, PLAIN and SCRAM), krb5 (of a KDC of its own). OAUTHBEARER takes tokens that nobody has signed
#
# Running it again starts only what is not running. A broker takes about 0.4 GiB of memory. Linux only; for tests only. The jars
# come by Maven and are kept in ${XDG_CACHE_HOME:-~/.cache}/leat. Exit code 77: Java 17 or Maven is missing, or MIT's KDC.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${LEAT_TEST_KAFKA_DIR:-${TMPDIR:-/tmp}/leat-kafka-$(id -u)} brokers='' port='' secured=''
say() { echo "up.sh: $*" >&2; }
die() { say "$@"; exit 1; }
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || die "$1 needs a value; see the head of this script"
  case $1 in
  --dir) dir=$2 ;;
  --brokers) brokers=$2 ;;
  --port) port=$2 ;;
  --secured) secured=$2 ;;
  *) die "unknown option $1; see the head of this script" ;;
  esac
  shift 2
done

PATH=$PATH:/usr/sbin # of the KDC
java_version() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }
missing() {
  [ "$(java_version 2>/dev/null || echo 0)" -ge 17 ] 2>/dev/null || echo openjdk-17-jdk-headless
  command -v mvn >/dev/null || echo maven
  [ "$secured" != yes ] || command -v openssl >/dev/null || echo openssl
  [ "$secured" != yes ] || command -v krb5kdc kadmin.local kdb5_util kinit >/dev/null || echo krb5-kdc krb5-admin-server krb5-user
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
[ ! -f "$dir/settings" ] || read -r old_brokers old_port old_secured <"$dir/settings"
brokers=${brokers:-${old_brokers:-1}} port=${port:-${old_port:-18600}} secured=${secured:-${old_secured:-no}}
[ "$brokers" -ge 1 ] && [ "$brokers" -le 3 ] || die "--brokers must be 1 to 3"
[ "$brokers $port $secured" = "${old_brokers:-$brokers} ${old_port:-$port} ${old_secured:-$secured}" ] ||
  die "$dir belongs to a cluster of $old_brokers brokers from port $old_port on, secured $old_secured; take another --dir"
echo "$brokers $port $secured" >"$dir/settings"
listener() { echo $((port + 2 * $1 - 2)); } # and the controller's after it; those that are secured are 6 and 7 behind

lib=${XDG_CACHE_HOME:-$HOME/.cache}/leat/kafka-$(sed -n 's/.*<kafka.version>\(.*\)<.*/\1/p' "$here/pom.xml")
mkdir -p "$lib"
(
  flock 8
  [ ! -f "$lib/.complete" ] || exit 0
  say "jars to $lib"
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$lib" >&2
  touch "$lib/.complete"
) 8>"$lib/.lock"

cat >"$dir/conf/log4j2.xml" <<'X'
<Configuration status="error">
  <Appenders><Console name="c"><PatternLayout pattern="%d %p %c{1}: %m%n"/></Console></Appenders>
  <Loggers><Logger name="kafka.server.KafkaRaftServer" level="info"/><Root level="warn"><AppenderRef ref="c"/></Root></Loggers>
</Configuration>
X
java=(java "-Dleat.kafka.dir=$dir" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss512k
  "-Dlog4j2.configurationFile=$dir/conf/log4j2.xml" -cp "$lib/*")
[ "$secured" = no ] || java+=("-Djava.security.krb5.conf=$dir/krb5/krb5.conf")
[ -f "$dir/conf/cluster" ] || head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c1-22 >"$dir/conf/cluster"
voters='' servers='' tls='' sasl=''
for i in $(seq "$brokers"); do
  voters+=${voters:+,}$i@localhost:$(($(listener "$i") + 1))
  servers+=${servers:+,}localhost:$(listener "$i")
  tls+=${tls:+,}localhost:$(($(listener "$i") + 6))
  sasl+=${sasl:+,}localhost:$(($(listener "$i") + 7))
done
in_sync=$((brokers > 1 ? 2 : 1))

alive() { # NAME: the process of the pid file, unless its number now belongs to another
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -e "-Dleat.kafka.dir=$dir" -e "$dir/run/kdc"
}
launch() { # NAME COMMAND...
  local name=$1
  shift
  alive "$name" && return
  say "start $name"
  : >"$dir/logs/$name.log"
  setsid "$@" </dev/null >>"$dir/logs/$name.log" 2>&1 9>&- &
  echo $! >"$dir/run/$name.pid"
}
scram=() formats=()
[ "$secured" = no ] || . "$here/secured.sh"
for i in $(seq "$brokers"); do
  conf=$dir/conf/broker-$i.properties
  listeners=PLAINTEXT://localhost:$(listener "$i")
  [ "$secured" = no ] || listeners+=,SSL://localhost:$(($(listener "$i") + 6)),SASL_SSL://localhost:$(($(listener "$i") + 7))
  printf '%s\n' process.roles=broker,controller "node.id=$i" "controller.quorum.voters=$voters" \
    "listeners=$listeners,CONTROLLER://localhost:$(($(listener "$i") + 1))" "advertised.listeners=$listeners" \
    listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL \
    controller.listener.names=CONTROLLER "log.dirs=$dir/data/broker-$i" num.partitions=4 "default.replication.factor=$brokers" \
    "min.insync.replicas=$in_sync" "offsets.topic.replication.factor=$brokers" offsets.topic.num.partitions=4 \
    "transaction.state.log.replication.factor=$brokers" "transaction.state.log.min.isr=$in_sync" transaction.state.log.num.partitions=4 \
    "share.coordinator.state.topic.replication.factor=$brokers" "share.coordinator.state.topic.min.isr=$in_sync" \
    transaction.abort.timed.out.transaction.cleanup.interval.ms=1000 group.initial.rebalance.delay.ms=0 \
    broker.session.timeout.ms=4000 broker.heartbeat.interval.ms=500 \
    auto.create.topics.enable=false >"$conf"
  [ "$secured" = no ] || cat "$dir/conf/secured.properties" >>"$conf"
  [ -f "$dir/data/broker-$i/meta.properties" ] || "${java[@]}" kafka.tools.StorageTool format -t "$(cat "$dir/conf/cluster")" -c "$conf" \
    ${scram[@]+"${scram[@]}"} </dev/null >>"$dir/logs/format.log" 2>&1 9>&- &
  formats+=($!)
done
wait "${formats[@]}" || true
for i in $(seq "$brokers"); do
  [ -f "$dir/data/broker-$i/meta.properties" ] || die "formatting failed: $(tail -5 "$dir/logs/format.log")"
  launch "broker-$i" "${java[@]}" kafka.Kafka "$dir/conf/broker-$i.properties"
done
for i in $(seq "$brokers"); do
  for try in $(seq 600); do
    ! grep -q 'Kafka Server started' "$dir/logs/broker-$i.log" || break
    alive "broker-$i" || die "broker $i has ended: $(tail -5 "$dir/logs/broker-$i.log")"
    [ "$try" -lt 600 ] || die "broker $i is not ready after two minutes: $(tail -5 "$dir/logs/broker-$i.log")"
    sleep 0.2
  done
done
echo "export LEAT_TEST_KAFKA=$servers"
echo "export LEAT_TEST_KAFKA_DIR=$dir"
[ "$secured" = no ] || echo "export LEAT_TEST_KAFKA_SSL=$tls LEAT_TEST_KAFKA_SASL_SSL=$sasl"
