// Package hdfs brings the scheme hdfs to package filesystem, on github.com/colinmarc/hdfs/v2 for files and on our own
// storage/hadoop for everything that is said to NameNodes. Import it for its effect:
//
//	import _ "github.com/leatproject/leat/storage/filesystem/hdfs"
//
// "hdfs://host:port/x" is a NameNode, "hdfs://service/x" a name service of the Hadoop configuration with all its NameNodes
// or routers, "hdfs:///x" whatever fs.defaultFS says. Package storage/hadoop/conf reads the configuration;
// filesystem.Options.Properties overrides it. The user is HADOOP_USER_NAME, else that of the process. On a secured cluster it
// is the owner of the delegation token in HADOOP_TOKEN_FILE_LOCATION, else the principal of the keytab named by the
// properties kerberos.keytab and kerberos.principal, else that of the ticket cache (kerberos.cache or KRB5CCNAME).
//
// What the package adds to the library:
//
//   - Calls to NameNodes go over a bridge to our own client: delegation tokens, Kerberos with every protection, fail-over
//     without delay, and retries under the id of the first try, so that a call whose answer was lost is not carried out twice.
//     They are tried for 15 s, for 3 s if no NameNode has answered before; while it is starting or in safe mode for 15 s too.
//   - Connections to DataNodes are secured by storage/hadoop/datanode: by block token or data encryption key, at every
//     protection. (The library reads "integrity", and "privacy" without AES, wrongly.)
//   - A reader that fails reopens the file and goes on where it was, for as long.
//   - Closing a file waits up to 60 s for the NameNode to see enough replicas.
//   - Rename does not overwrite; the NameNode decides.
//   - Erasure-coded and encrypted files and directories are refused: the library would write files nobody can read.
//   - There is one session for a process and name service, closed when it has not been used for a minute; its lease is
//     renewed every 20 s, not each second, and only if it has created a file.
//
// What it cannot add: a DataNode that fails while a file is written fails the file (write it again); nothing is durable
// before Close; each failed file leaves a blocked goroutine behind. A context does not interrupt a call to a NameNode before that has been given up.
//
// Start reading at fileSystem, then client and bridge.
package hdfs
