// Package hashtable gives the keys of a batch dense numbers: the groups of an aggregation, the slots of keyed state.
//
// A Table maps keys to ids, uint32 numbers from 0 to Cap()-1, so that whatever belongs to a key (accumulators, state, timers) is a
// plain slice indexed by id. It works on whole batches: hash all keys (column.Hasher), look all of them up, then one loop for each
// accumulator. The tables hold no pointers, so that ten million keys cost the garbage collector nothing.
//
//	table, err := hashtable.New[string](1024)
//	hash, err := column.Hasher[string]()
//	hash(keys, hashes)
//	table.Lookup(keys, hashes, ids)
//	for len(sums) < table.Cap() { sums = append(sums, 0) }
//	for i, id := range ids { sums[id] += values[i] }
//
// Two implementations lie behind it, both with open addressing, linear probing, at most 0.7 load and deletion by moving later
// entries back, so that nothing remains of a deleted key. Integers, bools and floats lie in 16-byte slots themselves (words.go).
// Strings, and all other types as the canonical bytes of their codec, lie in an arena, which 8-byte slots point to (texts.go).
// Slots are found by the low bits of the hash, since the top bits already chose the partition and the key group. Growth reads only
// slots, never keys.
//
// A batch is probed in blocks, in two steps: a loop without branches tries the home slot of every key, so that its cache misses
// overlap, then the few keys that were not there are probed on, and inserted, one by one.
//
// Start reading at table.go.
package hashtable
