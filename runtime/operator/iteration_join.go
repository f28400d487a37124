package operator

import (
	"errors"
	"math/bits"

	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// IterationJoin is a Join in the body of an iteration: input 0, left, is of the iteration and new in each superstep; input 1,
// right, comes from outside, is read once and kept. Its table is built once if it fits into memory. Otherwise its rows lie on
// disk in partitions by key hash, left rows are partitioned as they come, and at the end of a superstep one partition after the
// other is loaded and joined. A partition that exceeds the budget alone, because of one frequent key, is loaded all the same.
type IterationJoin[L, R any, K comparable, O any] struct {
	Join[L, R, K, O]

	all    *spill.Queue[R]      // right rows that did not fit, until they are partitioned
	rights *spill.Partitions[R] // nil if the table holds all
	lefts  *spill.Partitions[L] // of the superstep
	bits   int                  // that make the partitions
	part   int                  // the partition that is loaded
	ending bool                 // the superstep is
}

const (
	// loadFactor is how much smaller than the memory a partition shall be, for it is loaded with a table and beside others.
	loadFactor = 4
	// maxPartitionBits limits the buffers of partitions that are being written.
	maxPartitionBits = 6
)

// Process implements Operator.
func (j *IterationJoin[L, R, K, O]) Process(in int, b *column.Batch) (bool, error) {
	switch {
	case in == 1:
		return false, j.addRight(b)
	case !j.built:
		return false, j.waiting.Push(b)
	case j.rights != nil:
		return false, j.setAside(b)
	}
	j.begin(b)
	return j.Resume()
}

// addRight keeps right rows: in the table, or when that does not fit in a queue.
func (j *IterationJoin[L, R, K, O]) addRight(b *column.Batch) error {
	withHashes(&j.Right, b)
	if j.all != nil {
		return j.all.Push(b)
	}
	need := j.rightSize(b)
	err := j.ctx.Memory.Acquire(need)
	var full *spill.Error
	switch {
	case err == nil:
		j.build.held += need
		j.build.add(b)
		b.Release()
		return nil
	case !errors.As(err, &full) || full.Kind != spill.Budget:
		b.Release()
		return err
	}
	j.all = spill.NewQueue(j.ctx.Memory, j.ctx.Spill, j.rightCodec, 0)
	chunks := j.build.chunks
	j.ctx.Memory.Release(j.build.reset())
	for _, chunk := range append(chunks, b) {
		withHashes(&j.Right, chunk)
		if err := j.all.Push(chunk); err != nil {
			return err
		}
	}
	return nil
}

// setAside keeps left rows until their partition is loaded.
func (j *IterationJoin[L, R, K, O]) setAside(b *column.Batch) error {
	withHashes(&j.Left, b)
	defer b.Release()
	return j.lefts.Add(b)
}

// EndInput implements Operator.
func (j *IterationJoin[L, R, K, O]) EndInput(in int) (bool, error) {
	if in == 0 {
		return false, nil
	}
	if j.all != nil {
		if err := j.partition(); err != nil {
			return false, err
		}
		j.built = true
	} else {
		j.buildTable()
	}
	return j.Resume()
}

// Advance implements Operator: a superstep ends by EndSuperstep.
func (j *IterationJoin[L, R, K, O]) Advance(int64) (bool, error) { return false, nil }

// partition spreads the right rows over partitions each of which fits into a part of the memory.
func (j *IterationJoin[L, R, K, O]) partition() (err error) {
	room := max(1, j.ctx.Memory.Budget()/loadFactor)
	j.bits = min(maxPartitionBits, max(1, bits.Len64(uint64(j.all.Bytes()/room))))
	if j.rights, err = spill.NewPartitions(j.ctx.Memory, j.ctx.Spill, j.rightCodec, j.bits, 0); err != nil {
		return err
	}
	if err := j.all.Scan(j.rights.Add); err != nil {
		return err
	}
	if err := errors.Join(j.rights.Finish(), j.all.Close()); err != nil {
		return err
	}
	return j.newLefts()
}

func (j *IterationJoin[L, R, K, O]) newLefts() (err error) {
	j.lefts, err = spill.NewPartitions(j.ctx.Memory, j.ctx.Spill, j.leftCodec, j.bits, 0)
	return err
}

// EndSuperstep implements SuperstepListener.
func (j *IterationJoin[L, R, K, O]) EndSuperstep() (bool, error) {
	j.ending = true
	if j.rights == nil {
		return j.Resume()
	}
	j.part = 0
	return true, errors.Join(j.lefts.Finish(), j.load())
}

// load makes the table of a partition.
func (j *IterationJoin[L, R, K, O]) load() error {
	j.ctx.Memory.Release(j.build.reset())
	err := j.rights.Partition(j.part).Scan(func(b *column.Batch) error {
		need := j.rightSize(b)
		var full *spill.Error
		if err := j.ctx.Memory.Acquire(need); errors.As(err, &full) && full.Kind == spill.Budget {
			j.ctx.Memory.Overdraw(need)
		} else if err != nil {
			return err
		}
		j.build.held += need
		j.build.add(b)
		return nil
	})
	j.buildTable()
	return err
}

// Resume implements Operator.
func (j *IterationJoin[L, R, K, O]) Resume() (bool, error) {
	j.pace.begin()
	defer j.out.Flush()
	if !j.built {
		return false, nil
	}
	if j.probe != nil {
		if more, err := j.probeSome(); more || err != nil {
			return more, err
		}
	}
	b, err := j.waiting.Pop()
	switch {
	case err != nil:
		return false, err
	case b != nil && j.rights != nil:
		return true, j.setAside(b)
	case b != nil:
		j.begin(b)
		return true, nil
	case !j.ending:
		return false, nil
	}
	if j.rights != nil {
		if b, err = j.lefts.Partition(j.part).Pop(); err != nil {
			return false, err
		}
		if b != nil {
			j.begin(b)
			return true, nil
		}
	}
	if more, err := j.emitOrphans(); more || err != nil {
		return more, err
	}
	return j.next()
}

// next goes on to the next partition, or ends the superstep.
func (j *IterationJoin[L, R, K, O]) next() (more bool, err error) {
	j.orphan = 0
	clear(j.build.matched)
	if j.part++; j.rights != nil && j.part < j.rights.Len() {
		return true, j.load()
	}
	j.ending = false
	if j.rights == nil {
		return false, nil
	}
	if err := j.lefts.Close(); err != nil {
		return false, err
	}
	return false, j.newLefts()
}

// Close implements Operator.
func (j *IterationJoin[L, R, K, O]) Close() error {
	err := j.Join.Close()
	if j.all != nil {
		err = errors.Join(err, j.all.Close())
	}
	if j.rights != nil {
		err = errors.Join(err, j.rights.Close())
	}
	if j.lefts != nil {
		err = errors.Join(err, j.lefts.Close())
	}
	return err
}

// TurnedJoin is f for left and right exchanged.
func TurnedJoin[L, R, O any](f BoundedJoinFunction[L, R, O]) BoundedJoinFunction[R, L, O] {
	return turnedJoin[L, R, O]{f}
}

type turnedJoin[L, R, O any] struct{ f BoundedJoinFunction[L, R, O] }

func (t turnedJoin[L, R, O]) Join(ctx *FunctionContext, left *R, right *L, out *Collector[O]) error {
	return t.f.Join(ctx, right, left, out)
}

// Open implements Opener.
func (t turnedJoin[L, R, O]) Open(ctx *FunctionContext) error { return openFunction(t.f, ctx) }

// Close implements Closer.
func (t turnedJoin[L, R, O]) Close() error { return closeFunction(t.f) }
