// Package chaos lets a job run while processes die, hang and are cut off the network, while disks are full and while Kafka and
// HDFS restart, at a seeded random pace, and compares what it has committed with what it should have: nothing lost, nothing twice,
// the order of each key kept, nothing left over.
//
// The job (folder pipeline) has keyed state, event-time windows and timers; its sinks commit with checkpoints. The cluster is
// three replicated JobManagers and three TaskManagers, as processes, in network namespaces and with small disks where those can
// be had. A fault is drawn when the job has completed a checkpoint since the last one, or now and then at once. When all are over
// the job goes on with what is left of its input, without a limit of its rate, and ends. With LEAT_TEST_KAFKA
// (scripts/kafka/up.sh) the events also come from a topic and the counts go to one in transactions, while brokers die as well.
// With -hdfs checkpoints, savepoints and files are on LEAT_TEST_HDFS (scripts/hadoop/up.sh), whose daemons die.
//
//	go test ./integration/chaos                                            a short run
//	go test ./integration/chaos -v -timeout 5h -args -faults 200 -seed 7   a long one
//
// A run prints each fault, what is left out, and the seed, which draws the same faults again.
package chaos
