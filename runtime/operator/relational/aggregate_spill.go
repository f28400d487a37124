package relational

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// aggregateSpill moves groups to disk when memory runs out: their partial results, and what their DISTINCT calls have seen, go to one of 16
// partitions by four bits of the key's hash. At the end each partition is aggregated again by itself; one that still does not fit is split by
// the next four bits. Partial results of a group keep their order.
type aggregateSpill struct {
	a       *Aggregate
	codec   *column.Codec[string]
	parts   []*spill.Queue[string] // being written
	level   int                    // of parts
	again   int64                  // spillAgain
	waiting []partition            // the last one is next
	current partition              // being read, if it has a queue
	writing bool
	types   [][]datatype.Type // of the batches: partial results, then keys and arguments of each DISTINCT call
	calls   []int             // the calls of types, from 1 on
	wire    []byte
}

// partition is some groups on disk: their batches as vector.Batch.AppendWire writes them, the kind in a byte before.
type partition struct {
	queue *spill.Queue[string]
	level int // of its own partitions
}

const (
	spillBits   = 4
	spillLevels = 7 // the bits of the hash between those of the key groups and those of the table
	// spillAgain is how many bytes a partition must have to be split: less than the buffers of 16 files is no gain.
	spillAgain = 4 << 20
)

func (s *aggregateSpill) open(a *Aggregate) (err error) {
	if s.codec, err = column.CodecOf[string](); err != nil {
		return err
	}
	s.a, s.again = a, spillAgain
	s.types = [][]datatype.Type{a.partialTypes()}
	s.calls = []int{-1}
	for i, c := range a.calls {
		if c.distinct != nil {
			s.types = append(s.types, append(a.keyTypes(), c.distinct.types[1:]...))
			s.calls = append(s.calls, i)
		}
	}
	a.ctx.Memory.Register(s)
	return nil
}

// some says whether groups were spilled.
func (s *aggregateSpill) some() bool {
	return s.parts != nil || len(s.waiting) > 0 || s.current.queue != nil
}

// acquire takes the memory in use, and spills when there is none.
func (a *Aggregate) acquire() error {
	if a.reserve() {
		return nil
	}
	more := a.bytes() - a.held
	err := a.ctx.Memory.Acquire(more)
	if e := (*spill.Error)(nil); errors.As(err, &e) && e.Kind == spill.Budget {
		a.ctx.Memory.Overdraw(more)
		err = nil
	}
	if err != nil {
		return fmt.Errorf("spilling groups: %w", err)
	}
	a.held += more
	if now := a.bytes(); now < a.held { // this spilled itself
		a.ctx.Memory.Release(a.held - now)
		a.held = now
	}
	return nil
}

// Spillable implements spill.Consumer.
func (s *aggregateSpill) Spillable() int64 {
	a := s.a
	if a.emitting || s.writing || a.held == 0 || a.groups.len() <= 1 || s.level >= spillLevels || s.level > 0 && a.held < s.again {
		return 0
	}
	return a.held
}

// Spill implements spill.Consumer.
func (s *aggregateSpill) Spill() (int64, error) {
	freed := s.a.held
	if err := s.write(); err != nil {
		return 0, err
	}
	if err := s.a.forget(); err != nil {
		return 0, err
	}
	return freed, nil
}

// rest spills the groups that are still in memory, so that each partition is whole.
func (s *aggregateSpill) rest() error {
	if err := s.write(); err != nil {
		return err
	}
	if err := s.a.forget(); err != nil {
		return err
	}
	s.split()
	return nil
}

// split lets the partitions that were written wait for their turn.
func (s *aggregateSpill) split() {
	for i := len(s.parts) - 1; i >= 0; i-- {
		s.waiting = append(s.waiting, partition{s.parts[i], s.level + 1})
	}
	s.parts = nil
}

// write puts all groups into partitions.
func (s *aggregateSpill) write() error {
	a := s.a
	s.writing = true
	defer func() { s.writing = false }()
	if s.parts == nil {
		for range 1 << spillBits {
			s.parts = append(s.parts, spill.NewQueue(a.ctx.Memory, a.ctx.Spill, s.codec, 0))
		}
	}
	for _, c := range a.calls {
		c.grow(a.groups.len())
	}
	for from := 0; from < a.groups.len(); from += batchRows {
		to := min(from+batchRows, a.groups.len())
		b := vector.NewBatch(s.types[0])
		ids := make([]uint32, 0, to-from)
		for id := from; id < to; id++ {
			ids = append(ids, uint32(id))
		}
		b.Length = len(ids)
		if err := a.fillPartial(b, from, to, ids); err != nil {
			return err
		}
		if err := s.scatter(0, b, ids); err != nil {
			return err
		}
	}
	for kind := 1; kind < len(s.types); kind++ {
		if err := s.writeDistinct(kind); err != nil {
			return err
		}
	}
	return nil
}

