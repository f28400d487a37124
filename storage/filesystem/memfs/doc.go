// Package memfs is a file system in memory, for tests and the local cluster's own small files. It keeps every promise of
// package filesystem except to outlive the process. Importing it registers the scheme mem: "mem://name/path" is one file
// system for each name.
package memfs
