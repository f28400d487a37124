package slice

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

// maxFetch is how long a Fetch goes on while its records are slow in coming.
const maxFetch = 5 * time.Millisecond

// Source is a source of rows of type T that are numbered 0 to n-1.
type Source[T any] struct {
	n          int64
	boundedly  source.Boundedness
	appendRows func(rows []T, lo, hi int64) []T
	// slow tells that appendRows runs user code, whose time is watched.
	slow    bool
	limit   Rate
	ticking clock.Clock
}

var _ source.Source = (*Source[string])(nil)

// FromSlice returns a source of the given values, which must not be changed any more.
func FromSlice[T any](values []T) *Source[T] {
	return &Source[T]{n: int64(len(values)), appendRows: func(rows []T, lo, hi int64) []T {
		return append(rows, values[lo:hi]...)
	}}
}

// FromSequence returns a source of the numbers from first to last, both included; none when last is less than first.
func FromSequence(first, last int64) *Source[int64] {
	n := int64(0)
	if last >= first {
		if n = last - first + 1; n <= 0 {
			n = math.MaxInt64
		}
	}
	return &Source[int64]{n: n, appendRows: func(rows []int64, lo, hi int64) []int64 {
		for i := lo; i < hi; i++ {
			rows = append(rows, first+i)
		}
		return rows
	}}
}

// GeneratorOptions are the options of a Generator.
type GeneratorOptions struct {
	// Count is the number of records; 0 is no end, which makes the source unbounded.
	Count int64
	// Rate limits the records.
	Rate Rate
	// Clock measures the rate; the machine's when nil.
	Clock clock.Clock
}

// Generator returns a source of make(0), make(1) and so on. make is called by several goroutines at once.
func Generator[T any](make func(index int64) T, o GeneratorOptions) (*Source[T], error) {
	if o.Count < 0 || o.Rate.PerSecond < 0 || o.Rate.Burst < 0 {
		return nil, fmt.Errorf("generator: count, rate and burst must not be negative")
	}
	s := &Source[T]{n: o.Count, slow: true, limit: o.Rate, ticking: o.Clock, appendRows: func(rows []T, lo, hi int64) []T {
		for i := lo; i < hi; i++ {
			rows = append(rows, make(i))
		}
		return rows
	}}
	if s.n == 0 {
		s.n, s.boundedly = math.MaxInt64, source.Unbounded
	}
	if s.ticking == nil {
		s.ticking = clock.Real
	}
	return s, nil
}

// Boundedness implements source.Source.
func (s *Source[T]) Boundedness() source.Boundedness { return s.boundedly }

// NewEnumerator implements source.Source.
func (s *Source[T]) NewEnumerator(_ context.Context, n int) (source.Enumerator, error) {
	return &enumerator{total: s.n, parts: int64(max(n, 1))}, nil
}

// NewReader implements source.Source.
func (s *Source[T]) NewReader(_ context.Context, env source.Env) (source.Reader, error) {
	r := &reader[T]{source: s}
	if s.limit.PerSecond > 0 {
		r.limiter = newLimiter(s.limit, max(env.Parallelism, 1), s.ticking)
	}
	return r, nil
}

// enumerator hands out all ranges at once. Its position is whether it has.
type enumerator struct {
	total, parts int64
	done         bool
}

// Next implements source.Enumerator.
func (e *enumerator) Next(context.Context) ([]source.Split, error) {
	if e.done {
		return nil, source.ErrDone
	}
	e.done = true
	var splits []source.Split
	size, extra := e.total/e.parts, e.total%e.parts
	for i, lo := int64(0), int64(0); i < e.parts && lo < e.total; i++ {
		hi := lo + size
		if i < extra {
			hi++
		}
		splits = append(splits, source.Split{ID: fmt.Sprintf("%d-%d", lo, hi), Data: encode(lo, hi)})
		lo = hi
	}
	return splits, source.ErrDone
}

// Snapshot implements source.Enumerator.
func (e *enumerator) Snapshot() ([]byte, error) {
	if e.done {
		return []byte{1}, nil
	}
	return nil, nil
}

// Restore implements source.Enumerator.
func (e *enumerator) Restore(position []byte) error {
	e.done = len(position) > 0
	return nil
}

// Close implements source.Enumerator.
func (e *enumerator) Close() error { return nil }

// encode writes a range as two uvarints.
func encode(next, end int64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(next)), uint64(end))
}

func decode(s source.Split) (next, end int64, err error) {
	lo, n := binary.Uvarint(s.Data)
	hi, m := binary.Uvarint(s.Data[max(n, 0):])
	if n <= 0 || m <= 0 {
		return 0, 0, fmt.Errorf("split %q: %w", s.ID, errors.New("its data is damaged; start without this state"))
	}
	return int64(lo), int64(hi), nil
}

// reader makes the records of one range.
type reader[T any] struct {
	source    *Source[T]
	id        string
	next, end int64
	limiter   *limiter
}

// Open implements source.Reader.
func (r *reader[T]) Open(_ context.Context, s source.Split) (err error) {
	r.id = s.ID
	r.next, r.end, err = decode(s)
	return err
}

// Fetch implements source.Reader.
func (r *reader[T]) Fetch(ctx context.Context, out *column.Batch) (source.Split, error) {
	if ctx.Err() != nil {
		return source.Split{}, context.Cause(ctx)
	}
	n := min(int64(out.RowLimit()-out.Len()), r.end-r.next)
	if r.limiter != nil && n > 0 {
		var err error
		if n, err = r.limiter.take(ctx, n); err != nil {
			return source.Split{}, err
		}
	}
	rows := column.Rows[T](out)
	if r.source.slow {
		rows = r.watched(rows, n)
	} else {
		rows = r.source.appendRows(rows, r.next, r.next+n)
		r.next += n
	}
	column.SetRows(out, rows)
	after := source.Split{ID: r.id, Data: encode(r.next, r.end)}
	if r.next >= r.end {
		return after, source.ErrDone
	}
	return after, nil
}

// watched makes up to n records in doubling runs and stops when they take long; what it leaves goes back to the limiter.
func (r *reader[T]) watched(rows []T, n int64) []T {
	start := r.source.ticking.Now()
	for run := int64(1); n > 0; run *= 2 {
		run = min(run, n)
		rows = r.source.appendRows(rows, r.next, r.next+run)
		r.next += run
		if n -= run; n > 0 && r.source.ticking.Now().Sub(start) >= maxFetch {
			break
		}
	}
	if r.limiter != nil {
		r.limiter.giveBack(n)
	}
	return rows
}

// Close implements source.Reader.
func (r *reader[T]) Close() error { return nil }
