package relational

import (
	"fmt"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/runtime/expr/kernel"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// newCall chooses how a function is computed.
func (o *Over) newCall(c OverCall) (overCall, error) {
	for _, a := range append(c.Args[:len(c.Args):len(c.Args)], max(c.Filter, 0)) {
		if a < 0 || a >= len(o.Input) {
			return nil, fmt.Errorf("column %d of %d in a call of %s", a, len(o.Input), c.Function.Name)
		}
	}
	args := overArgs{call: c}
	for _, l := range c.Constant {
		v, err := o.constant(l, l.Of)
		if err != nil {
			return nil, err
		}
		args.constants = append(args.constants, v)
	}
	switch name := c.Function.Name; {
	case name == "NTILE":
		return ntile{args}, nil
	case name == "LAG" || name == "LEAD":
		if args.len() > 2 && len(c.Constant) > 0 && len(c.Args) < 3 {
			last := len(c.Constant) - 1
			v, err := o.constant(c.Constant[last], c.Type)
			if err != nil {
				return nil, err
			}
			args.constants[last] = v
		}
		return shifted{args}, nil
	case name == "NTH_VALUE", (name == "FIRST_VALUE" || name == "LAST_VALUE") && c.Filter < 0 && !c.Distinct:
		return picked{args}, nil
	case c.Function.Class == expr.Ranking:
		return ranking(name), nil
	}
	return o.newAggregate(c)
}

// constant is a literal as a column of a type.
func (o *Over) constant(l expr.Literal, of datatype.Type) (*vector.Vector, error) {
	var e expr.Expr = l
	if !l.Of.EqualButNull(of) {
		e = expr.Cast{Operand: l, Of: of.Nullable()}
	}
	evaluator, err := kernel.Compile(e, nil, o.Options)
	if err != nil {
		return nil, err
	}
	v, err := evaluator.Evaluate(&vector.Batch{Length: 1})
	if err != nil {
		return nil, err
	}
	out := new(vector.Vector)
	copyOf(out, v)
	out.Constant = true
	return out, nil
}

// overArgs are the arguments of a call: columns and then constants.
type overArgs struct {
	call      OverCall
	constants []*vector.Vector
}

func (a *overArgs) len() int { return len(a.call.Args) + len(a.constants) }

// column is an argument.
func (a *overArgs) column(w *overRows, i int) *vector.Vector {
	if i < len(a.call.Args) {
		return w.rows.Columns[a.call.Args[i]]
	}
	return a.constants[i-len(a.call.Args)]
}

// number is an integer argument of a row; ok is false for NULL.
func (a *overArgs) number(w *overRows, i, row int) (n int64, ok bool) {
	v := a.column(w, i)
	return integerAt(v, v.At(row)), !v.IsNull(row)
}

// ranking is a function of a row's place in its partition.
type ranking string

func (r ranking) compute(w *overRows, out *vector.Vector) error {
	if err := r.reset(out, w.count); err != nil {
		return err
	}
	if out.Type.Kind == datatype.KindDouble {
		r.distribution(w, vector.Values[float64](out))
	} else {
		r.rank(w, vector.Values[int64](out))
	}
	return nil
}

// reset makes room for n results.
func (r ranking) reset(out *vector.Vector, n int) error {
	switch r {
	case "PERCENT_RANK", "CUME_DIST":
		out.Reset(datatype.Double.Required(), n)
	case "ROW_NUMBER", "RANK", "DENSE_RANK":
		out.Reset(datatype.BigInt.Required(), n)
	default:
		return fmt.Errorf("function %s over a window is not vectorised yet", string(r))
	}
	return nil
}

func (r ranking) rank(w *overRows, out []int64) {
	w.partitions(func(lo, hi int) {
		dense := int64(0)
		for i := lo; i < hi; i++ {
			if int(w.peers[0][i]) == i {
				dense++
			}
			switch r {
			case "ROW_NUMBER":
				out[i] = int64(i - lo + 1)
			case "RANK":
				out[i] = int64(w.peers[0][i]) - int64(lo) + 1
			default:
				out[i] = dense
			}
		}
	})
}

func (r ranking) distribution(w *overRows, out []float64) {
	w.partitions(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if r == "CUME_DIST" {
				out[i] = float64(int(w.peers[1][i])-lo) / float64(hi-lo)
			} else {
				out[i] = percentRank(int64(w.peers[0][i])-int64(lo), int64(hi-lo))
			}
		}
	})
}

// percentRank is PERCENT_RANK of a row with so many rows before its peers.
func percentRank(before, rows int64) float64 {
	if rows == 1 {
		return 0
	}
	return float64(before) / float64(rows-1)
}

// ntile deals the rows of a partition out to buckets, whose sizes differ by one at most.
type ntile struct{ overArgs }

