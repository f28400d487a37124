// Package rest is the Go client of the JobManager's REST API: the command line uses it, and programs that run on a cluster
// submit their jobs by it.
//
// A Client knows one or more members of a cluster and asks the first that answers; members that do not lead redirect it.
// Answers are the types of package scheduler/rest/messages. An answer that is no success is an *Error; ErrUnreachable says that
// nobody answered.
//
// Start reading at Client.
package rest
