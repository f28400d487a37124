// Package messages is the JSON of the REST API, shared by its server (package rest) and its Go client (client/rest). Names and
// shapes are Flink's; fields of our own are marked. Times are milliseconds since the epoch, durations milliseconds, sizes bytes;
// -1 stands for "not yet" as it does in Flink.
package messages
