package state

import "github.com/leatproject/leat/storage/column"

// Snapshot implements Backend.
func (k *Keyed[K]) Snapshot(o SnapshotOptions) (*Snapshot, error) { return k.snapshot(o) }

// keyedKeys is the keyTable of a Keyed.
type keyedKeys[K comparable] struct{ k *Keyed[K] }

func (t keyedKeys[K]) schema() *column.Schema  { return t.k.codec.Schema() }
func (t keyedKeys[K]) hash(slot uint32) uint64 { return t.k.table.Hash(slot) }
func (t keyedKeys[K]) newRows() keyRows        { return &keys[K]{Keyed: t.k} }

func (t keyedKeys[K]) decode(src []byte) (decodedKeys, []byte, error) {
	values, rest, err := readColumn(src, t.k.codec)
	return &keys[K]{t.k, values}, rest, err
}

// keys are keys of blocks.
type keys[K comparable] struct {
	*Keyed[K]
	values []K
}

func (r *keys[K]) take(slot uint32)         { r.values = append(r.values, r.Key(slot)) }
func (r *keys[K]) len() int                 { return len(r.values) }
func (r *keys[K]) encode(dst []byte) []byte { return appendColumn(dst, r.codec, r.values) }

func (r *keys[K]) slots(share Range, create bool) []uint32 {
	hashes, slots := make([]uint64, len(r.values)), make([]uint32, len(r.values))
	r.hash(r.values, hashes)
	var own []K
	var ownHashes []uint64
	for i, h := range hashes {
		if share.Holds(h) {
			own, ownHashes = append(own, r.values[i]), append(ownHashes, h)
		}
	}
	found := make([]uint32, len(own))
	if create {
		r.acquire(own, ownHashes, found)
	} else {
		r.Find(own, ownHashes, found)
	}
	n := 0
	for i, h := range hashes {
		slots[i] = None
		if share.Holds(h) {
			slots[i] = found[n]
			n++
		}
	}
	return slots
}
