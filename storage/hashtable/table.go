package hashtable

import (
	"fmt"
	"unsafe"

	"github.com/leatproject/leat/storage/column"
)

// None is the id of a key that is not in the table.
const None = ^uint32(0)

// Table gives keys of type K dense ids. Keys are equal if their canonical forms are: as with ==, but NaN equals itself, pointers
// are followed, and fields with the tag leat:"-" do not count. A table belongs to one goroutine. It holds up to 2^31 keys.
type Table[K comparable] struct {
	store
	lookup func(keys []K, hashes []uint64, ids []uint32) int
	find   func(keys []K, hashes []uint64, ids []uint32)
	key    func(id uint32) K
	keys   func(dst []K, ids []uint32) []K // nil for one key at a time
}

// store is what words and texts have in common.
type store interface {
	remove(id uint32)
	reset()
	bytes() int64
	group() *hashed
}

// New returns a table with room for hint keys before it grows. It refuses types without a codec (see column.CodecOf).
func New[K comparable](hint int) (*Table[K], error) {
	codec, err := column.CodecOf[K]()
	if err != nil {
		return nil, fmt.Errorf("making a table of keys: %w", err)
	}
	switch codec.Schema().Kind {
	case column.KindBool, column.KindInt8, column.KindUint8:
		return wordTable[K, uint8](hint, nil), nil
	case column.KindInt16, column.KindUint16:
		return wordTable[K, uint16](hint, nil), nil
	case column.KindInt32, column.KindUint32:
		return wordTable[K, uint32](hint, nil), nil
	case column.KindInt64, column.KindUint64, column.KindDuration:
		return wordTable[K, uint64](hint, nil), nil
	case column.KindFloat32:
		return wordTable[K](hint, column.CanonicalFloat32), nil
	case column.KindFloat64:
		return wordTable[K](hint, column.CanonicalFloat64), nil
	case column.KindString:
		return stringTable[K](hint), nil
	}
	return codecTable(hint, codec), nil
}

// Lookup finds or inserts a batch of keys and writes their ids; it returns how many were new. hashes holds the hash of each key,
// equal for equal keys; ids has the length of keys. New keys get the ids of deleted ones, then the next higher ones.
func (t *Table[K]) Lookup(keys []K, hashes []uint64, ids []uint32) (inserted int) {
	return t.lookup(keys, hashes[:len(keys)], ids[:len(keys)])
}

// Find is Lookup without insertion: the id of an absent key is None.
func (t *Table[K]) Find(keys []K, hashes []uint64, ids []uint32) {
	t.find(keys, hashes[:len(keys)], ids[:len(keys)])
}

// Key returns the key of a live id. A string is a view of memory that is never written again: it stays good after growth, deletion
// and Reset, but keeps up to 1 MiB alive, so clone it (column.Codec.Clone) to keep it.
func (t *Table[K]) Key(id uint32) K { return t.key(id) }

// AppendKeys appends the keys of live ids to dst, as Key returns them.
func (t *Table[K]) AppendKeys(dst []K, ids []uint32) []K {
	if t.keys != nil {
		return t.keys(dst, ids)
	}
	for _, id := range ids {
		dst = append(dst, t.key(id))
	}
	return dst
}

// Hash returns the hash that a live id was inserted with.
func (t *Table[K]) Hash(id uint32) uint64 { return t.group().hashes[id] }

// AppendHashes appends the hashes of live ids to dst.
func (t *Table[K]) AppendHashes(dst []uint64, ids []uint32) []uint64 {
	hashes := t.group().hashes
	for _, id := range ids {
		dst = append(dst, hashes[id])
	}
	return dst
}

// Delete removes the key of an id, which the next new key may then get. An id that is not live is left alone.
func (t *Table[K]) Delete(id uint32) {
	if t.group().alive(id) {
		t.remove(id)
	}
}

// Live tells whether an id is that of a key.
func (t *Table[K]) Live(id uint32) bool { return t.group().alive(id) }

