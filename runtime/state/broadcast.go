package state

import (
	"iter"

	"github.com/leatproject/leat/storage/column"
)

// Broadcast is a map that all sub-tasks hold alike, since each sees the same broadcast records (Flink's BroadcastState).
type Broadcast[K comparable, V any] struct{ ReadOnlyBroadcast[K, V] }

// ReadOnlyBroadcast is a Broadcast as the records of the other stream see it.
type ReadOnlyBroadcast[K comparable, V any] struct {
	entries *Map[K, V]
	codec   *column.Codec[mapRow[K, V]]
}

// NewBroadcast returns an empty broadcast state.
func NewBroadcast[K comparable, V any](name string) (*Broadcast[K, V], error) {
	one := &Slots{}
	m, err := NewMap[K, V](one, Descriptor{Name: name})
	if err != nil {
		return nil, err
	}
	codec, err := column.CodecOf[mapRow[K, V]]()
	if err != nil {
		return nil, err
	}
	one.grow(1)
	return &Broadcast[K, V]{ReadOnlyBroadcast[K, V]{m, codec}}, nil
}

// Get returns the value of a key.
func (b *ReadOnlyBroadcast[K, V]) Get(k K) (v V, ok bool) { return b.entries.Get(k) }

// Contains tells whether Get would return a value.
func (b *ReadOnlyBroadcast[K, V]) Contains(k K) bool { return b.entries.Contains(k) }

// Len is the number of entries.
func (b *ReadOnlyBroadcast[K, V]) Len() int { return b.entries.Len() }

// All yields the entries in the order in which the keys were first put.
func (b *ReadOnlyBroadcast[K, V]) All() iter.Seq2[K, V] { return b.entries.All() }

// Put sets the value of a key.
func (b *Broadcast[K, V]) Put(k K, v V) { b.entries.Put(k, v) }

// Remove removes a key.
func (b *Broadcast[K, V]) Remove(k K) { b.entries.Remove(k) }

// Clear removes all entries.
func (b *Broadcast[K, V]) Clear() { b.entries.Clear() }

// Row is the type of what Save returns rows of.
func (b *ReadOnlyBroadcast[K, V]) Row() *column.Schema { return b.codec.Schema() }

// Save returns the entries as elements of operator state.
func (b *ReadOnlyBroadcast[K, V]) Save() ([][]byte, error) {
	var rows []mapRow[K, V]
	for k, v := range b.All() {
		rows = append(rows, mapRow[K, V]{Key: k, Value: v})
	}
	return [][]byte{b.codec.AppendBatch(nil, rows)}, nil
}

// Load puts the entries that Save has returned.
func (b *Broadcast[K, V]) Load(elements [][]byte) error {
	for _, e := range elements {
		rows, err := b.codec.DecodeBatch(e, nil)
		if err != nil {
			return err
		}
		for _, r := range rows {
			b.Put(r.Key, r.Value)
		}
	}
	return nil
}
