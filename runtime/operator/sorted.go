package operator

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// SortedInput gives a keyed operator its input sorted in BATCH: it collects all rows of its inputs, on disk what exceeds the
// task's memory, and when event time ends hands them on in the order of key hash, key, timestamp, input and arrival, then
// Advance(MaxWatermark) and the ends of the inputs. All rows of a key come together, those of several inputs merged by time;
// an operator ends a key when it sees the next one, and the last one at MaxWatermark. Batches hold rows of one input and
// carry the key hashes.
//
//	NewSortedInput(&KeyedProcess{...}, SortBy(keys))
type SortedInput struct {
	Operator
	inputs []InputOrder
	ctx    *Context
	ended  []bool
	state  sortedState
	more   bool // the operator has asked to be resumed
}

type sortedState int

const (
	collecting sortedState = iota
	feeding
	advancing
	ending
	through
)

// NewSortedInput wraps op. There is an order for each of its inputs; nil for one whose rows are handed on as they come,
// before all others.
func NewSortedInput(op Operator, inputs ...InputOrder) *SortedInput {
	return &SortedInput{Operator: op, inputs: inputs, ended: make([]bool, len(inputs))}
}

// InputOrder sorts one input; see SortBy.
type InputOrder interface {
	open(ctx *Context) error
	add(b *column.Batch) error
	sort(ctx *Context) error
	// peek returns where the next row belongs; ok is false at the end.
	peek() (at position, ok bool, err error)
	// take appends rows from at, where peek stands, to the batch that emit returns: those that are due before other, or as
	// many as fit if other is nil; at least one.
	take(at, other *position) error
	// full tells whether the batch should be handed on.
	full() bool
	// emit returns the batch, nil if it is empty.
	emit() *column.Batch
	close() error
}

// position is a place in the order of several inputs.
type position struct {
	hash uint64
	key  any // *K
	// compare orders keys of one hash.
	compare func(a, b any) int
	time    int64
	input   int
}

// before tells which of two rows of different inputs comes first.
func (p *position) before(q *position) bool {
	if p.hash != q.hash {
		return p.hash < q.hash
	}
	if c := p.compare(p.key, q.key); c != 0 {
		return c < 0
	}
	if p.time != q.time {
		return p.time < q.time
	}
	return p.input < q.input
}

// Open implements Operator.
func (s *SortedInput) Open(ctx *Context) error {
	s.ctx = ctx
	for i, in := range s.inputs {
		if in == nil {
			continue
		}
		if err := in.open(ctx); err != nil {
			return fmt.Errorf("input %d: %w", i+1, err)
		}
	}
	return s.Operator.Open(ctx)
}

// Process implements Operator.
func (s *SortedInput) Process(in int, b *column.Batch) (bool, error) {
	order := s.inputs[in]
	if order == nil {
		return s.Operator.Process(in, b)
	}
	defer b.Release()
	return false, order.add(b)
}

// Advance implements Operator: at the end of time all rows are there.
func (s *SortedInput) Advance(watermark int64) (bool, error) {
	if watermark != shuffle.MaxWatermark || s.state != collecting {
		return false, nil
	}
	return s.start()
}

// EndInput implements Operator.
func (s *SortedInput) EndInput(in int) (bool, error) {
	if s.state == through {
		return s.Operator.EndInput(in)
	}
	s.ended[in] = true
	if slices.Contains(s.ended, false) {
		return false, nil
	}
	return s.start() // the inputs ended without an end of time
}

func (s *SortedInput) start() (bool, error) {
	for _, in := range s.inputs {
		if in == nil {
			continue
		}
		if err := in.sort(s.ctx); err != nil {
			return false, err
		}
	}
	s.state = feeding
	return true, nil
}

// Resume implements Operator.
func (s *SortedInput) Resume() (more bool, err error) {
	if s.more || s.state == collecting {
		s.more, err = s.Operator.Resume()
		return s.more || s.state != collecting && s.state != through, err
	}
	switch s.state {
	case feeding:
		s.more, err = s.feed()
	case advancing:
		s.state = ending
		s.more, err = s.Operator.Advance(shuffle.MaxWatermark)
	case ending:
		s.more, err = s.endNext()
	}
	return s.more || s.state != through, err
}

// feedBatches is how many batches are handed on before the task looks at its mailbox, as long as they are small.
const feedBatches = 64