// writeDistinct puts the keys and arguments that a DISTINCT call has seen into partitions.
func (s *aggregateSpill) writeDistinct(kind int) error {
	a := s.a
	d := a.calls[s.calls[kind]].distinct
	own := vector.NewBatch(d.types)
	var entries, ids []uint32
	for from := 0; from < d.len(); from += batchRows {
		entries, ids = entries[:0], ids[:0]
		for id := from; id < min(from+batchRows, d.len()); id++ {
			entries = append(entries, uint32(id))
		}
		d.read(entries, own.Columns)
		for _, g := range vector.Values[int64](own.Columns[0]) {
			ids = append(ids, uint32(g))
		}
		b := vector.NewBatch(s.types[kind])
		b.Length = len(ids)
		a.groups.read(ids, b.Columns[:len(a.Groups)])
		for i, v := range own.Columns[1:] {
			b.Columns[len(a.Groups)+i] = v
		}
		if err := s.scatter(kind, b, ids); err != nil {
			return err
		}
	}
	return nil
}

// scatter appends the rows of a batch, whose groups are ids, to their partitions.
func (s *aggregateSpill) scatter(kind int, b *vector.Batch, ids []uint32) error {
	var rows [1 << spillBits][]int32
	shift := 64 - 16 - spillBits*(s.level+1)
	for i, id := range ids {
		if s.a.groups.has(id) {
			p := s.a.groups.hash(id) >> shift & (1<<spillBits - 1)
			rows[p] = append(rows[p], int32(i))
		}
	}
	for p, chosen := range rows {
		if len(chosen) == 0 {
			continue
		}
		b.Selection = chosen
		var err error
		if s.wire, err = b.AppendWire(append(s.wire[:0], byte(kind)), 0, len(chosen)); err != nil {
			return err
		}
		if err := s.parts[p].Push(column.BatchOf([]string{string(s.wire)})); err != nil {
			return err
		}
	}
	return nil
}

// resume aggregates a batch of a partition, or begins to emit its groups.
func (s *aggregateSpill) resume() (bool, error) {
	if s.current.queue == nil {
		if len(s.waiting) == 0 {
			return false, nil
		}
		s.current = s.waiting[len(s.waiting)-1]
		s.waiting = s.waiting[:len(s.waiting)-1]
		s.level = s.current.level
	}
	b, err := s.current.queue.Pop()
	if err != nil {
		return false, err
	}
	if b != nil {
		for _, wire := range column.Rows[string](b) {
			if err := s.take(wire); err != nil {
				return false, err
			}
		}
		b.Release()
		return true, s.a.acquire()
	}
	if err := s.current.queue.Close(); err != nil {
		return false, err
	}
	s.current = partition{}
	if s.parts != nil {
		return true, s.rest()
	}
	return s.a.emit()
}

// take counts in what was spilled.
func (s *aggregateSpill) take(wire string) error {
	a, kind := s.a, int(wire[0])
	b := vector.NewBatch(s.types[kind])
	if err := b.DecodeWire(unsafe.Slice(unsafe.StringData(wire), len(wire))[1:]); err != nil {
		return fmt.Errorf("reading spilled groups: %w", err)
	}
	n := b.Length
	ids := make([]uint32, n)
	at := len(a.Groups)
	a.groups.find(b.Columns[:at], n, nil, ids)
	for _, c := range a.calls {
		c.grow(a.groups.len())
	}
	if kind > 0 {
		return a.calls[s.calls[kind]].addArgs(nil, ids, b.Columns[at:], nil)
	}
	for _, c := range a.calls {
		if err := c.merge(ids, b.Columns[at:at+len(c.states)], nil); err != nil {
			return err
		}
		at += len(c.states)
	}
	return nil
}

func (s *aggregateSpill) close() error {
	if s.a == nil {
		return nil
	}
	s.a.ctx.Memory.Unregister(s)
	var errs []error
	for _, q := range s.parts {
		errs = append(errs, q.Close())
	}
	for _, p := range s.waiting {
		errs = append(errs, p.queue.Close())
	}
	if s.current.queue != nil {
		errs = append(errs, s.current.queue.Close())
	}
	s.parts, s.waiting, s.current = nil, nil, partition{}
	return errors.Join(errs...)
}
