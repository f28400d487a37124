package state

// Backend is the seam between operators and the place where the state of their keys lives, for one operator sub-task. Errors
// are those of that place: the job fails with them. Package statetest has its conformance tests and a twin that fails on
// purpose.
type Backend[K comparable] interface {
	// States returns what states are declared on.
	States() *Slots
	// Acquire writes the slot of each key to slots, making slots for new keys. The states hold a value for each of them when
	// it returns. hashes holds the hash of each key (column.Hasher).
	Acquire(keys []K, hashes []uint64, slots []uint32) error
	// Key returns the key of a slot; clone it to keep it.
	Key(slot uint32) K
	// Len is the number of keys in memory.
	Len() int
	// Each calls visit for every key, wherever it is, until visit returns an error. A slot is valid until visit returns.
	Each(visit func(slot uint32) error) error
	// Remove forgets a key and all its state.
	Remove(slot uint32)
	// Sweep removes the keys that nothing holds any more. Slots that Acquire returned are not valid afterwards.
	Sweep()
	// Sections describes what is saved.
	Sections() []Section
	// Follow makes the states note what changes, which a Snapshot needs. It is called before the first record.
	Follow()
	// Changed tells what snapshots would save now.
	Changed() Changed
	// Snapshot begins a snapshot of what there is now, and takes microseconds. The one before has been saved or abandoned.
	Snapshot(o SnapshotOptions) (*Snapshot, error)
	// Restore reads a block of a section, of which it keeps nothing. Any goroutine may call it, apply belongs to the task's: it
	// takes in the keys of a range, before the first record. Blocks are applied in the order in which they were handed out.
	Restore(section string, removed bool, block []byte) (apply func(keys Range) error, err error)
	// Close gives up what the backend holds.
	Close() error
}