func (n ntile) compute(w *overRows, out *vector.Vector) (err error) {
	out.Reset(datatype.BigInt, w.count)
	values := vector.Values[int64](out)
	w.partitions(func(lo, hi int) {
		for i := lo; i < hi; i++ {
			buckets, ok := n.number(w, 0, i)
			if !ok {
				out.SetNull(i)
				continue
			}
			if values[i], err = bucket(buckets, int64(hi-lo), int64(i-lo)); err != nil {
				return
			}
		}
	})
	return err
}

// bucket is the bucket of a row of so many.
func bucket(buckets, rows, at int64) (int64, error) {
	if buckets <= 0 {
		return 0, fmt.Errorf("NTILE(%d): the number of buckets must be positive", buckets)
	}
	size, larger := rows/buckets, rows%buckets
	if large := larger * (size + 1); at >= large {
		return (at-large)/size + larger + 1, nil
	}
	return at/(size+1) + 1, nil
}

// candidates are the rows of a partition whose values count, and before[i] how many of them there are before row lo+i.
type candidates struct {
	rows   []int32
	before []int32
}

func (c *candidates) set(v *vector.Vector, lo, hi int, ignoreNulls bool) {
	c.rows, c.before = c.rows[:0], c.before[:0]
	for i := lo; i < hi; i++ {
		c.before = append(c.before, int32(len(c.rows)))
		if !ignoreNulls || !v.IsNull(i) {
			c.rows = append(c.rows, int32(i))
		}
	}
	c.before = append(c.before, int32(len(c.rows)))
}

// at is a candidate, -1 if there is none.
func (c *candidates) at(k int64) int32 {
	if k < 0 || k >= int64(len(c.rows)) {
		return -1
	}
	return c.rows[k]
}

// picked is FIRST_VALUE, LAST_VALUE and NTH_VALUE: the value of a row of the frame.
type picked struct{ overArgs }

func (p picked) compute(w *overRows, out *vector.Vector) (err error) {
	from := p.column(w, 0)
	picks := make([]int32, w.count)
	var c candidates
	w.partitions(func(lo, hi int) {
		c.set(from, lo, hi, p.call.IgnoreNulls)
		for i := lo; i < hi; i++ {
			first, end := w.frame[0][i], w.frame[1][i]
			k := int64(c.before[int(first)-lo])
			switch p.call.Function.Name {
			case "LAST_VALUE":
				k = int64(c.before[int(end)-lo]) - 1
			case "NTH_VALUE":
				n, ok := p.number(w, 1, i)
				if ok && n <= 0 {
					err = errNotCounted(n)
				}
				if k += n - 1; !ok {
					k = -1
				}
			}
			if picks[i] = c.at(k); picks[i] < first || picks[i] >= end {
				picks[i] = -1
			}
		}
	})
	if err == nil {
		pickRows(out, p.call.Type, from, picks)
	}
	return err
}

func errNotCounted(n int64) error {
	return fmt.Errorf("NTH_VALUE of row %d: rows are counted from 1", n)
}

// pickRows makes out the rows of from that are named, NULL for -1.
func pickRows(out *vector.Vector, of datatype.Type, from *vector.Vector, rows []int32) {
	out.Reset(from.Type, 0)
	named := make([]int32, len(rows))
	for i, r := range rows {
		named[i] = max(r, 0)
	}
	out.Append(from, named)
	out.Type = of
	for i, r := range rows {
		if r < 0 {
			out.SetNull(i)
		}
	}
}

// shifted is LAG and LEAD: the value of a row so many before or behind, or a default.
type shifted struct{ overArgs }

func (s shifted) compute(w *overRows, out *vector.Vector) error {
	from := s.column(w, 0)
	picks := make([]int32, w.count)
	var c candidates
	w.partitions(func(lo, hi int) {
		c.set(from, lo, hi, s.call.IgnoreNulls)
		for i := lo; i < hi; i++ {
			n, ok := int64(1), true
			if s.len() > 1 {
				n, ok = s.number(w, 1, i)
			}
			if s.call.Function.Name == "LAG" {
				n = -n
			}
			switch {
			case !ok:
				picks[i] = -1
			case n == 0:
				picks[i] = int32(i)
			case n < 0:
				picks[i] = c.at(int64(c.before[i-lo]) + n)
			default:
				picks[i] = c.at(int64(c.before[i-lo+1]) + n - 1)
			}
		}
	})
	if s.len() < 3 {
		pickRows(out, s.call.Type, from, picks)
		return nil
	}
	both, other := new(vector.Vector), s.column(w, 2)
	both.Reset(from.Type, 0)
	both.AppendRange(from, 0, w.count)
	both.AppendRange(other, 0, w.count)
	for i, p := range picks {
		if p < 0 {
			picks[i] = int32(w.count + i)
		}
	}
	pickRows(out, s.call.Type, both, picks)
	return nil
}
