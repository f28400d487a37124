package relational

import (
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/changelog"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// ChangelogNormalize makes the rows that are left at the end of the input out of changes, whose kinds are the last column: what was added
// and not taken back. Changes of equal rows must meet at it; they may come in any order.
//
//	+I(a, 1) +I(b, 2) -U(a, 1) +U(a, 3) -> (b, 2) (a, 3)
type ChangelogNormalize struct {
	operator.Base
	Input []datatype.Type

	rest SetOperation // what is added EXCEPT ALL what is taken back
}

// Output are the types of the input without the kinds.
func (c *ChangelogNormalize) Output() []datatype.Type { return c.Input[:len(c.Input)-1] }

// Open implements operator.Operator.
func (c *ChangelogNormalize) Open(ctx *operator.Context) error {
	c.rest = SetOperation{Left: c.Output(), Right: c.Output(), Kind: Except, All: true, ended: 1}
	return c.rest.Open(ctx)
}

// Process implements operator.Operator.
func (c *ChangelogNormalize) Process(_ int, b *column.Batch) (bool, error) {
	v := column.Vectors(b)
	rows := c.Output()
	kinds := v.Columns[len(rows)]
	added, removed := vector.New(datatype.BigInt.Required(), v.Length), vector.New(datatype.BigInt.Required(), v.Length)
	plus, minus := vector.Values[int64](added), vector.Values[int64](removed)
	for i := range v.Length {
		plus[i], minus[i] = 0, 1
		if changelog.Kind(vector.Values[int8](kinds)[kinds.At(i)]).Adds() {
			plus[i], minus[i] = 1, 0
		}
	}
	counted := &vector.Batch{Length: v.Length, Selection: v.Selection}
	counted.Columns = append(append(counted.Columns, v.Columns[:len(rows)]...), added, removed)
	more, err := c.rest.count.Process(0, column.OfVectors(counted))
	b.Release()
	return more, err
}

// EndInput implements operator.Operator.
func (c *ChangelogNormalize) EndInput(int) (bool, error) { return c.rest.EndInput(0) }

// Resume implements operator.Operator.
func (c *ChangelogNormalize) Resume() (bool, error) { return c.rest.Resume() }

// Close implements operator.Operator.
func (c *ChangelogNormalize) Close() error { return c.rest.Close() }
