package stateprocessor

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"

	"github.com/leatproject/leat/client/savepoint"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/source"
)

// states is the source of one state. A split is what one of the operator's sub-tasks had of it; its position is the number of entries
// that have been read.
type states[T any] struct {
	path, operator, state string
	typed                 func(iter.Seq2[savepoint.Entry, error]) iter.Seq2[T, error]
}

// Boundedness implements source.Source.
func (s *states[T]) Boundedness() source.Boundedness { return source.Bounded }

// NewEnumerator implements source.Source.
func (s *states[T]) NewEnumerator(ctx context.Context, _ int) (source.Enumerator, error) {
	sp, err := savepoint.Open(ctx, s.path)
	if err != nil {
		return nil, err
	}
	n, err := sp.Parts(s.operator, s.state)
	return &enumerator{parts: n}, err
}

// NewReader implements source.Source.
func (s *states[T]) NewReader(ctx context.Context, _ source.Env) (source.Reader, error) {
	sp, err := savepoint.Open(ctx, s.path)
	return &reader[T]{of: s, savepoint: sp}, err
}

// enumerator hands the parts out, all at once.
type enumerator struct {
	parts int
	done  bool
}

func (e *enumerator) Next(context.Context) (splits []source.Split, err error) {
	if !e.done {
		e.done = true
		for part := range e.parts {
			splits = append(splits, splitOf(part, 0))
		}
	}
	return splits, source.ErrDone
}

func (e *enumerator) Snapshot() ([]byte, error) {
	if e.done {
		return []byte{1}, nil
	}
	return []byte{0}, nil
}

func (e *enumerator) Restore(position []byte) error {
	e.done = len(position) > 0 && position[0] == 1
	return nil
}

func (e *enumerator) Close() error { return nil }

func splitOf(part int, read uint64) source.Split {
	return source.Split{ID: fmt.Sprint("sub-task ", part), Data: binary.AppendUvarint(binary.AppendUvarint(nil, uint64(part)), read)}
}

// reader reads one part at a time.
type reader[T any] struct {
	of        *states[T]
	savepoint *savepoint.Savepoint
	part      int
	read      uint64
	next      func() (T, error, bool)
	stop      func()
}

// Open implements source.Reader.
func (r *reader[T]) Open(ctx context.Context, s source.Split) error {
	part, n := binary.Uvarint(s.Data)
	skip, k := uint64(0), 0
	if n > 0 {
		skip, k = binary.Uvarint(s.Data[n:])
	}
	if k <= 0 {
		return fmt.Errorf("split %q of the state %s cannot be read", s.ID, r.of.state)
	}
	r.end()
	r.part, r.read = int(part), 0
	r.next, r.stop = iter.Pull2(r.of.typed(r.savepoint.PartEntries(ctx, r.of.operator, r.of.state, r.part)))
	for r.read < skip {
		if _, err, ok := r.next(); err != nil || !ok {
			return err
		}
		r.read++
	}
	return nil
}

// fetchRows is how many entries are read at once.
const fetchRows = 1024

// Fetch implements source.Reader.
func (r *reader[T]) Fetch(_ context.Context, out *column.Batch) (source.Split, error) {
	rows := column.Rows[T](out)
	for range fetchRows {
		v, err, ok := r.next()
		if err != nil {
			return source.Split{}, err
		}
		if !ok {
			column.SetRows(out, rows)
			return splitOf(r.part, r.read), source.ErrDone
		}
		rows = append(rows, v)
		r.read++
	}
	column.SetRows(out, rows)
	return splitOf(r.part, r.read), nil
}

func (r *reader[T]) end() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// Close implements source.Reader.
func (r *reader[T]) Close() error {
	r.end()
	return nil
}
