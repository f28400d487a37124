package relational

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// rig is the task of one operator: it makes the calls that a task would make and keeps what comes out, row by row as text.
type rig struct {
	t    testing.TB
	op   operator.Operator
	ctx  *operator.Context
	rows []string
	keep func(b *column.Batch) // instead of rows
}

const plenty = 1 << 30

func newRig(t testing.TB, op operator.Operator, inputs int, memory int64) *rig {
	r := &rig{t: t, op: op, ctx: &operator.Context{Context: context.Background(), Name: "op", Mode: operator.Batch, Parallelism: 1,
		MaxParallelism: 128, Inputs: inputs, Clock: clock.Real, Logger: slog.Default(), Metrics: new(operator.Metrics),
		Memory: spill.NewMemory(memory)}}
	dir, err := spill.OpenDir([]string{t.TempDir()}, spill.DirOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dir.Close()) })
	r.ctx.Spill = dir
	r.ctx.Outputs = []*operator.Output{{Signal: func(shuffle.Element) {}, Send: func(b *column.Batch) {
		if r.keep != nil {
			r.keep(b)
			return
		}
		r.rows = append(r.rows, textRows(column.Vectors(b))...)
		b.Release()
	}}}
	return r
}

// textRows are the rows that count, each as its values with | between them.
func textRows(b *vector.Batch) []string {
	var out []string
	for i := range b.Rows() {
		if b.Selection != nil {
			i = int(b.Selection[i])
		}
		values := make([]string, len(b.Columns))
		for k, v := range b.Columns {
			values[k] = strings.ReplaceAll(v.Show(i), `"`, "")
		}
		out = append(out, strings.Join(values, "|"))
	}
	return out
}

func (r *rig) call(more bool, err error) error {
	for more && err == nil {
		more, err = r.op.Resume()
	}
	return err
}

// run feeds batches to input 0, those of second to input 1, ends both and closes.
func (r *rig) run(batches []*vector.Batch, second ...*vector.Batch) error {
	err := r.op.Open(r.ctx)
	feed := func(in int, batches []*vector.Batch) {
		for _, b := range batches {
			if err == nil && b.Rows() > 0 {
				err = r.call(r.op.Process(in, column.OfVectors(b)))
			}
		}
		if err == nil {
			err = r.call(r.op.EndInput(in))
		}
	}
	if r.ctx.Inputs > 1 {
		feed(1, second)
	}
	feed(0, batches)
	if e := r.op.Close(); err == nil {
		err = e
	}
	require.Zero(r.t, r.ctx.Memory.Used(), "memory is given back")
	require.Zero(r.t, r.ctx.Spill.Live(), "files are removed")
	return err
}

func col[T vector.Fixed](t datatype.Type, values ...T) *vector.Vector {
	v := vector.New(t, len(values))
	copy(vector.Values[T](v), values)
	return v
}

func texts(values ...string) *vector.Vector {
	v := vector.New(datatype.String, len(values))
	for i, s := range values {
		v.PutBytes(i, []byte(s))
	}
	v.Finish()
	return v
}

// nulls makes rows of a vector NULL.
func nulls(v *vector.Vector, rows ...int) *vector.Vector {
	for _, i := range rows {
		v.SetNull(i)
	}
	return v
}

func batch(columns ...*vector.Vector) *vector.Batch {
	return &vector.Batch{Length: columns[0].Len(), Columns: columns}
}
