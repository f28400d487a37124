// Package hdfs brings the scheme hdfs to package filesystem, on github.com/colinmarc/hdfs/v2. Import it for its effect:
//
//	import _ "github.com/leatproject/leat/storage/filesystem/hdfs"
//
// "hdfs://host:port/x" is a NameNode, "hdfs://service/x" a name service of the Hadoop configuration with all its NameNodes,
// "hdfs:///x" whatever fs.defaultFS says. The configuration is read from HADOOP_CONF_DIR, else HADOOP_HOME/etc/hadoop or
// HADOOP_HOME/conf; filesystem.Options.Properties overrides it. XML includes and ${...} in values are not understood. The
// user is HADOOP_USER_NAME, else that of the process; with Kerberos it is the principal of the keytab named by the
// properties kerberos.keytab and kerberos.principal, else of the ticket cache (KRB5CCNAME).
//
// What the package adds to the library:
//
//   - Calls to the NameNode are retried for 15 s when the connection breaks, the NameNode is standby, starting or in safe
//     mode. When an answer was lost, Rename that finds its source gone and its target there has succeeded; Create that finds
//     the name taken is ErrBusy, because nobody knows by whom.
//   - A reader that fails reopens the file and goes on where it was, for as long.
//   - Closing a file waits up to 60 s for the NameNode to see enough replicas.
//   - Rename does not overwrite. The library always asks the NameNode to overwrite, so the connection clears that flag of
//     the request (see exclusiveRename) and the NameNode decides: this is exact. When Kerberos signs or encrypts RPC
//     (hadoop.rpc.protection integrity or privacy) the request cannot be touched; then a lock file ".name.renaming" is
//     created, the target looked at, and the rename done. What remains there: a program other than Leat, or a Create of the
//     target, between look and rename; a holder of the lock that is suspended there for more than 60 s, after which the
//     lock counts as left over; and two processes that remove a left-over lock at the same moment.
//   - Erasure-coded and encrypted files and directories are refused: the library would write files nobody can read.
//   - There is one connection for a process and name service, closed when it has not been used for a minute, because the
//     library renews its lease every second.
//
// What it cannot add: a DataNode that fails while a file is written fails the file (write it again); nothing is durable
// before Close; there are no delegation tokens; data transfer protection "integrity", and "privacy" without AES, cannot be
// read reliably; each failed file leaves a blocked goroutine behind. A call to a NameNode that hangs is given up after
// 60 s; until then the context does not interrupt it.
//
// Start reading at fileSystem, then client.
package hdfs