// feed hands on the next batch, or a few if they are small.
func (s *SortedInput) feed() (more bool, err error) {
	for rows, n := 0, 0; n < feedBatches && rows < column.MaxRows/8; n++ {
		number, err := s.next()
		if err != nil {
			return false, err
		}
		if number < 0 {
			s.state = advancing
			return false, nil
		}
		b := s.inputs[number].emit()
		rows += b.Len()
		if more, err := s.Operator.Process(number, b); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// next fills a batch and returns the number of its input, or -1 at the end.
func (s *SortedInput) next() (number int, err error) {
	number = -1
	for {
		var at, first, second position
		var ok bool
		found := 0
		for i, in := range s.inputs {
			if in == nil {
				continue
			}
			if at, ok, err = in.peek(); err != nil {
				return 0, err
			}
			if !ok {
				continue
			}
			at.input = i
			switch {
			case found == 0:
				first = at
			case at.before(&first):
				first, second = at, first
			case found == 1 || at.before(&second):
				second = at
			}
			found++
		}
		if found == 0 || number >= 0 && (first.input != number || s.inputs[number].full()) {
			return number, nil
		}
		number = first.input
		other := &second
		if found == 1 {
			other = nil
		}
		if err := s.inputs[number].take(&first, other); err != nil {
			return 0, err
		}
	}
}

// endNext ends the next input that has ended already.
func (s *SortedInput) endNext() (bool, error) {
	for i, e := range s.ended {
		if e {
			s.ended[i] = false
			return s.Operator.EndInput(i)
		}
	}
	s.state = through
	return false, nil
}

// CurrentRecord implements RecordNamer.
func (s *SortedInput) CurrentRecord() (any, bool) {
	if r, ok := s.Operator.(RecordNamer); ok {
		return r.CurrentRecord()
	}
	return nil, false
}

// Close implements Operator.
func (s *SortedInput) Close() error {
	err := s.Operator.Close()
	for _, in := range s.inputs {
		if in != nil {
			err = errors.Join(err, in.close())
		}
	}
	return err
}

// SortBy returns the order of an input of rows of type T by their keys.
func SortBy[T any, K comparable](keys Keys[T, K]) InputOrder {
	return &keyOrder[T, K]{keys: keys, pool: column.NewPool[T]()}
}

// keyOrder is the InputOrder by hash, key and time.
type keyOrder[T any, K comparable] struct {
	keys   Keys[T, K]
	order  func(a, b any) int // of keys of one hash, both *K
	sorter *spill.Sorter[T]
	it     *spill.Iterator[T]
	pool   *column.Pool
	batch  *column.Batch
	head   K // the key that peek has returned
}

func (o *keyOrder[T, K]) open(ctx *Context) error {
	rows, err := column.CodecOf[T]()
	if err != nil {
		return err
	}
	keys, err := column.CodecOf[K]()
	if err != nil {
		return err
	}
	opt := spill.SortOptions[T]{ByTime: true}
	o.order = func(any, any) int { return 0 }
	if compare := compareKeys(keys); compare != nil {
		o.order = func(a, b any) int { return compare(a.(*K), b.(*K)) }
		opt.Compare = func(a, b *T) int {
			x, y := o.keys.Key(*a), o.keys.Key(*b)
			return compare(&x, &y)
		}
	}
	o.sorter = spill.NewSorter(ctx.Memory, ctx.Spill, rows, opt)
	return nil
}

// compareKeys returns an order of keys of one hash, the same for all inputs; nil for integers, which never share a hash.
func compareKeys[K comparable](codec *column.Codec[K]) func(a, b *K) int {
	switch codec.Schema().Kind {
	case column.KindBool, column.KindInt8, column.KindInt16, column.KindInt32, column.KindInt64, column.KindDuration,
		column.KindUint8, column.KindUint16, column.KindUint32, column.KindUint64:
		return nil
	}
	var x, y []byte
	return func(a, b *K) int {
		if *a == *b {
			return 0
		}
		x, y = codec.AppendRow(x[:0], a), codec.AppendRow(y[:0], b)
		return bytes.Compare(x, y)
	}
}

func (o *keyOrder[T, K]) add(b *column.Batch) error {
	if len(b.Hashes) == 0 {
		_, hashes := o.keys.Of(b)
		b.Hashes = append(b.Hashes, hashes...)
	}
	return o.sorter.Add(b)
}

func (o *keyOrder[T, K]) sort(ctx *Context) (err error) {
	o.it, err = o.sorter.Sort(ctx)
	return err
}

func (o *keyOrder[T, K]) peek() (position, bool, error) {
	h, ok, err := o.it.Peek()
	if !ok || err != nil {
		return position{}, false, err
	}
	o.head = o.keys.Key(*h.Row)
	return position{hash: h.Prefix, key: &o.head, compare: o.order, time: h.Time}, true, nil
}

func (o *keyOrder[T, K]) take(at, other *position) error {
	if o.batch == nil {
		o.batch = o.pool.Get()
	}
	if other == nil {
		_, err := o.it.Next(o.batch)
		return err
	}
	until := int64(math.MaxInt64)
	if at.hash == other.hash && at.compare(at.key, other.key) == 0 {
		until = other.time
		if at.input > other.input {
			until--
		}
	}
	_, err := o.it.Take(o.batch, max(1, o.batch.RowLimit()-o.batch.Len()), until)
	return err
}

func (o *keyOrder[T, K]) full() bool { return o.batch != nil && o.batch.Len() >= o.batch.RowLimit() }

func (o *keyOrder[T, K]) emit() *column.Batch {
	b := o.batch
	o.batch = nil
	return b
}

func (o *keyOrder[T, K]) close() error {
	if o.batch != nil {
		o.batch.Release()
		o.batch = nil
	}
	if o.sorter == nil {
		return nil
	}
	return o.sorter.Close()
}
