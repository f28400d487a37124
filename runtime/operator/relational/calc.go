package relational

import (
	"fmt"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Calc keeps the rows for which a condition is true and computes columns of them.
//
//	Calc{Condition: $0 > 1, Projections: [$1, $0 + 1]}: (1, a) (2, b) -> (b, 3)
//
// Without columns in Projections the number of rows is all that goes on.
type Calc struct {
	operator.Base
	Input       []datatype.Type
	Condition   expr.Expr   // nil: all rows
	Projections []expr.Expr // nil: the columns of the input
	Options     kernel.Options

	out       *operator.Output
	pool      *column.Pool
	condition *kernel.Evaluator
	columns   []calcColumn
	used      []int // columns of the input that are projected or computed with
}

// calcColumn is where a column of the result comes from.
type calcColumn struct {
	of        datatype.Type
	evaluator *kernel.Evaluator // nil: from is it
	from      int               // a column of the input
	last      bool              // nobody reads it after this
}

// sparse is the part of the rows, 1 of sparse, below which those that stay are copied together.
const sparse = 4

// Output are the types of the projections.
func (c *Calc) Output() []datatype.Type {
	if c.Projections == nil {
		return c.Input
	}
	out := make([]datatype.Type, len(c.Projections))
	for i, e := range c.Projections {
		out[i] = e.Type()
	}
	return out
}

// Open compiles the expressions.
func (c *Calc) Open(ctx *operator.Context) error {
	c.out = ctx.Output(0)
	if c.Condition != nil {
		if t := c.Condition.Type(); t.Kind != datatype.KindBoolean {
			return fmt.Errorf("the condition %s is %s, not BOOLEAN", c.Condition, t)
		}
		var err error
		if c.condition, err = kernel.Compile(c.Condition, c.Input, c.Options); err != nil {
			return err
		}
	}
	if c.Projections == nil {
		return nil
	}
	c.pool = column.PoolLike(column.NewVectors(c.Output()))
	used, last := make([]bool, len(c.Input)), map[int]int{}
	for i, e := range c.Projections {
		col := calcColumn{of: e.Type()}
		if ref, ok := e.(expr.Column); ok && ref.Index < len(c.Input) && c.Input[ref.Index].EqualButNull(ref.Of) {
			col.from, last[ref.Index] = ref.Index, i
		} else {
			var err error
			if col.evaluator, err = kernel.Compile(e, c.Input, c.Options); err != nil {
				return err
			}
		}
		expr.Walk(e, func(e expr.Expr) bool {
			if ref, ok := e.(expr.Column); ok {
				used[ref.Index] = true
			}
			return true
		})
		c.columns = append(c.columns, col)
	}
	for _, i := range last {
		c.columns[i].last = true
	}
	for i, is := range used {
		if is {
			c.used = append(c.used, i)
		}
	}
	return nil
}

// Process implements operator.Operator.
func (c *Calc) Process(_ int, b *column.Batch) (bool, error) {
	in := column.Vectors(b)
	if c.condition != nil {
		if err := c.filter(in); err != nil {
			return false, err
		}
	}
	if c.Projections == nil || in.Rows() == 0 {
		c.out.Emit(b)
		return false, nil
	}
	out := c.pool.Get()
	if err := c.project(in, column.Vectors(out)); err != nil {
		return false, err
	}
	b.Release()
	c.out.Emit(out)
	return false, nil
}

// filter selects the rows for which the condition is true.
func (c *Calc) filter(in *vector.Batch) error {
	v, err := c.condition.Evaluate(in)
	if err != nil {
		return err
	}
	kept := vector.Select(nil, v, in.Length, in.Selection)
	if len(kept) < in.Length {
		in.Selection = kept
	}
	return nil
}

// project fills out with what is computed of in, whose columns it may take.
func (c *Calc) project(in, out *vector.Batch) error {
	if len(in.Selection) > 0 && len(in.Selection) < in.Length/sparse {
		c.gather(in)
	}
	out.Length, out.Selection = in.Length, in.Selection
	for i, col := range c.columns {
		if col.evaluator == nil {
			continue
		}
		v, err := col.evaluator.Evaluate(in)
		if err != nil {
			return err
		}
		c.take(out.Columns[i], v, in)
		out.Columns[i].Type = col.of
	}
	for i, col := range c.columns {
		if col.evaluator != nil {
			continue
		}
		v := in.Columns[col.from]
		if col.last {
			in.Columns[col.from], out.Columns[i] = out.Columns[i], v
			in.Columns[col.from].Reset(c.Input[col.from], 0)
		} else {
			copyOf(out.Columns[i], v)
		}
		out.Columns[i].Type = col.of
	}
	return nil
}

// gather copies the selected rows of the columns that are used together.
func (c *Calc) gather(in *vector.Batch) {
	for _, i := range c.used {
		if v := in.Columns[i]; !v.Constant {
			dense := vector.New(v.Type, 0)
			dense.Append(v, in.Selection)
			in.Columns[i] = dense
		}
	}
	in.Length, in.Selection = len(in.Selection), nil
}

// take makes dst what an evaluator has computed: its memory, for that of dst, unless others read it.
func (c *Calc) take(dst, v *vector.Vector, in *vector.Batch) {
	if v.Constant || holds(in.Columns, v) {
		copyOf(dst, v)
		return
	}
	*dst, *v = *v, *dst
}

// holds says whether v is one of the vectors or inside one.
func holds(vectors []*vector.Vector, v *vector.Vector) bool {
	for _, i := range vectors {
		if i == v || i.Type.IsNested() && holds(i.Children, v) {
			return true
		}
	}
	return false
}

// copyOf makes dst a copy of v, a constant of a constant.
func copyOf(dst, v *vector.Vector) {
	dst.Reset(v.Type, 0)
	dst.AppendRange(v, 0, v.Len())
	dst.Constant = v.Constant
}
