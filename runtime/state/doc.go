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
// Tiered is the backend of state that is larger than memory: the tables of a Keyed for the keys that were used last, in front
// of a Store that has a record of all state for each of the others. A batch's keys are fetched from there together, in order,
// and many keys are put away at a time. A key's state is fetched as a whole, so it must fit into memory. Timers are
// put away with their keys, and a calendar, in a Store too, tells when to fetch those (Slots.Wake). Package pebble is the Store on
// disk; New chooses.
//
// Snapshots. Every state is a section of its own: rows by number (slots, or a map's entries), each of one key. A section that
// follows its changes costs a look at a bit for each update. A snapshot begins in microseconds, by putting the bits of what
// has changed aside; the rows are copied by the task between its batches (Snapshot.Save), or at the moment before they
// change, and encoded by other goroutines, in blocks of one range of keys. A snapshot that was not confirmed is contained in
// the next. A backend also knows what has changed since the last base (SinceBase), a full snapshot or one that was declared to be
// one with those that it adds to: where the same keys change again and again that is little, and takes the place of all increments. To
// restore, the blocks of the last full snapshot, and of those after it that count, are applied in order, of each the keys of the range
// that the sub-task owns.
//
// A program may declare a state with another type than the one it was saved with: Migrate says what becomes of it.
//
// All of it belongs to the task's goroutine.
//
// Start reading at Backend, then Value.
package state
