// Package stateprocessor has jobs read checkpoints and savepoints: each state is a bounded stream (Flink's State Processor API, for reading).
//
//	env := datastream.NewEnvironment()
//	carts := stateprocessor.ReadLists[string, Item](env, "hdfs:///savepoints/savepoint-1a2b3c", "carts", "items")
//	datastream.Map(carts, ...)
//
// The sub-tasks that the operator had are read by different sub-tasks. What a program reads without a job is in package
// client/savepoint.
package stateprocessor
