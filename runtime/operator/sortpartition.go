package operator

import (
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// SortPartition sorts all rows of its sub-task, on disk what exceeds the memory budget. Equal rows stay in the order of
// their arrival.
//
//	SortPartition: [3 1 2] -> [1 2 3]
type SortPartition[T any] struct {
	Base
	// Order says by what to sort; it is shared by the sub-tasks.
	Order spill.SortOptions[T]

	ctx    *Context
	sorter *spill.Sorter[T]
	rows   *spill.Iterator[T] // nil until all rows are there
	pool   *column.Pool
}

// Unsaved implements Unsaved.
func (*SortPartition[T]) Unsaved() string { return "the rows that are being sorted" }

// Open implements Operator.
func (s *SortPartition[T]) Open(ctx *Context) error {
	codec, err := column.CodecOf[T]()
	if err != nil {
		return err
	}
	s.ctx, s.pool = ctx, column.NewPool[T]()
	s.sorter = spill.NewSorter(ctx.Memory, ctx.Spill, codec, s.Order)
	return nil
}

// Process implements Operator.
func (s *SortPartition[T]) Process(_ int, b *column.Batch) (bool, error) {
	defer b.Release()
	return false, s.sorter.Add(b)
}

// Advance implements Operator: the sorted rows come before the end of time.
func (s *SortPartition[T]) Advance(watermark int64) (more bool, err error) {
	if watermark != shuffle.MaxWatermark {
		return false, nil
	}
	if s.rows, err = s.sorter.Sort(s.ctx); err != nil {
		return false, err
	}
	return s.Resume()
}

// Resume implements Operator: it emits a batch.
func (s *SortPartition[T]) Resume() (more bool, err error) {
	b := s.pool.Get()
	if more, err = s.rows.Next(b); err != nil {
		b.Release()
		return false, err
	}
	s.ctx.Output(0).Emit(b)
	return more, nil
}

// Close implements Operator.
func (s *SortPartition[T]) Close() error {
	if s.sorter == nil {
		return nil
	}
	return s.sorter.Close()
}
