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
	// Len is the number of keys.
	Len() int
	// AppendSlots appends the slots in use to dst, in ascending order.
	AppendSlots(dst []uint32) []uint32
	// Remove forgets a key and all its state.
	Remove(slot uint32)
	// Sweep removes the keys that nothing holds any more. Slots that Acquire returned are not valid afterwards.
	Sweep()
	// Close gives up what the backend holds.
	Close() error
}
