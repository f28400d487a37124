package relational

import (
	"errors"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/runtimefilter"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// RuntimeFilterBuild gives, at the end, one row: what is known of the keys of all rows, as package runtimefilter writes it. When there is
// no memory for the keys, that is a filter that drops nothing.
type RuntimeFilterBuild struct {
	operator.Base
	Input []datatype.Type
	Keys  []int // columns

	ctx     *operator.Context
	builder *runtimefilter.Builder
	keys    []*vector.Vector
	held    int64
}

// Output is one VARBINARY.
func (*RuntimeFilterBuild) Output() []datatype.Type {
	return []datatype.Type{datatype.Bytes.Required()}
}

// Unsaved implements operator.Unsaved.
func (*RuntimeFilterBuild) Unsaved() string { return "the keys of a bounded join" }

// Open implements operator.Operator.
func (f *RuntimeFilterBuild) Open(ctx *operator.Context) error {
	f.ctx = ctx
	types := make([]datatype.Type, len(f.Keys))
	for i, k := range f.Keys {
		types[i] = f.Input[k]
	}
	f.builder = runtimefilter.NewBuilder(types, ctx.Parallelism)
	return nil
}

// Process implements operator.Operator.
func (f *RuntimeFilterBuild) Process(_ int, b *column.Batch) (bool, error) {
	defer b.Release()
	v := column.Vectors(b)
	f.keys = f.keys[:0]
	for _, k := range f.Keys {
		f.keys = append(f.keys, v.Columns[k])
	}
	f.builder.Add(f.keys, v.Rows(), v.Selection)
	grown := f.builder.Size() - f.held
	if grown <= 0 {
		return false, nil
	}
	err := f.ctx.Memory.Acquire(grown)
	var full *spill.Error
	if errors.As(err, &full) && full.Kind == spill.Budget {
		f.builder.GiveUp()
		return false, nil
	}
	if err == nil {
		f.held += grown
	}
	return false, err
}

// EndInput implements operator.Operator.
func (f *RuntimeFilterBuild) EndInput(int) (bool, error) {
	text, err := f.builder.Filter().AppendBinary(nil)
	if err != nil {
		return false, err
	}
	b := column.NewVectors(f.Output())
	out := column.Vectors(b)
	out.Length = 1
	out.Columns[0].Reset(f.Output()[0], 1)
	out.Columns[0].PutBytes(0, text)
	out.Columns[0].Finish()
	f.ctx.Output(0).Emit(b)
	return false, nil
}

// Close implements operator.Operator.
func (f *RuntimeFilterBuild) Close() error {
	if f.ctx != nil {
		f.ctx.Memory.Release(f.held)
		f.held = 0
	}
	return nil
}
