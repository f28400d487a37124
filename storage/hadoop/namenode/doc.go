// Package namenode calls NameNodes of HDFS by Hadoop's RPC: renames that do not overwrite, files and their blocks,
// delegation tokens, and whatever else in its encoded form.
//
// Connect makes a client of a Hadoop configuration: addresses of the name service, who to log in as, how the connection is
// protected. A delegation token of HADOOP_TOKEN_FILE_LOCATION is taken before a Kerberos ticket, as Hadoop does.
package namenode
