# Part of up.sh: a ResourceManager and $nodemanagers NodeManagers of 4 GB each, on the ports from $port + 40 on. What they do in
# production by default or late they do here and soon: memory is checked every second, virtual memory too, a node that has been
# silent for 20 s is dead, an ApplicationMaster after a minute, a ResourceManager that has restarted is found after a second, and a
# queue is given what it is entitled to within seconds. Only alice, and who runs all this, may use the queue "closed". Nodes may be given
# the label "fast", which the queues "etl" and "closed" have no access to.
rm_port() { echo $((port + 35 + 5 * $1)); } # the first of five of a ResourceManager
yarn=(
  yarn.resourcemanager.hostname localhost
  yarn.resourcemanager.scheduler.class org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler
  yarn.resourcemanager.recovery.enabled true
  yarn.resourcemanager.store.class org.apache.hadoop.yarn.server.resourcemanager.recovery.FileSystemRMStateStore
  yarn.resourcemanager.fs.state-store.uri "file://$dir/data/rm"
  yarn.resourcemanager.work-preserving-recovery.scheduling-wait-ms 1000
  yarn.resourcemanager.am.max-attempts 4
  yarn.cluster.max-application-priority 10
  yarn.resourcemanager.application-timeouts.monitor.interval-ms 1000
  yarn.am.liveness-monitor.expiry-interval-ms 60000
  yarn.nm.liveness-monitor.expiry-interval-ms 20000
  yarn.resourcemanager.connect.retry-interval.ms 1000
  yarn.scheduler.minimum-allocation-mb 128
  yarn.scheduler.maximum-allocation-mb 4096
  yarn.nodemanager.resource.memory-mb 4096
  yarn.nodemanager.resource.cpu-vcores 8
  yarn.nodemanager.resource.memory.enforced false
  yarn.nodemanager.container-monitor.interval-ms 1000
  yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage 99.5
  yarn.resourcemanager.scheduler.monitor.enable true
  yarn.resourcemanager.monitor.capacity.preemption.monitoring_interval 1000
  yarn.resourcemanager.monitor.capacity.preemption.max_wait_before_kill 2000
  yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round 1.0
  yarn.resourcemanager.monitor.capacity.preemption.natural_termination_factor 1.0
  yarn.node-labels.enabled true
  yarn.node-labels.fs-store.root-dir "file://$dir/data/labels"
  yarn.nodemanager.recovery.enabled true
  yarn.nodemanager.recovery.supervised true
  yarn.nodemanager.remote-app-log-dir /tmp/logs
  yarn.log-aggregation-enable true
  yarn.acl.enable true
  yarn.admin.acl alice
  yarn.timeline-service.enabled false)
for i in $(seq "$resourcemanagers"); do
  suffix=.rm$i p=$(rm_port "$i")
  [ "$resourcemanagers" -gt 1 ] || suffix=
  yarn+=("yarn.resourcemanager.address$suffix" "localhost:$p" "yarn.resourcemanager.scheduler.address$suffix" "localhost:$((p + 1))"
    "yarn.resourcemanager.resource-tracker.address$suffix" "localhost:$((p + 2))" "yarn.resourcemanager.admin.address$suffix" "localhost:$((p + 3))"
    "yarn.resourcemanager.webapp.address$suffix" "localhost:$((p + 4))")
done
[ "$resourcemanagers" = 1 ] || yarn+=(yarn.resourcemanager.ha.enabled true yarn.resourcemanager.ha.rm-ids rm1,rm2 yarn.resourcemanager.cluster-id leat
  yarn.resourcemanager.ha.automatic-failover.enabled false)
if [ "$kerberos" = yes ]; then
  for kind in resourcemanager nodemanager; do
    yarn+=("yarn.$kind.principal" "yarn/_HOST@$realm" "yarn.$kind.keytab" "$krb/hdfs.keytab")
  done
  # Where tokens end soon, the ResourceManager gets others for nodes that start containers late.
  [ "$token_life" -ge 3600 ] || yarn+=(yarn.resourcemanager.proxy-user-privileges.enabled true)
  # Containers find the KDC; and collecting logs needs a native library that Maven does not have.
  yarn+=(yarn.nodemanager.admin-env "KRB5_CONFIG=$krb/krb5.conf" yarn.log-aggregation-enable false)
