// Package kafka reads and writes topics of Apache Kafka, on github.com/twmb/franz-go. Brokers from Kafka 2.5 on will do;
// exactly-once needs 3.0.
//
// A Source has a split for each partition, whose position is the next offset; it discovers partitions periodically, starts
// and stops where Offsets say, and reads committed records only if isolation.level says so (it does unless told otherwise).
// The sub-tasks of a process share one client each, whatever the number of their partitions. What was read is in the job's
// checkpoints; with a group.id the offsets are committed to Kafka as well when a checkpoint is complete, for people to see.
//
// A Sink writes with a Guarantee. With ExactlyOnce each sub-task writes into one transaction from checkpoint to checkpoint:
// it is flushed at the barrier, and committed when the checkpoint is complete by whoever then holds its name, producer id and
// epoch, again and again after failures, until the broker has said that it is committed. A transaction that can not be
// committed any more is an error: records would be lost. What dead attempts have begun is aborted before new ones write.
//
// Both are configured by properties with Kafka's own names. Passwords and tokens are never logged nor part of errors.
//
// Start reading at Source and Sink; transaction.go has the protocol of exactly-once.
package kafka
