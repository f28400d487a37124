// Package wire is the part of Hadoop's protobuf schema that Leat speaks: RPC headers, tokens, calls of the NameNode, and
// what is said to DataNodes.
//
// The messages have names of their own: Hadoop's names are registered by github.com/colinmarc/hdfs/v2, and a second
// registration of a name ends the process at its start. Names of messages never travel; numbers and types of fields do, and
// they are those of Hadoop 3.
package wire

//go:generate protoc -I ../../.. --go_out=../../.. --go_opt=paths=source_relative storage/hadoop/wire/rpc.proto storage/hadoop/wire/security.proto storage/hadoop/wire/hdfs.proto storage/hadoop/wire/transfer.proto
