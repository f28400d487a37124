package spill

import (
	"cmp"
	"context"
	"errors"

	"github.com/leatproject/leat/storage/column"
)

// fanIn is how many runs may be merged at once: half of the budget has to hold their buffers.
func (s *Sorter[T]) fanIn() int {
	return max(2, min(s.opt.FanIn, max(4, int(s.mem.Budget()/2/(minBuffer+2*frameBytes)))))
}

// readBuffer is the read-ahead of each of n runs.
func (s *Sorter[T]) readBuffer(n int) int {
	return int(max(minBuffer, min(bufferSize, s.mem.Budget()/4/int64(n))))
}

// mergeCost is the memory for merging n runs.
func (s *Sorter[T]) mergeCost(n int) int64 {
	n = min(n, s.fanIn())
	return int64(n) * int64(s.readBuffer(n)+2*frameBytes)
}

// mergePasses merges neighbouring runs, no more than necessary, until the rest can be merged at once together with so
// many other sources.
func (s *Sorter[T]) mergePasses(ctx context.Context, others int) error {
	fanIn := s.fanIn()
	for len(s.runs)+others > fanIn {
		var merged []*file
		excess := len(s.runs) + others - fanIn
		for len(s.runs) > 1 && excess > 0 {
			n := min(fanIn, excess+1, len(s.runs))
			run, err := s.mergeRuns(ctx, n)
			if err != nil {
				s.runs = append(merged, s.runs...)
				return err
			}
			merged = append(merged, run)
			excess -= n - 1
		}
		s.runs = append(merged, s.runs...)
	}
	return nil
}

// mergeRuns takes the first n runs and returns one.
func (s *Sorter[T]) mergeRuns(ctx context.Context, n int) (run *file, err error) {
	runs := s.runs[:n]
	s.runs = s.runs[n:]
	it, err := newIterator(s, runs, false)
	defer func() { err = errors.Join(err, it.close()) }()
	if err != nil {
		return nil, err
	}
	w, err := newFrameWriter(s.mem, s.dir, s.codec)
	if err != nil {
		return nil, err
	}
	out := column.NewBatch[T]()
	for {
		more, err := it.Next(out)
		if err = cmp.Or(err, ctx.Err()); err != nil {
			return nil, w.abort(err)
		}
		if !more {
			return w.finish()
		}
		if err := w.write(frame[T]{column.Rows[T](out), out.Times, out.Hashes}); err != nil {
			return nil, w.abort(err)
		}
		column.SetRows(out, column.Rows[T](out)[:0])
		out.Times, out.Hashes = out.Times[:0], out.Hashes[:0]
	}
}
