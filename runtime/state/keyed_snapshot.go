package state

import "github.com/leatproject/leat/storage/column"

// Snapshot implements Backend.
func (k *Keyed[K]) Snapshot(o SnapshotOptions) (*Snapshot, error) { return k.snapshot(o) }

// Saving tells whether a snapshot is being taken that still reads the state.
func (k *Keyed[K]) Saving() bool { return k.running != nil }

// keyedKeys is the keyTable of a Keyed.
type keyedKeys[K comparable] struct {
	k       *Keyed[K]
	acquire func(keys []K, hashes []uint64, slots []uint32, create bool) error
}

func (t keyedKeys[K]) schema() *column.Schema { return t.k.codec.Schema() }
func (t keyedKeys[K]) appendHashes(dst []uint64, slots []uint32) []uint64 {
	return t.k.table.AppendHashes(dst, slots)
}
func (t keyedKeys[K]) newRows(room int) keyRows {
	return &keys[K]{keyedKeys: t, values: make([]K, 0, room)}
}

func (t keyedKeys[K]) decode(src []byte) (decodedKeys, []byte, error) {
	values, rest, err := readColumn(src, t.k.codec.DecodeBatch)
	if err != nil {
		return nil, nil, err
	}
	hashes := make([]uint64, len(values))
	hash, err := column.Hasher[K]() // of its own, as it may have memory
	if err != nil {
		return nil, nil, err
	}
	hash(values, hashes)
	return &keys[K]{t, values, hashes}, rest, err
}

// keys are keys of blocks.
type keys[K comparable] struct {
	keyedKeys[K]
	values []K
	hashes []uint64 // of keys from a block
}

func (r *keys[K]) take(slots []uint32) { r.values = r.k.table.AppendKeys(r.values, slots) }
func (r *keys[K]) empty() {
	clear(r.values)
	r.values = r.values[:0]
}
func (r *keys[K]) len() int                 { return len(r.values) }
func (r *keys[K]) encode(dst []byte) []byte { return appendColumn(dst, r.k.codec, r.values) }

func (r *keys[K]) with(others keyRows) keyRows {
	return &keys[K]{keyedKeys: r.keyedKeys, values: append(r.values, others.(*keys[K]).values...)}
}

func (r *keys[K]) add(key []byte) error {
	var k K
	if _, err := r.k.codec.DecodeRow(key, &k); err != nil {
		return err
	}
	r.values = append(r.values, k)
	return nil
}

func (r *keys[K]) slots(share Range, create bool) ([]uint32, error) {
	slots := make([]uint32, len(r.values))
	var own []K
	var ownHashes []uint64
	for i, h := range r.hashes {
		if share.Holds(h) {
			own, ownHashes = append(own, r.values[i]), append(ownHashes, h)
		}
	}
	found := make([]uint32, len(own))
	if err := r.acquire(own, ownHashes, found, create); err != nil {
		return nil, err
	}
	n := 0
	for i, h := range r.hashes {
		slots[i] = None
		if share.Holds(h) {
			slots[i] = found[n]
			n++
		}
	}
	return slots, nil
}
