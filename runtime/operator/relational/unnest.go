package relational

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Unnest gives each row once for each element of a collection, with columns of the element behind its own: key and value of a MAP, the fields of a
// ROW, else the element; those of a MULTISET come as often as they are there.
//
//	Unnest{Collection: $1, Ordinality: true}: (a, [x, y]) (b, NULL) -> (a, [x, y], x, 1) (a, [x, y], y, 2)
//	with Outer also                                              -> (b, NULL, NULL, NULL)
type Unnest struct {
	operator.Base
	Input      []datatype.Type
	Collection expr.Expr // over the input
	Ordinality bool      // the last column counts the elements of a row from 1
	Outer      bool      // a row without elements comes once, with NULL
	Condition  expr.Expr // over the input and the element: only elements for which it is true count; nil: all
	Emit       []int     // which of those columns come out; nil: all
	Options    kernel.Options

	out        *operator.Output
	wanted     []bool // by column of the input: somebody reads it
	collection *kernel.Evaluator
	condition  *kernel.Evaluator
	batch      *column.Batch // that is being unnested
	elements   *vector.Vector
	at         int   // of the rows that count in batch
	place      int   // of the next element; -1: the row has not begun
	copies     int   // of the element that were given
	number     int32 // of elements of the row that were given
	found      bool  // an element of the row counted
	pairs      unnested
	ends       []int // of rows in pairs
}

// aloneFrom is how many elements make a row come in batches of its own, which have one value of each column of the input.
const aloneFrom = 64

// unnested are rows beside elements; the place of one that is missing is -1.
type unnested struct {
	rows, places []int32
	numbers      []int32
}

func (p *unnested) add(row, place, number int32) {
	p.rows, p.places, p.numbers = append(p.rows, row), append(p.places, place), append(p.numbers, number)
}

// Output are the types of the input and of an element, or some of them.
func (u *Unnest) Output() []datatype.Type {
	all := u.all()
	if u.Emit == nil {
		return all
	}
	out := make([]datatype.Type, len(u.Emit))
	for i, c := range u.Emit {
		out[i] = all[c]
	}
	return out
}

func (u *Unnest) all() []datatype.Type {
	out := append(slices.Clone(u.Input), u.element()...)
	if u.Ordinality {
		out = append(out, datatype.Int.Required())
	}
	for i := len(u.Input); u.Outer && i < len(out); i++ {
		out[i] = out[i].Nullable()
	}
	return out
}

func (u *Unnest) element() []datatype.Type {
	t := u.Collection.Type()
	switch {
	case t.Kind == datatype.KindMap:
		return []datatype.Type{*t.Key, *t.Element}
	case t.Element.Kind == datatype.KindRow:
		fields := t.Element.Children()
		for i, f := range fields {
			fields[i] = f.WithNull(!f.NotNull || !t.Element.NotNull)
		}
		return fields
	}
	return []datatype.Type{*t.Element}
}

// Open compiles the expressions.
func (u *Unnest) Open(ctx *operator.Context) (err error) {
	if t := u.Collection.Type(); !t.IsNested() || t.Kind == datatype.KindRow {
		return fmt.Errorf("%s is %s, which has no elements", u.Collection, t)
	}
	u.out = ctx.Output(0)
	if u.collection, err = kernel.Compile(u.Collection, u.Input, u.Options); err != nil {
		return err
	}
	u.wanted = make([]bool, len(u.Input))
	want := func(c int) {
		if c < len(u.wanted) {
			u.wanted[c] = true
		}
	}
	for i := range u.Input {
		if u.Emit == nil {
			want(i)
		}
	}
	for _, c := range u.Emit {
		want(c)
	}
	if u.Condition != nil {
		expr.Walk(u.Condition, func(e expr.Expr) bool {
			if c, ok := e.(expr.Column); ok {
				want(c.Index)
			}
			return true
		})
		u.condition, err = kernel.Compile(u.Condition, u.all(), u.Options)
	}
	return err
}

// Process implements operator.Operator.
func (u *Unnest) Process(_ int, b *column.Batch) (_ bool, err error) {
	if u.elements, err = u.collection.Evaluate(column.Vectors(b)); err != nil {
		return false, err
	}
	u.batch, u.at = b, 0
	u.begin()
	return u.Resume()
}

func (u *Unnest) begin() { u.place, u.copies, u.number, u.found = -1, 0, 0, false }

// Resume implements operator.Operator.
func (u *Unnest) Resume() (bool, error) {
	if u.batch == nil {
		return false, nil
	}
	carried := u.found
	u.collect()
	in := column.Vectors(u.batch)
	out := u.columns(in, &u.pairs)
	if u.condition != nil && out.Length > 0 {
		v, err := u.condition.Evaluate(out)
		if err != nil {
			return false, err
		}
		out.Selection = vector.Select(nil, v, out.Length, nil)
	}
	if u.Outer {
		out = u.completed(in, out, carried)
	}
	more := u.at < in.Rows()
	if !more {
		u.batch.Release()
		u.batch, u.elements = nil, nil
	}
	if out.Rows() > 0 {
		if u.Emit != nil {
			out.Columns = pickOnce(out.Columns, u.Emit)
		}
		u.out.Emit(column.OfVectors(out))
	}
	return more, nil
}

