package relationaltest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// Plenty is memory that no test uses up, Scarce so little that nearly everything is spilled.
const (
	Plenty = 1 << 30
	Scarce = 1 << 10
)

// Rig is the task of one operator.
type Rig struct {
	t    require.TestingT
	op   operator.Operator
	ctx  *operator.Context
	rows []Row
	// Batches is how many batches were emitted. With Discard their rows are not kept.
	Batches int
	Discard bool
}

// Dir is a place to spill to that goes with the test.
func Dir(t testing.TB) *spill.Dir {
	dir, err := spill.OpenDir([]string{t.TempDir()}, spill.DirOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Close()) })
	return dir
}

// Context is what an operator is opened with.
func Context(memory int64, dir *spill.Dir) *operator.Context {
	return &operator.Context{
		Context: context.Background(), Name: "test", Parallelism: 1, MaxParallelism: 128, Mode: operator.Batch, Inputs: 1,
		Clock: clock.NewVirtual(time.UnixMilli(0)), Logger: slog.New(slog.DiscardHandler), Metrics: &operator.Metrics{},
		Memory: spill.NewMemory(memory), Spill: dir, Wake: func() {},
	}
}

// Open opens an operator with a budget of memory in bytes.
func Open(t require.TestingT, op operator.Operator, inputs int, memory int64, dir *spill.Dir) *Rig {
	r := &Rig{t: t, op: op, ctx: Context(memory, dir)}
	r.ctx.Inputs = inputs
	r.ctx.Outputs = []*operator.Output{{Signal: func(shuffle.Element) {}, Send: func(b *column.Batch) {
		require.LessOrEqual(t, b.Len(), column.MaxRows)
		if !r.Discard {
			r.rows = append(r.rows, RowsOf(column.Vectors(b))...)
		}
		r.Batches++
		b.Release()
	}}}
	require.NoError(t, op.Open(r.ctx))
	return r
}

// Process gives the operator a batch and lets it work until it is done with it.
func (r *Rig) Process(in int, b *vector.Batch) {
	if b.Rows() > 0 {
		require.NoError(r.t, r.Finish(r.op.Process(in, column.OfVectors(b))))
	}
}

// End ends an input.
func (r *Rig) End(in int) { require.NoError(r.t, r.Finish(r.op.EndInput(in))) }

// Finish resumes a call until it is done.
func (r *Rig) Finish(more bool, err error) error {
	for more && err == nil {
		more, err = r.op.Resume()
	}
	return err
}

// Rows closes the operator, which must have given back its memory then, and returns what it has emitted.
func (r *Rig) Rows() []Row {
	require.NoError(r.t, r.op.Close())
	require.Zero(r.t, r.ctx.Memory.Used(), "memory that was not given back")
	return r.rows
}

// Spills is how often memory was taken away.
func (r *Rig) Spills() int64 { return r.ctx.Memory.Spills() }

// Run gives an operator with one input all batches and returns what it has emitted.
func Run(t require.TestingT, op operator.Operator, memory int64, dir *spill.Dir, batches []*vector.Batch) []Row {
	r := Open(t, op, 1, memory, dir)
	for _, b := range batches {
		r.Process(0, b)
	}
	r.End(0)
	return r.Rows()
}
