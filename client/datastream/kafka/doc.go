// Package kafka reads and writes topics of Apache Kafka in DataStream programs; storage/connector/kafka does it, and says what
// is promised. Programs that do not import it link no Kafka.
//
// Read is exactly-once with checkpoints, whatever the group's offsets are: positions are in the checkpoints. Each partition has
// its own watermark, so that a strategy with idleness goes on while partitions are silent; timestamps are those of the records
// unless the strategy says otherwise. Write is at-least-once unless it is told; exactly-once needs checkpoints
// (execution.checkpointing.interval), whose interval is then how long readers wait, and a TransactionalIDPrefix.
//
// Start reading at Read and Write.
package kafka
