// Package faultfs wraps a file system and makes it fail on purpose, so that tests can see what their code does when a disk
// is full, a write is torn, an answer is lost or a server is slow.
//
// Rules are looked at in order for every operation, on the file system as well as on the files opened through it; the first
// one that matches acts. An operation that no rule matches goes through unchanged. Start reading at Rule.
package faultfs
