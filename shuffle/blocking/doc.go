// Package blocking is the blocking exchange: producers write their whole output, consumers read it when all have finished.
//
// A Store holds the blocking outputs that one worker has produced, or those that it has adopted from other processes. A Stage of it is the output of one vertex along one
// edge; a Writer is one attempt of a producing task in it, and a shuffle.Sender to that task. Rows are spread over
// sub-partitions, for keyed edges the key groups in hash order, so that the consumers' parallelism is chosen afterwards:
// each reads a range of sub-partitions. A Reader is one such range; Serve sends it to another worker and Deliver to a task
// of this process.
//
// How rows lie: a Writer collects rows up to its share of the memory, then sorts them by sub-partition and encodes them as
// one segment, whose frames are those of package wire. Segments stay in memory until they pass half of MemoryBytes; then
// those of the biggest stage are merged, sub-partition by sub-partition, to one run at the end of one of the stage's files.
// So a range of sub-partitions is one piece in each run, however many tasks have written, and there is no buffer and no
// file for a channel. Persist writes what is in memory and appends to the stage's index what has finished, so that another
// process can Adopt it while this one goes on, and after it has died.
//
// Promises:
//
//   - Memory is about MemoryBytes for all writers and stages together, whatever the number of tasks and sub-partitions;
//     writers have no Room while it is passed. Readers hold ReadBuffers buffers at most, and none while they wait.
//   - A stage has at most FilesPerStage files and one index.
//   - What an attempt wrote before it failed is never read: readers name the attempts that they want.
//   - Damage and loss are a LostError, which names the attempts that must run again: the one whose frame is damaged, or all
//     of a run that cannot be read.
//   - What was finished when Persist was called outlives the process; with Options.Sync also the machine's crash.
//   - Order is kept between one writer and one sub-partition.
//
// Files is the seam for outputs on other file systems. Start reading at store.go, then writer.go, run.go and reader.go.
package blocking