fi
site yarn-site.xml "${yarn[@]}"
queue=yarn.scheduler.capacity
site capacity-scheduler.xml $queue.root.queues default,etl,closed $queue.root.default.capacity 60 $queue.root.default.maximum-capacity 100 \
  $queue.root.etl.capacity 40 $queue.root.etl.maximum-capacity 100 \
  $queue.root.closed.capacity 0 $queue.root.acl_submit_applications " " $queue.root.acl_administer_queue " " \
  $queue.root.default.acl_submit_applications "*" $queue.root.etl.acl_submit_applications "*" $queue.maximum-am-resource-percent 0.8 \
  $queue.root.accessible-node-labels "*" $queue.root.accessible-node-labels.fast.capacity 100 \
  $queue.root.default.accessible-node-labels "*" $queue.root.default.accessible-node-labels.fast.capacity 100 \
  $queue.root.etl.accessible-node-labels " " $queue.root.closed.accessible-node-labels " " \
  $queue.root.default.user-limit-factor 10 $queue.root.etl.user-limit-factor 10 \
  $queue.resource-calculator org.apache.hadoop.yarn.util.resource.DominantResourceCalculator

start_yarn() {
  java+=("-Dyarn.log.dir=$dir/logs")
  local i p class=org.apache.hadoop.yarn.server
  if [ "$resourcemanagers" = 1 ]; then
    start rm 256 $class.resourcemanager.ResourceManager
  else
    for i in 1 2; do # the proxy of each must know which one it is, and reads files alone
      mkdir -p "$dir/conf/rm$i"
      sed "s|</configuration>|<property><name>yarn.resourcemanager.ha.id</name><value>rm$i</value></property>&|" "$dir/conf/yarn-site.xml" >"$dir/conf/rm$i/yarn-site.xml"
      start rm$i 256 -cp "$dir/conf/rm$i:$dir/conf:$lib:$lib/*" $class.resourcemanager.ResourceManager
    done
  fi
  for i in $(seq "$nodemanagers"); do
    p=$((port + 50 + 3 * i))
    start "nm$i" 160 $class.nodemanager.NodeManager -Dyarn.nodemanager.hostname=localhost "-Dyarn.nodemanager.address=localhost:$p" \
      "-Dyarn.nodemanager.localizer.address=localhost:$((p + 1))" "-Dyarn.nodemanager.webapp.address=localhost:$((p + 2))" \
      "-Dyarn.nodemanager.local-dirs=$dir/data/nm$i/local" "-Dyarn.nodemanager.log-dirs=$dir/logs/nm$i" \
      "-Dyarn.nodemanager.recovery.dir=$dir/data/nm$i/recovery"
  done
}
of_rm() { curl -s -m 5 "http://localhost:$(($(rm_port "$1") + 4))/ws/v1/cluster/$2" | sed -n "s/.*\"$3\":\"*\([A-Za-z0-9]*\).*/\1/p"; }
yarn_healthy() {
  local active=1
  if [ "$resourcemanagers" = 2 ]; then
    local first second
    first=$(of_rm 1 info haState) second=$(of_rm 2 info haState)
    [ "$second" != ACTIVE ] || active=2
    case "$first $second" in
    *ACTIVE*) ;;
    STANDBY*) activate_rm 1 ;;
    *STANDBY) activate_rm 2; active=2 ;;
    *) return 1 ;;
    esac
    [ -n "$first" ] && [ -n "$second" ] || return 1
  fi
  [ "$(of_rm $active metrics activeNodes)" = "$nodemanagers" ]
}
activate_rm() {
  [ "$kerberos" = no ] || export KRB5CCNAME=FILE:$krb/alice.cache
  once activate org.apache.hadoop.yarn.client.cli.RMAdminCLI -transitionToActive --forceactive "rm$1"
}
