// Package filesystem is the seam between Leat and the places where files live.
//
// A FileSystem is a handful of whole-file operations: open, stat, list, create, rename, remove, make directories. What is
// built on it (sources, sinks, checkpoint storage) relies on these promises and on nothing else:
//
//   - Create and Rename never overwrite. Both are a compare-and-set on the name: of any number of callers exactly one wins,
//     the others get ErrExist.
//   - When Writer.Close or Rename returns nil, the result is durable.
//   - AtomicWriter makes a file visible whole or not at all: it writes under a hidden name and commits by rename.
//   - Commit is idempotent, so it may be repeated after a crash or a lost answer.
//   - Errors tell gone (ErrNotExist), there (ErrExist), denied (ErrPermission), full (ErrNoSpace) and busy (ErrBusy) apart
//     by errors.Is; they name operation and path.
//
// A path is "/x", "x" or "file:///x" for the local file system, which is always there, or "scheme://authority/x" for a
// scheme that an imported package has registered, such as storage/filesystem/hdfs. Paths are taken literally: they are not
// URL-encoded. For finds the file system of a path; Glob expands patterns and directories into files.
//
// memfs keeps files in memory, faultfs injects faults into any other file system, and fstest is the test suite that every
// implementation passes. Start reading at FileSystem, then AtomicWriter.
package filesystem