// collect makes the next pairs.
func (u *Unnest) collect() {
	in := column.Vectors(u.batch)
	u.pairs = unnested{u.pairs.rows[:0], u.pairs.places[:0], u.pairs.numbers[:0]}
	u.ends = u.ends[:0]
	multiset := u.elements.Type.Kind == datatype.KindMultiset
	for ; u.at < in.Rows() && len(u.pairs.rows) < batchRows; u.at++ {
		row := u.at
		if in.Selection != nil {
			row = int(in.Selection[u.at])
		}
		lo, hi := 0, 0
		if !u.elements.IsNull(row) {
			lo, hi = u.elements.Elements(row)
		}
		if hi-lo >= aloneFrom && len(u.pairs.rows) > 0 {
			return
		}
		u.place = max(u.place, lo)
		for u.place < hi && len(u.pairs.rows) < batchRows {
			copies := 1
			if multiset {
				copies = int(vector.Values[int32](u.elements.Children[1])[u.place])
			}
			if u.copies < copies {
				u.number++
				u.pairs.add(int32(row), int32(u.place), u.number)
			}
			if u.copies++; u.copies >= copies {
				u.place, u.copies = u.place+1, 0
			}
		}
		if u.place < hi {
			return
		}
		u.ends = append(u.ends, len(u.pairs.rows))
		u.begin()
		if hi-lo >= aloneFrom {
			u.at++
			return
		}
	}
}

// completed adds the rows that have come to their end without an element that counts. carried says whether the first of them had one before.
func (u *Unnest) completed(in, out *vector.Batch, carried bool) *vector.Batch {
	kept := out.Selection
	if kept == nil {
		for i := range out.Length {
			kept = append(kept, int32(i))
		}
	}
	var all unnested
	next, first := 0, u.at-len(u.ends)
	keep := func(end int) {
		for ; next < len(kept) && int(kept[next]) < end; next++ {
			i := kept[next]
			all.add(u.pairs.rows[i], u.pairs.places[i], u.pairs.numbers[i])
			carried = true
		}
	}
	for k, end := range u.ends {
		keep(end)
		if !carried {
			row := first + k
			if in.Selection != nil {
				row = int(in.Selection[row])
			}
			all.add(int32(row), -1, 0)
		}
		carried = false
	}
	keep(len(u.pairs.rows))
	u.found = carried
	if len(all.rows) == out.Length && out.Rows() == out.Length {
		return out
	}
	return u.columns(in, &all)
}

// pickOnce are some of the columns; one that comes again is a copy.
func pickOnce(columns []*vector.Vector, which []int) []*vector.Vector {
	out := make([]*vector.Vector, len(which))
	for i, k := range which {
		if out[i] = columns[k]; slices.Contains(which[:i], k) {
			out[i] = new(vector.Vector)
			copyOf(out[i], columns[k])
		}
	}
	return out
}

// columns makes a batch of pairs.
func (u *Unnest) columns(in *vector.Batch, pairs *unnested) *vector.Batch {
	out := vector.NewBatch(u.all())
	out.Length = len(pairs.rows)
	rows := pairs.rows
	alone := len(rows) > 1 && rows[0] == rows[len(rows)-1]
	if alone {
		rows = rows[:1]
	}
	for i, v := range in.Columns {
		switch {
		case !u.wanted[i]:
		case v.Constant:
			copyOf(out.Columns[i], v)
		default:
			out.Columns[i].Append(v, rows)
			out.Columns[i].Constant = alone
		}
	}
	children := u.elements.Children
	switch t := u.elements.Type; {
	case t.Kind == datatype.KindMap:
	case t.Element.Kind == datatype.KindRow:
		for k, field := range children[0].Children {
			appendPlaces(out.Columns[len(in.Columns)+k], field, pairs.places, children[0])
		}
		children = nil
	default:
		children = children[:1]
	}
	for k, c := range children {
		appendPlaces(out.Columns[len(in.Columns)+k], c, pairs.places, c)
	}
	if u.Ordinality {
		last := out.Columns[len(out.Columns)-1]
		last.Extend(len(pairs.numbers))
		copy(vector.Values[int32](last), pairs.numbers)
		for i, p := range pairs.places {
			if p < 0 {
				last.SetNull(i)
			}
		}
	}
	return out
}

// appendPlaces adds values at places; NULL where the place is -1 or the parent is NULL.
func appendPlaces(to, from *vector.Vector, places []int32, parent *vector.Vector) {
	plain := parent.Valid == nil
	for _, p := range places {
		plain = plain && p >= 0
	}
	if plain {
		to.Append(from, places)
		return
	}
	to.Extend(len(places))
	for i, p := range places {
		if p < 0 || parent.IsNull(int(p)) {
			to.SetNull(i)
		} else {
			to.Copy(i, from, int(p))
		}
	}
	to.Finish()
}
