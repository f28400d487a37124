// Package state holds the keyed state of operators.
//
// A Backend gives each key of one operator sub-task a slot, for a whole batch in one access (Acquire). A state hangs on the
// backend's Slots and holds a value for each slot: Column for operators that compute on batches; Value, List, Map, Reducing
// and Aggregating for user functions, which see the current key's. States are declared before the first record, so a backend
// knows all that belongs to a key when it fetches it. Keyed is the backend "hashmap": everything in memory, in tables and
// chunks without pointers as long as keys and values have none.
//
// Types are checked when a state is declared: what column.CodecOf refuses cannot be state. Values are detached from their
// surroundings (column.Codec.Clone), so that a string that is kept does not keep the batch that it came in.
//
// The slots of a backend that counts (Slots.Count) know how many states and timers hold each key; a key that nothing holds
// is removed by Sweep. A key's group is the top bits of its hash, which the backend keeps; the codec of each state encodes
// its values.
//
// Snapshots. Every state is a section of its own: rows by number (slots, or a map's entries), each of one key. A section that
// follows its changes costs a look at a bit for each update. A snapshot begins in microseconds, by putting the bits of what
// has changed aside; the rows are copied by the task between its batches (Snapshot.Save), or at the moment before they
// change, and encoded by other goroutines, in blocks of one range of keys. A snapshot that was not confirmed is contained in
// the next. To restore, the blocks of the last full snapshot and of all later ones are applied in order, of each the keys of
// the range that the sub-task owns.
//
// All of it belongs to the task's goroutine.
//
// Start reading at Backend, then Value.
package state
