// Package spill is what bounded jobs do when memory is not enough: sort, queue and partition any number of rows within a
// byte budget, with the rest on local disk.
//
// A task has one [Memory], its budget; a process has one [Dir], its place for files. On them stand
//
//   - [Sorter]: external merge sort by an 8-byte normalised prefix, a comparison, the timestamp and the order of arrival.
//     With the key hash as prefix it groups rows by key, and [Iterator.Peek] and [Iterator.Take] merge two such inputs.
//   - [Queue]: batches first in, first out, for an input that has to wait for another.
//   - [Pages]: bytes by number, read in any order.
//   - [Partitions]: rows split by bits of their key hash, level by level, for hash aggregations and hash joins.
//
// Promises:
//
//   - One goroutine, the task's, owns a Memory and everything registered with it; nothing here starts goroutines. A Dir
//     may be shared.
//   - When the budget runs out, the consumer that can free most is spilled. A batch that exceeds the budget alone is still
//     taken and spilled at once: small budgets cost time, not correctness.
//   - The result depends on the input alone: not on the budget, on what was spilled when, or on the directories.
//   - A frame that is damaged on disk is noticed by its checksum. Errors are [Error]: they say which directory or file,
//     where in it, and what to do, and carry a [Kind] for callers that know the configuration's keys.
//   - Close removes files at once, whatever happened before. What a killed process leaves behind is removed by the next
//     [OpenDir] on the same directory.
//
// Begin reading at sorter.go; frame.go has the file format.
package spill
