// Package ipctest is a server of Hadoop's RPC for tests: a NameNode of a few lines that can misbehave.
//
// A Server answers each call by its Handle, logs clients in by SIMPLE or DIGEST-MD5 with any protection, and is reached by
// Dial, in memory. An Answer may be an exception, bytes that are no answer, or the end of the connection.
package ipctest
