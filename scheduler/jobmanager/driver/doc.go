// Package driver runs the main() of uploaded programs as processes beside the JobManager, which itself never runs the code of
// users.
//
// A driver is told by its environment which cluster to submit to, and says on a pipe what its jobs are (package client/status is
// its other end). It ends with the JobManager, on Linux also with one that is killed: then another one runs it again, and what its
// finished Executes came to is stored.
package driver
