package operator

import (
	"errors"
	"iter"
	"math"

	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/column"
)

// spilledMerger is for windows that overlap, of slices whose keys may be put away. What it has merged may be put away too, so that
// memory is bounded whatever the number of keys: the slices of a window are merged anew for each, as Flink does it with state on
// disk. Of cumulative windows, which begin where the one before began, only the slices that have come since.
type spilledMerger[K comparable, A any] struct {
	slices *sliceSet[K, A]
	ctx    *FunctionContext
	merge  func(*FunctionContext, *A, *A) error

	merged *slice[K, A] // the slices from lo to before hi; nil for none
	lo, hi int64
	// next yields what is left of the slice that is being merged.
	from *slice[K, A]
	next func() (slot uint32, err error, ok bool)
	stop func()

	keys   []K
	hashes []uint64
	ids    []uint32
	accs   []A
	hash   func(keys []K, hashes []uint64)
	clone  func(key K) K
}

func newSpilledMerger[K comparable, A any](s *sliceSet[K, A], ctx *FunctionContext, merge func(*FunctionContext, *A, *A) error) (*spilledMerger[K, A], error) {
	hash, err := column.Hasher[K]()
	if err != nil {
		return nil, err
	}
	codec, err := column.CodecOf[K]()
	if err != nil {
		return nil, err
	}
	return &spilledMerger[K, A]{slices: s, ctx: ctx, merge: merge, hash: hash, clone: codec.Clone}, nil
}

func (m *spilledMerger[K, A]) enter(w window.Window) (done bool, err error) {
	if m.from != nil {
		return false, m.mergeSome()
	}
	if m.merged != nil && (m.lo != w.Start || m.hi > w.End) {
		if err := m.close(); err != nil {
			return false, err
		}
	}
	if m.merged == nil {
		if m.merged, err = m.slices.loose(); err != nil {
			return false, err
		}
		m.lo, m.hi = w.Start, w.Start
	}
	for x := range m.slices.within(m.hi, w.End) {
		m.from = x
		m.next, m.stop = iter.Pull2(x.slots)
		return false, nil
	}
	m.hi = w.End
	return true, nil
}

// mergeSome merges a block of a slice.
func (m *spilledMerger[K, A]) mergeSome() error {
	m.keys, m.accs = m.keys[:0], m.accs[:0]
	ended := false
	for len(m.keys) < tallyBlock && !ended {
		slot, err, ok := m.next()
		if err != nil {
			return err
		}
		if ended = !ok; ok && m.from.live[slot] {
			m.keys, m.accs = append(m.keys, m.clone(m.from.backend.Key(slot))), append(m.accs, m.from.accs[slot])
		}
	}
	if err := m.take(); err != nil {
		return err
	}
	if ended {
		m.hi = m.from.start + m.slices.windows.Width()
		m.end()
	}
	return nil
}

// take merges accs, of keys, into what is merged.
func (m *spilledMerger[K, A]) take() error {
	n := len(m.keys)
	if n == 0 {
		return nil
	}
	if cap(m.ids) < n {
		m.ids, m.hashes = make([]uint32, tallyBlock), make([]uint64, tallyBlock)
	}
	ids, hashes, x := m.ids[:n], m.hashes[:n], m.merged
	m.hash(m.keys, hashes)
	if err := x.lookup(m.keys, hashes, ids); err != nil {
		return err
	}
	x.touch(ids)
	for i, id := range ids {
		if !x.live[id] {
			x.live[id], x.accs[id] = true, m.accs[i]
		} else if err := m.merge(m.ctx, &x.accs[id], &m.accs[i]); err != nil {
			return err
		}
		if x.weighs {
			x.weigh(id, x.size(&x.accs[id])-x.weights[id])
		}
	}
	clear(m.keys)
	clear(m.accs)
	x.backend.Sweep()
	return nil
}

// end ends the walk through a slice.
func (m *spilledMerger[K, A]) end() {
	if m.from != nil {
		m.stop()
		m.from, m.next, m.stop = nil, nil, nil
	}
}

func (m *spilledMerger[K, A]) result(window.Window) windowResult[K, A] {
	next, stop := iter.Pull2(m.merged.slots)
	return windowResult[K, A]{spilled: m.merged, next: next, stop: stop}
}

func (m *spilledMerger[K, A]) leave(start int64) error {
	if start == math.MaxInt64 || start != m.lo {
		return m.close()
	}
	return nil
}

// holding implements windowMerger. What the record is to be added to is merged anew.
func (m *spilledMerger[K, A]) holding(start int64, _ []K, _ []uint64) (uint32, []*windowColumn[A], error) {
	if m.merged != nil && m.lo <= start && start < m.hi {
		return 0, nil, m.close()
	}
	return 0, nil, nil
}

// close gives up what was merged.
func (m *spilledMerger[K, A]) close() (err error) {
	m.end()
	if m.merged != nil {
		err = errors.Join(err, m.merged.backend.Close())
		m.merged = nil
	}
	return err
}
