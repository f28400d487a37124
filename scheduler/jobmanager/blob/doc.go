// Package blob keeps what is too large for the log by its digest: programs, submissions, results of jobs.
//
// A blob is a file named by the hexadecimal SHA-256 of its content, in one folder of any storage.FileSystem: a local disk, or
// storage that all JobManagers share. It is visible whole or not at all, never changes, and storing it again does nothing.
// A file that is on each machine already can be lent instead. Nothing is removed but by Sweep, which is told what is still referred to.
//
// Start reading at Store.
package blob
