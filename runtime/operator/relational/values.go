package relational

import (
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// batchRows is how many rows an operator puts into a batch that it fills itself.
const batchRows = 4096

// Values is a source of constant rows. Only its first sub-task gives them.
type Values struct {
	operator.Base
	Columns []datatype.Type
	Rows    [][]expr.Expr // without columns of an input; of a row without columns only the number counts
	Options kernel.Options

	out  *operator.Output
	rows [][]*kernel.Evaluator
}

// Output are the types of the columns.
func (o *Values) Output() []datatype.Type { return o.Columns }

// Open compiles the rows.
func (o *Values) Open(ctx *operator.Context) error {
	o.out = ctx.Output(0)
	if ctx.Subtask > 0 {
		return nil
	}
	o.rows = make([][]*kernel.Evaluator, len(o.Rows))
	for i, r := range o.Rows {
		for _, e := range r {
			v, err := kernel.Compile(e, nil, o.Options)
			if err != nil {
				return err
			}
			o.rows[i] = append(o.rows[i], v)
		}
	}
	return nil
}

// Process implements operator.Operator; there is no input.
func (o *Values) Process(_ int, b *column.Batch) (bool, error) {
	b.Release()
	return false, nil
}

// Poll implements operator.SourceOperator.
func (o *Values) Poll() (operator.Availability, error) {
	if len(o.rows) == 0 {
		return operator.Ended, nil
	}
	part := o.rows[:min(batchRows, len(o.rows))]
	o.rows = o.rows[len(part):]
	out, one := vector.NewBatch(o.Columns), &vector.Batch{Length: 1}
	out.Length = len(part)
	for _, r := range part {
		for k, e := range r {
			v, err := e.Evaluate(one)
			if err != nil {
				return operator.Ended, err
			}
			out.Columns[k].AppendRange(v, 0, 1)
		}
	}
	o.out.Emit(column.OfVectors(out))
	if len(o.rows) == 0 {
		return operator.Ended, nil
	}
	return operator.Ready, nil
}
