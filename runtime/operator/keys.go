package operator

import "github.com/leatproject/leat/storage/column"

// Keys extracts the keys of batches: what keyed operators embed.
type Keys[T any, K comparable] struct {
	// Key is the key selector.
	Key func(T) K
	// Hash writes the hash of each key; see column.Hasher.
	Hash func(keys []K, out []uint64)

	keys   []K
	hashes []uint64
}

// NewKeys returns an extractor for one sub-task: hashing needs memory of its own. K has been checked when the graph was
// built; for a type that cannot be hashed all hashes are 0.
func NewKeys[T any, K comparable](key func(T) K) *Keys[T, K] {
	hash, err := column.Hasher[K]()
	if err != nil {
		hash = func(_ []K, out []uint64) { clear(out) }
	}
	return &Keys[T, K]{Key: key, Hash: hash}
}

// Of returns the keys of b's rows and their hashes, computed only if the exchange has not left them in b. Both are valid
// until the next call.
func (k *Keys[T, K]) Of(b *column.Batch) ([]K, []uint64) {
	rows := column.Rows[T](b)
	k.extract(rows)
	if len(b.Hashes) == len(rows) {
		return k.keys, b.Hashes
	}
	if cap(k.hashes) < len(rows) {
		k.hashes = make([]uint64, max(len(rows), 64))
	}
	k.hashes = k.hashes[:len(rows)]
	k.Hash(k.keys, k.hashes)
	return k.keys, k.hashes
}

// extract fills k.keys.
func (k *Keys[T, K]) extract(rows []T) {
	if cap(k.keys) < len(rows) {
		k.keys = make([]K, max(len(rows), 64))
	}
	keys, key := k.keys[:len(rows)], k.Key
	for i := range rows {
		keys[i] = key(rows[i])
	}
	k.keys = keys
}

// Hashes writes the key hash of each row of b to out: what the exchange by key calls.
func (k *Keys[T, K]) Hashes(b *column.Batch, out []uint64) error {
	rows := column.Rows[T](b)
	k.extract(rows)
	k.Hash(k.keys, out)
	return nil
}
