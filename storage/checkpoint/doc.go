// Package checkpoint keeps the state of jobs: checkpoints and savepoints on a file system.
//
// Layout, as Flink's, below one directory of a job:
//
//	chk-<id>/_metadata    a checkpoint: what it consists of
//	shared/<name>         state files, which later checkpoints may refer to as well
//	taskowned/            is left to what tasks keep by themselves
//
// A savepoint is one directory with _metadata and its state files, and can be moved.
//
// A state file holds blocks of many sub-tasks, one after the other, each with its checksum, compressed or not. It is written by
// one worker for one checkpoint and complete when Close has returned nil; a Handle names a block. Among the blocks are
// indexes: an Index lists the blocks of one operator sub-task's state, so that metadata stays small: it holds the handles of
// indexes only, oldest first where a state was saved in increments.
//
// A checkpoint exists when its metadata is durable, which is created without overwriting, and the log of the cluster has
// accepted it; what refers to no checkpoint is swept. Metadata and indexes are protobuf and carry the version of their
// format; bytes that were damaged or cut off are an error that names the file and wraps ErrCorrupt.
//
// Who writes state files may keep copies of them on the machine (Copies), for whoever reads them next there.
//
// Start reading at Writer and Store.
package checkpoint

//go:generate protoc --go_out=. --go_opt=paths=source_relative metadata.proto
