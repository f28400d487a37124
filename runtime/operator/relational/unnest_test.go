package relational_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/operator/relational"
	rt "github.com/leatproject/leat/runtime/operator/relational/relationaltest"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// list is a row of a number and some elements; none and nil, NULL, are two things.
type list struct {
	key      int64
	elements []any
}

// listBatch has a number, an ARRAY of BIGINT and a MULTISET of the same elements, each as often as it counts.
func listBatch(rows []list) *vector.Batch {
	keys, arrays := vector.New(datatype.BigInt, len(rows)), vector.New(datatype.Array(datatype.BigInt), len(rows))
	bags := vector.New(datatype.Multiset(datatype.BigInt), len(rows))
	for i, r := range rows {
		vector.Values[int64](keys)[i] = r.key
		if r.elements == nil {
			arrays.SetNull(i)
			bags.SetNull(i)
			continue
		}
		for _, e := range r.elements {
			for _, c := range []*vector.Vector{arrays.Children[0], bags.Children[0]} {
				c.Extend(1)
				if n, ok := e.(int64); ok {
					vector.Values[int64](c)[c.Len()-1] = n
				} else {
					c.SetNull(c.Len() - 1)
				}
			}
			counts := bags.Children[1]
			counts.Extend(1)
			vector.Values[int32](counts)[counts.Len()-1] = copies(e)
		}
		arrays.PutEnd(i, arrays.Children[0].Len())
		bags.PutEnd(i, bags.Children[0].Len())
	}
	arrays.Finish()
	bags.Finish()
	return &vector.Batch{Length: len(rows), Columns: []*vector.Vector{keys, arrays, bags}}
}

// copies is how often an element is in the MULTISET.
func copies(e any) int32 {
	if n, ok := e.(int64); ok && n > 0 {
		return int32(n)
	}
	return 1
}

var listTypes = []datatype.Type{datatype.BigInt, datatype.Array(datatype.BigInt), datatype.Multiset(datatype.BigInt)}

func TestUnnest(t *testing.T) {
	dir := rt.Dir(t)
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]list, rapid.IntRange(0, 9).Draw(t, "rows"))
		for i := range rows {
			rows[i].key = rapid.Int64Range(0, 3).Draw(t, "key")
			if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
				continue
			}
			rows[i].elements = []any{}
			for range rapid.SampledFrom([]int{0, 1, 2, 5, 70}).Draw(t, "elements") {
				e := any(int64(len(rows[i].elements) % 5))
				if e == int64(3) {
					e = nil
				}
				rows[i].elements = append(rows[i].elements, e)
			}
		}
		column := rapid.IntRange(1, 2).Draw(t, "collection")
		u := &relational.Unnest{Input: listTypes, Collection: expr.Column{Index: column, Of: listTypes[column]},
			Ordinality: rapid.Bool().Draw(t, "ordinality"), Outer: rapid.Bool().Draw(t, "outer")}
		if rapid.Bool().Draw(t, "condition") {
			u.Condition = expr.Call{Function: expr.MustLookup(">"), Of: datatype.Boolean, Args: []expr.Expr{
				expr.Column{Index: len(listTypes), Of: datatype.BigInt}, expr.Column{Index: 0, Of: datatype.BigInt}}}
		}
		b := listBatch(rows)
		if len(rows) > 2 && rapid.Bool().Draw(t, "selected") {
			b.Selection = []int32{0, 2}
			rows = []list{rows[0], rows[2]}
		}
		got := rt.Run(t, u, rt.Plenty, dir, []*vector.Batch{b})
		for i := range got { // the collections themselves are not compared
			got[i] = append(rt.Row{got[i][0]}, got[i][len(listTypes):]...)
		}
		require.Equal(t, rt.Texts(unnestedRows(u, rows, column == 2)), rt.Texts(got))
	})
}

func unnestedRows(u *relational.Unnest, rows []list, multiset bool) (out []rt.Row) {
	row := func(key int64, element, number any) rt.Row {
		if u.Ordinality {
			return rt.Row{key, element, number}
		}
		return rt.Row{key, element}
	}
	for _, r := range rows {
		number, found := int64(0), false
		for _, e := range r.elements {
			n := int32(1)
			if multiset {
				n = copies(e)
			}
			for range n {
				number++
				if v, ok := e.(int64); u.Condition == nil || ok && v > r.key {
					found = true
					out = append(out, row(r.key, e, number))
				}
			}
		}
		if u.Outer && !found {
			out = append(out, row(r.key, nil, nil))
		}
	}
	return out
}

// More elements than there are rows in a batch.
func TestUnnestOfManyElements(t *testing.T) {
	for _, place := range []int{0, 4095, 4999, -1} {
		row := list{key: 1, elements: make([]any, 5000)}
		for i := range row.elements {
			row.elements[i] = int64(0)
		}
		want := rt.Row{int64(1), nil, nil}
		if place >= 0 {
			row.elements[place] = int64(9)
			want = rt.Row{int64(1), int64(9), int64(place + 1)}
		}
		u := &relational.Unnest{Input: listTypes, Collection: expr.Column{Index: 1, Of: listTypes[1]}, Ordinality: true, Outer: true,
			Condition: expr.Call{Function: expr.MustLookup(">"), Of: datatype.Boolean, Args: []expr.Expr{
				expr.Column{Index: len(listTypes), Of: datatype.BigInt}, expr.Column{Index: 0, Of: datatype.BigInt}}}}
		got := rt.Run(t, u, rt.Plenty, rt.Dir(t), []*vector.Batch{listBatch([]list{row})})
		require.Len(t, got, 1)
		require.Equal(t, want, append(got[0][:1:1], got[0][len(listTypes):]...))
	}
}

func TestUnnestOfRows(t *testing.T) {
	pair := datatype.Row(datatype.Field{Name: "a", Type: datatype.BigInt}, datatype.Field{Name: "b", Type: datatype.String})
	v := vector.New(datatype.Array(pair), 1)
	rows := v.Children[0]
	rows.Extend(2)
	vector.Values[int64](rows.Children[0])[0] = 7
	rows.Children[1].PutBytes(0, []byte("x"))
	rows.SetNull(1)
	v.PutEnd(0, 2)
	v.Finish()
	u := &relational.Unnest{Input: []datatype.Type{v.Type}, Collection: expr.Column{Of: v.Type}}
	require.Equal(t, []datatype.Type{v.Type, datatype.BigInt, datatype.String}, u.Output())
	r := rt.Open(t, u, 1, rt.Plenty, rt.Dir(t))
	r.Process(0, &vector.Batch{Length: 1, Columns: []*vector.Vector{v}})
	r.End(0)
	got := r.Rows()
	require.Len(t, got, 2)
	require.Equal(t, rt.Row{int64(7), "x"}, got[0][1:])
	require.Equal(t, rt.Row{nil, nil}, got[1][1:])
	require.ErrorContains(t, (&relational.Unnest{Collection: expr.Column{Of: datatype.Int}}).Open(rt.Context(rt.Plenty, nil)), "has no elements")
}
