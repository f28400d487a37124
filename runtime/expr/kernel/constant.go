package kernel

import (
	"fmt"
	"math/big"
	"time"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// constantNode is a literal: a vector of one value.
type constantNode struct{ v *vector.Vector }

func (n *constantNode) of() datatype.Type { return n.v.Type }

func (n *constantNode) eval(*vector.Batch, []int32) (*vector.Vector, error) { return n.v, nil }

// constant makes a vector of a literal. Symbols become texts.
func constant(l expr.Literal) (node, error) {
	t := l.Of
	if t.Kind == datatype.KindSymbol {
		t = datatype.String.Required()
	}
	v := vector.New(t, 1)
	v.Constant = true
	f := frame{out: v, zone: time.UTC}
	switch x := l.Value.(type) {
	case nil:
		v.SetNull(0)
	case bool:
		f.putBool(x)
	case int64:
		f.putInt(x)
	case float64:
		f.putFloat(x)
	case *big.Int:
		d, ok := decimal.FromBig(x)
		if !ok {
			return nil, fmt.Errorf("the constant %s has more than 38 digits", l)
		}
		f.putDecimal(d)
	case string:
		f.putText([]byte(x))
	case []byte:
		f.putText(x)
	case time.Time:
		f.putInstant(x.UnixMilli(), int32(x.Nanosecond()%1e6))
	default:
		return nil, fmt.Errorf("a constant of type %s is not vectorised yet", l.Of)
	}
	v.Finish()
	return &constantNode{v}, nil
}
