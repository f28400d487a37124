// Package hdfs brings the scheme hdfs to package filesystem. Import it for its effect:
//
//	import _ "github.com/leatproject/leat/storage/filesystem/hdfs"
//
// "hdfs://host:port/x" is a NameNode, "hdfs://service/x" a name service of the Hadoop configuration with all its NameNodes
// or routers, "hdfs:///x" whatever fs.defaultFS says. Package storage/hadoop/conf reads the configuration;
// filesystem.Options.Properties overrides it. The user is HADOOP_USER_NAME, else that of the process. On a secured cluster it
// is the owner of the delegation token in HADOOP_TOKEN_FILE_LOCATION, else the principal of the keytab named by the
// properties kerberos.keytab and kerberos.principal, else that of the ticket cache (kerberos.cache or KRB5CCNAME).
//
// What is said to NameNodes goes over our own storage/hadoop/namenode: tokens, Kerberos with every protection, fail-over,
// retries under the id of the first try. Calls are tried for a minute, for 3 s if no NameNode has answered before; what is starting
// or in safe mode is waited for up to 30 s. Stat, List, Remove and MkdirAll are those of github.com/colinmarc/hdfs/v2, each on
// a bridge to that client which lives as long as the operation; files are read and written by our own code on
// storage/hadoop/datanode, because the library's data transfer cannot be mended from outside. README.md has what was wrong, how
// it is handled, and which test shows it.
//
//   - A reader goes on at another DataNode, with new locations or a new token, for 30 s. ReadAt is concurrent.
//   - A writer goes on with the other DataNodes when one is lost, with a new one where too few are left, and has 80 packets of
//     64 KiB in flight: that is its memory. Close waits up to a minute for the NameNode to see the replicas.
//   - Sync (filesystem.Syncer) makes the block that is being written durable and readable; blocks that were full by then are
//     left to dfs.datanode.synconclose.
//   - Create and Rename never overwrite; the NameNode decides.
//   - Erasure-coded and encrypted files and directories are refused, and so are mount tables (viewfs).
//   - All files that a process writes are under one lease, renewed every 30 s as long as there are any.
//
// Start reading at fileSystem, then reader and locations, writer, blockStream and its recover.
package hdfs