// Len is the number of keys.
func (t *Table[K]) Len() int { return t.group().len() }

// Cap is one more than the highest id in use since the last Reset: the length that a slice indexed by id must have.
func (t *Table[K]) Cap() int { return len(t.group().hashes) }

// AppendIDs appends the live ids to dst in ascending order.
func (t *Table[K]) AppendIDs(dst []uint32) []uint32 { return t.group().appendIDs(dst) }

// Bytes is the memory that the table has allocated.
func (t *Table[K]) Bytes() int64 { return t.bytes() }

// Reset removes all keys and keeps the memory, except that of strings, which views may still refer to.
func (t *Table[K]) Reset() { t.reset() }

// view reads keys as values of their underlying representation.
func view[U, K any](keys []K) []U {
	return unsafe.Slice((*U)(unsafe.Pointer(unsafe.SliceData(keys))), len(keys))
}

// wordTable keeps keys of the same size as U. canonical makes equal keys equal words; nil
// if they are.
func wordTable[K comparable, U unsigned](hint int, canonical func(U) U) *Table[K] {
	w := newWords(hint)
	var scratch []uint64
	widen := func(keys []K) []uint64 {
		scratch = scratch[:0]
		for _, k := range view[U](keys) {
			if canonical != nil {
				k = canonical(k)
			}
			scratch = append(scratch, uint64(k))
		}
		return scratch
	}
	if unsafe.Sizeof(U(0)) == 8 && canonical == nil {
		widen = view[uint64, K]
	}
	return &Table[K]{
		store:  w,
		lookup: func(keys []K, hashes []uint64, ids []uint32) int { return w.lookup(widen(keys), hashes, ids) },
		find:   func(keys []K, hashes []uint64, ids []uint32) { w.find(widen(keys), hashes, ids) },
		key: func(id uint32) K {
			u := U(w.keys[id])
			return *(*K)(unsafe.Pointer(&u))
		},
		keys: func(dst []K, ids []uint32) []K {
			for _, id := range ids {
				u := U(w.keys[id])
				dst = append(dst, *(*K)(unsafe.Pointer(&u)))
			}
			return dst
		},
	}
}

func stringTable[K comparable](hint int) *Table[K] {
	t := newTexts(hint)
	return &Table[K]{
		store:  t,
		lookup: func(keys []K, hashes []uint64, ids []uint32) int { return t.lookup(view[string](keys), hashes, ids) },
		find:   func(keys []K, hashes []uint64, ids []uint32) { t.find(view[string](keys), hashes, ids) },
		key: func(id uint32) K {
			s := t.arena.key(id)
			return *(*K)(unsafe.Pointer(&s))
		},
	}
}

// codecTable keeps the canonical rows of keys.
func codecTable[K comparable](hint int, codec *column.Codec[K]) *Table[K] {
	t := newTexts(hint)
	var rows []byte
	var ends []int
	var texts []string
	encode := func(keys []K) []string {
		rows, ends, texts = rows[:0], ends[:0], texts[:0]
		for i := range keys {
			rows = codec.AppendRow(rows, &keys[i])
			ends = append(ends, len(rows))
		}
		all, from := unsafe.String(unsafe.SliceData(rows), len(rows)), 0
		for _, end := range ends {
			texts = append(texts, all[from:end])
			from = end
		}
		return texts
	}
	return &Table[K]{
		store:  t,
		lookup: func(keys []K, hashes []uint64, ids []uint32) int { return t.lookup(encode(keys), hashes, ids) },
		find:   func(keys []K, hashes []uint64, ids []uint32) { t.find(encode(keys), hashes, ids) },
		key: func(id uint32) (k K) {
			row := t.arena.key(id)
			if _, err := codec.DecodeRow(unsafe.Slice(unsafe.StringData(row), len(row)), &k); err != nil {
				panic(fmt.Sprintf("hashtable: the codec of %s does not read what it wrote: %v", codec.Schema().Type, err))
			}
			return k
		},
	}
}
