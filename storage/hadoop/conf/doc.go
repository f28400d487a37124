// Package conf reads Hadoop's site files: core-site.xml, hdfs-site.xml and yarn-site.xml of HADOOP_CONF_DIR, else of
// YARN_CONF_DIR, HADOOP_HOME/etc/hadoop or HADOOP_HOME/conf.
//
// It does what Hadoop's Configuration does: a later file overrides an earlier one but not a property that is final there;
// xi:include takes another file in, with its fallback; ${name} in a value stands for another property, user.name, user.home,
// user.dir or java.io.tmpdir, and ${env.NAME}, ${env.NAME-default} and ${env.NAME:-default} for the environment. What is
// unknown stays as it is written. Defaults are not built in: whoever asks for a property says what it is without.
//
// NameNodes finds the servers of a name service, ResourceManagers those of YARN. Mount tables on the client's side (viewfs) are
// refused by name; name services of a router (federation) are like any other with several NameNodes.
package conf
