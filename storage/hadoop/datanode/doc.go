// Package datanode reads and writes blocks at DataNodes of HDFS, by Hadoop's data transfer protocol.
//
// A Client reads a range of a replica (BlockReader) and writes a block to a chain of DataNodes (Pipeline), one block and one
// connection at a time; what to do when one fails is decided by who knows the NameNode: package storage/filesystem/hdfs. All that
// is read has been compared with its checksums. Connections on which a range was read to its end are used again.
//
// A Dialer secures connections below that: the first bytes that are written must be a request. Its token is looked at, the
// handshake of Hadoop's data transfer is done with it (DIGEST-MD5, then AES in counter mode if the DataNode has it), and only
// then the request follows. Which protection is asked for is dfs.data.transfer.protection; with dfs.encrypt.data.transfer the
// NameNode's data encryption key takes the place of the token. As in Hadoop, a DataNode on a port below 1024 is trusted unless
// data is to be encrypted.
//
// Start reading at Client.
package datanode
