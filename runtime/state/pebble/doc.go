// Package pebble is the place for state that does not fit into memory: a state.Store in files on the local disk. Importing it makes
// the backends "pebble" and "rocksdb" known. It is a log-structured merge tree as they are, made for what keyed state does: many
// look-ups of single keys at a time, whose keys begin with a hash, and as many writes, by one goroutine.
//
// Records are written in runs, files of pages in the order of their keys, which are never changed. Young runs, the newest first, have
// Bloom filters; below them lies the base, cut into segments of disjoint ranges, without. Where each page begins is in memory, so that
// a look-up reads one page as a rule, from the page cache of the operating system if it is there: there is no cache of blocks beside
// it. A background goroutine merges runs of similar size, and all of them with the base, segment by segment, once they are a part of
// it (merge.go, compaction.go).
//
// Nothing is synced and nothing survives the process: what counts is in checkpoints, and a worker that begins anew begins with an
// empty directory.
//
// Start reading at Open.
package pebble
