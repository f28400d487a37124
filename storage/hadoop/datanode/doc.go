// Package datanode secures connections to DataNodes of HDFS.
//
// A Dialer makes connections for a client that knows nothing of it: the first bytes that are written must be the request to
// read or write a block. Its token is looked at, the handshake of Hadoop's data transfer is done with it (DIGEST-MD5, then AES
// in counter mode if the DataNode has it), and only then the request follows. Which protection is asked for is
// dfs.data.transfer.protection; with dfs.encrypt.data.transfer the NameNode's data encryption key takes the place of the
// token. As in Hadoop, a DataNode on a port below 1024 is trusted unless data is to be encrypted.
package datanode
