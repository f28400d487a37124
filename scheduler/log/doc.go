// Package log is the seam between decisions and durable facts: an entry that Propose has returned an index for is applied on this
// member, and stays applied whatever happens to the process, as far as the form of log promises.
//
// The forms:
//
//   - Memory keeps nothing: one process that ends with its jobs.
//   - File keeps entries in files of one directory, synced one by one, with CRC32C and a tail that may be torn.
//   - raft (scheduler/log/raft) agrees with other members; it outlives the loss of a minority of them.
//   - mirror (scheduler/log/mirror) wraps any of these and also writes the facts among the entries to a file system, from where a
//     new generation is rebuilt when all members are lost.
//
// Promises that all of them keep, tested by logtest.Run: entries are applied in the order of their indexes, each once; when
// Propose returns an index the entry is durable and applied here; ErrNotLeader, ErrFull and ErrTooLarge mean that nothing was
// done; ErrUnknown means that the entry may be applied now, later or never, and whoever gets it must stop leading: it neither
// acts on the entry nor on its absence. A member leads only when it has applied everything that was proposed before its term.
//
// Entries are bytes here; what they mean is scheduler/job's affair. faultlog injects faults. Start reading at Log.
package log
