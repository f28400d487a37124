package kernel

import (
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// choiceNode is CASE and COALESCE: each row takes one of the results, which are evaluated only for the rows that take them.
type choiceNode struct {
	conditions []node // nil of COALESCE: a result is taken where it is not NULL
	results    []node // one more than conditions
	result     datatype.Type
	rest, take [][]int32
	choice     []uint16
	values     []*vector.Vector
	out        vector.Vector
}

// caseOf is CASE and IF: conditions and results in turn and the default last.
func caseOf(c *compiler, args []node, result datatype.Type) (node, error) {
	n := &choiceNode{result: result}
	for i, a := range args {
		if i%2 == 0 && i < len(args)-1 {
			n.conditions = append(n.conditions, a)
		} else {
			n.results = append(n.results, a)
		}
	}
	return n.typed(c)
}

func coalesceOf(c *compiler, args []node, result datatype.Type) (node, error) {
	return (&choiceNode{results: args, result: result}).typed(c)
}

// typed brings results to the layout of the whole.
func (n *choiceNode) typed(c *compiler) (node, error) {
	for i, r := range n.results {
		cast, err := c.cast(r, n.result.WithNull(!r.of().NotNull), false)
		if err != nil {
			return nil, err
		}
		n.results[i] = cast
	}
	n.rest, n.take = make([][]int32, len(n.results)), make([][]int32, len(n.results))
	n.values = make([]*vector.Vector, len(n.results))
	return n, nil
}

func (n *choiceNode) of() datatype.Type { return n.result }

func (n *choiceNode) eval(b *vector.Batch, selection []int32) (*vector.Vector, error) {
	if cap(n.choice) < b.Length {
		n.choice = make([]uint16, b.Length)
	}
	n.choice = n.choice[:b.Length]
	all, left := selection, selection
	for k := range n.results {
		take, err := n.split(b, k, left)
		if err != nil {
			return nil, err
		}
		for _, i := range take {
			n.choice[i] = uint16(k)
		}
		if left = n.rest[k]; len(left) == 0 {
			break
		}
	}
	n.out.Reset(n.result, b.Length)
	each(b.Length, all, func(i int) { n.out.Copy(i, n.values[n.choice[i]], i) })
	return finished(&n.out)
}

// split evaluates what decides on the result k and, for the rows that take it, the result; the other rows are left in rest.
func (n *choiceNode) split(b *vector.Batch, k int, left []int32) ([]int32, error) {
	take, rest := n.take[k][:0], n.rest[k][:0]
	last := k == len(n.results)-1
	var decides *vector.Vector
	var err error
	switch {
	case n.conditions == nil:
		decides, err = n.results[k].eval(b, left)
		n.values[k] = decides
	case !last:
		decides, err = n.conditions[k].eval(b, left)
	}
	if err != nil {
		return nil, err
	}
	each(b.Length, left, func(i int) {
		if last || !decides.IsNull(i) && (n.conditions == nil || vector.Values[bool](decides)[decides.At(i)]) {
			take = append(take, int32(i))
		} else {
			rest = append(rest, int32(i))
		}
	})
	if n.conditions != nil && len(take) > 0 {
		n.values[k], err = n.results[k].eval(b, take)
	}
	n.take[k], n.rest[k] = take, rest
	return take, err
}
