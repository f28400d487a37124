# Part of up.sh: a Router of federated NameNodes (of which there is one) on the ports from $port + 2 on. It sees a new mount point or
# NameNode after a second, not a minute.
router_port=$((port + 2)) router_lib=$(jars hadoop-router "$(version router)")
router=(-cp "$dir/router:$router_lib:$router_lib/*")
mkdir -p "$dir/router" "$dir/data/router"
cp "$dir/conf/core-site.xml" "$dir/conf/log4j.properties" "$dir/router"
site ../router/hdfs-site.xml dfs.nameservices leat \
  dfs.namenode.rpc-address.leat "localhost:$(rpc 1)" dfs.namenode.http-address.leat "localhost:$(http 1)"
site ../router/hdfs-rbf-site.xml \
  dfs.federation.router.rpc-address "localhost:$router_port" \
  dfs.federation.router.http-address "localhost:$((router_port + 1))" \
  dfs.federation.router.admin-address "localhost:$((router_port + 2))" \
  dfs.federation.router.default.nameserviceId leat \
  dfs.federation.router.monitor.localnamenode.enable false \
  dfs.federation.router.monitor.namenode leat \
  dfs.federation.router.safemode.enable false \
  dfs.federation.router.cache.ttl 1s \
  dfs.federation.router.store.driver.class org.apache.hadoop.hdfs.server.federation.store.driver.impl.StateStoreFileImpl \
  dfs.federation.router.store.driver.file.directory "$dir/data/router"
start router 192 "${router[@]}" "$daemon.federation.router.DFSRouter"

router_healthy() {
  local state
  state=$(jmx $((router_port + 1)) Router FederationState)
  grep -q '"NumNamenodes" : 1' <<<"$state" || return 1
  if [ ! -f "$dir/data/mounted" ]; then
    once mount "${router[@]}" org.apache.hadoop.hdfs.tools.federation.RouterAdmin -add /mounted leat /data
    touch "$dir/data/mounted"
  fi
  grep -q '/mounted' <<<"$state"
}
