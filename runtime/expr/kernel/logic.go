package kernel

import (
	"slices"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// specials are the functions that decide which of their arguments are evaluated.
var specials = map[string]func(c *compiler, args []node, result datatype.Type) (node, error){
	"AND": func(_ *compiler, args []node, t datatype.Type) (node, error) {
		return &logicNode{args: args, result: t}, nil
	},
	"OR": func(_ *compiler, args []node, t datatype.Type) (node, error) {
		return &logicNode{args: args, result: t, or: true}, nil
	},
	"CASE":     caseOf,
	"IF":       caseOf,
	"COALESCE": coalesceOf,
	"IFNULL":   coalesceOf,
}

// logicNode is AND or OR, three-valued. A row is decided by the first argument that is FALSE (of OR: TRUE); later ones are evaluated
// only for the rows that are not decided.
type logicNode struct {
	args   []node
	result datatype.Type
	or     bool
	rest   [2][]int32
	out    vector.Vector
}

func (n *logicNode) of() datatype.Type { return n.result }

func (n *logicNode) eval(b *vector.Batch, selection []int32) (*vector.Vector, error) {
	n.out.Reset(n.result, b.Length)
	values := vector.Values[bool](&n.out)
	for i := range values {
		values[i] = !n.or
	}
	for k, a := range n.args {
		v, err := a.eval(b, selection)
		if err != nil {
			return nil, err
		}
		rest := n.rest[k%2][:0]
		from, mask := vector.Values[bool](v), v.Mask()
		if v.Valid == nil && n.out.Valid == nil && !v.Constant {
			rest = n.decide(values, from, selection, rest)
			if n.rest[k%2] = rest; len(rest) == 0 {
				break
			}
			selection = rest
			continue
		}
		each(b.Length, selection, func(i int) {
			switch {
			case v.Valid != nil && v.IsNull(i):
				n.out.SetNull(i)
				rest = append(rest, int32(i))
			case from[i&mask] == n.or:
				values[i] = n.or
				if n.out.Valid != nil {
					n.out.Valid.Set(i)
				}
			default:
				rest = append(rest, int32(i))
			}
		})
		if n.rest[k%2] = rest; len(rest) == 0 {
			break
		}
		selection = rest
	}
	return &n.out, nil
}

// decide takes over what the selected rows are where nothing is NULL, and gives those that are not decided.
func (n *logicNode) decide(values, from []bool, selection, rest []int32) []int32 {
	count := len(selection)
	if selection == nil {
		count = len(values)
	}
	rest = slices.Grow(rest, count)[:count]
	k := 0
	if selection == nil {
		for i, is := range from[:count] {
			values[i], rest[k] = is, int32(i)
			if is != n.or {
				k++
			}
		}
		return rest[:k]
	}
	for _, i := range selection {
		is := from[i]
		values[i], rest[k] = is, i
		if is != n.or {
			k++
		}
	}
	return rest[:k]
}

// each calls for the selected rows.
func each(length int, selection []int32, visit func(i int)) {
	if selection == nil {
		for i := range length {
			visit(i)
		}
		return
	}
	for _, i := range selection {
		visit(int(i))
	}
}

// truth are tests of a BOOLEAN that are never NULL: what they make of TRUE, FALSE and NULL.
func truth(ofTrue, ofFalse, ofNull bool) entry {
	return entry{nulls: true, of: always(rows(func(f *frame) error {
		switch {
		case f.null(0):
			f.putBool(ofNull)
		case f.bool(0):
			f.putBool(ofTrue)
		default:
			f.putBool(ofFalse)
		}
		return nil
	}))}
}

var logicKernels = map[string]entry{
	"NOT":            {of: always(func(f *frame) error { return mapValues(f, func(a bool) bool { return !a }) })},
	"IS TRUE":        truth(true, false, false),
	"IS NOT TRUE":    truth(false, true, true),
	"IS FALSE":       truth(false, true, false),
	"IS NOT FALSE":   truth(true, false, true),
	"IS UNKNOWN":     truth(false, false, true),
	"IS NOT UNKNOWN": truth(true, true, false),
	"IS NULL":        {nulls: true, of: always(nullTest(true))},
	"IS NOT NULL":    {nulls: true, of: always(nullTest(false))},
}

func nullTest(want bool) kernel {
	return func(f *frame) error {
		out := vector.Values[bool](f.out)
		for i := range out {
			out[i] = f.args[0].IsNull(i) == want
		}
		return nil
	}
}
