package relational

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// Frame is which rows around the current one a function over a window sees.
type Frame struct {
	Rows       bool // bounds count rows; else they are values of the first sort key (RANGE)
	Start, End Bound
}

// BoundKind is one end of a frame.
type BoundKind uint8

// The ends of a frame. In RANGE the current row stands for all its peers.
const (
	UnboundedPreceding BoundKind = iota
	Preceding
	CurrentRow
	Following
	UnboundedFollowing
)

// Bound is one end of a frame. Offset belongs to Preceding and Following and is not negative.
type Bound struct {
	Kind   BoundKind
	Offset expr.Literal
}

func (b Bound) hasOffset() bool { return b.Kind == Preceding || b.Kind == Following }

// isPartition says that a frame is always the whole partition.
func (f *Frame) isPartition(by []SortKey) bool {
	all := func(b, unbounded BoundKind) bool {
		return b == unbounded || b == CurrentRow && !f.Rows && len(by) == 0
	}
	return all(f.Start.Kind, UnboundedPreceding) && all(f.End.Kind, UnboundedFollowing)
}

// check says what is wrong with a frame.
func (f *Frame) check(input []datatype.Type, by []SortKey) error {
	if f.Start.Kind > f.End.Kind || f.Start.Kind == UnboundedFollowing || f.End.Kind == UnboundedPreceding {
		return errors.New("a frame that ends before it begins")
	}
	for _, b := range []Bound{f.Start, f.End} {
		if !b.hasOffset() {
			continue
		}
		if f.Rows {
			if n, ok := b.Offset.Value.(int64); !ok || n < 0 {
				return fmt.Errorf("a frame of %s rows: the distance must be a number that is not negative", b.Offset)
			}
			continue
		}
		if len(by) != 1 {
			return fmt.Errorf("a frame of RANGE with a distance needs one sort key, these are %d", len(by))
		}
		if _, err := newDistance(b, input[by[0].Column], by[0].Descending); err != nil {
			return err
		}
	}
	return nil
}

// set finds the frames of all rows. Within a partition neither end goes back.
func (f *Frame) set(w *overRows, by []SortKey) error {
	for end, b := range []Bound{f.Start, f.End} {
		w.frame[end] = resized(w.frame[end], w.count)
		to := w.frame[end]
		switch {
		case b.Kind == CurrentRow && f.Rows:
			for i := range to {
				to[i] = int32(i + end)
			}
		case b.Kind == CurrentRow:
			copy(to, w.peers[end])
		case b.hasOffset() && f.Rows:
			n := b.Offset.Value.(int64)
			if b.Kind == Preceding {
				n = -n
			}
			w.partitions(func(lo, hi int) {
				for i := lo; i < hi; i++ {
					to[i] = int32(min(max(saturated(int64(i+end), n), int64(lo)), int64(hi)))
				}
			})
		case b.hasOffset():
			d, err := newDistance(b, w.rows.Columns[by[0].Column].Type, by[0].Descending)
			if err != nil {
				return err
			}
			w.partitions(func(lo, hi int) { d.set(w, by[0].Column, lo, hi, end, to) })
		default:
			w.partitions(func(lo, hi int) {
				at := lo
				if b.Kind == UnboundedFollowing {
					at = hi
				}
				for i := lo; i < hi; i++ {
					to[i] = int32(at)
				}
			})
		}
	}
	for i, lo := range w.frame[0] {
		w.frame[1][i] = max(w.frame[1][i], lo) // an empty frame
	}
	return nil
}

func saturated(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// distance is an offset of RANGE: of a row's key it gives the key where its frame begins or ends. Keys are compared as integers, as
// floats or as numbers of 128 bits.
type distance struct {
	descending bool
	wide       bool
	approx     bool
	away       int // -1: before all peers of the current row, 1: behind them, 0: at them
	integer    func(key int64) int64
	decimal    decimal.Int128
	float      float64
}

// newDistance brings the offset to the units of a key. Towards smaller keys it is negative.
func newDistance(b Bound, key datatype.Type, descending bool) (*distance, error) {
	d := &distance{descending: descending, approx: key.IsApproximate(), away: b.away()}
	sign := int64(1)
	if (b.Kind == Preceding) != descending {
		sign = -1
	}
	fail := fmt.Errorf("a distance of %s does not fit a sort key of type %s", b.Offset.Of, key)
	add := func(n int64) { d.integer = func(key int64) int64 { return saturated(key, n) } }
	switch v := b.Offset.Value.(type) {
	case int64:
		return d, d.ofInteger(v*sign, b.Offset.Of, key, add, fail)
	case float64:
		if !d.approx {
			n := math.Floor(v)
			if key.Kind == datatype.KindDecimal {
				return nil, fail
			}
			add(int64(n) * sign)
			return d, nil
		}
		d.float = v * float64(sign)
		return d, nil
	case *big.Int:
		n, fits := decimal.FromBig(v)
		if !fits {
			return nil, fail
		}
		if sign < 0 {
			n = n.Neg()
		}
		switch {
		case d.approx:
			d.float = n.Float(b.Offset.Of.Scale)
			return d, nil
		case key.Kind == datatype.KindDecimal && key.Scale >= b.Offset.Of.Scale:
			n, fits = n.Rescale(b.Offset.Of.Scale, key.Scale)
		case key.Kind == datatype.KindDecimal || b.Offset.Of.Scale > 0 || !key.IsInteger():
			return nil, fail
		}
		if !fits {
			return nil, fail
		}
		d.wide, d.decimal = true, n
		return d, nil
	}
	return nil, fail
}

// ofInteger is newDistance of an integer or an interval.
func (d *distance) ofInteger(n int64, of, key datatype.Type, add func(int64), fail error) error {
	switch {
	case of.Kind == datatype.KindIntervalSeconds && key.Kind == datatype.KindDate:
		const day = 24 * 60 * 60 * 1000
		add(n / day) // days in between have no rows
	case of.Kind == datatype.KindIntervalSeconds && key.IsTemporal():
		add(n)
	case of.Kind == datatype.KindIntervalMonths && key.Kind == datatype.KindDate:
		d.integer = func(key int64) int64 { return addMonths(key*24*60*60*1000, n) / (24 * 60 * 60 * 1000) }
	case of.Kind == datatype.KindIntervalMonths && key.IsInstant():
		d.integer = func(key int64) int64 { return addMonths(key, n) }
	case !of.IsInteger() || !key.IsNumeric():
		return fail
	case d.approx:
		d.float = float64(n)
	case key.Kind == datatype.KindDecimal:
		scaled, fits := decimal.Of(n).Rescale(0, key.Scale)
		if !fits {
			return fail
		}
		d.wide, d.decimal = true, scaled
	default:
		add(n)
	}
	return nil
}

// addMonths moves a time in milliseconds; a day that a month does not have becomes its last.
func addMonths(ms, months int64) int64 {
	t := time.UnixMilli(ms).UTC()
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC).AddDate(0, int(months), 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1).UnixMilli()
}

// away says whether a bound is before the peers of the current row or behind them.
func (b Bound) away() int {
	zero := false
	switch v := b.Offset.Value.(type) {
	case int64:
		zero = v == 0
	case float64:
		zero = v == 0
	case *big.Int:
		zero = v.Sign() == 0
	}
	switch {
	case zero:
		return 0
	case b.Kind == Preceding:
		return -1
	}
	return 1
}

// ofNull is where the frame of a row whose key is NULL begins or ends: no distance leads to or from NULL but that of 0.
func (d *distance) ofNull(w *overRows, row, end int) int32 {
	switch {
	case d.away < 0:
		end = 0
	case d.away > 0:
		end = 1
	}
	return w.peers[end][row]
}

// set finds one end of the frames of rows lo to hi.
func (d *distance) set(w *overRows, column, lo, hi, end int, to []int32) {
	v := w.rows.Columns[column]
	first, last := lo, hi // of the rows that are not NULL: NULLs are first or last
	for first < last && v.IsNull(first) {
		to[first] = d.ofNull(w, first, end)
		first++
	}
	for last > first && v.IsNull(last-1) {
		last--
		to[last] = d.ofNull(w, last, end)
	}
	order := d.comparer(v, v)
	at := first
	for i := first; i < last; i++ {
		for at < last {
			// At the start rows are left out that come before the distance, at the end none that are at it or before.
			c := order(at, i)
			if d.descending {
				c = -c
			}
			if c > 0 || c == 0 && end == 0 {
				break
			}
			at++
		}
		to[i] = int32(at)
	}
}

// comparer compares the key of a row of v with the key of a row of w moved by the distance.
func (d *distance) comparer(v, w *vector.Vector) func(row, other int) int {
	switch {
	case d.approx:
		return func(row, other int) int {
			a, b := floatAt(v, row), floatAt(w, other)+d.float
			switch { // NaN is above all
			case a == b || a != a && b != b:
				return 0
			case a < b || b != b:
				return -1
			}
			return 1
		}
	case d.wide:
		return func(row, other int) int { return numberAt(v, row).Cmp(numberAt(w, other).Add(d.decimal)) }
	}
	return func(row, other int) int {
		a, b := integerAt(v, row), d.integer(integerAt(w, other))
		switch {
		case a < b:
			return -1
		case a > b:
			return 1
		case vector.HasNanos(v.Type):
			return int(v.Nanos[row]) - int(w.Nanos[other])
		}
		return 0
	}
}

func floatAt(v *vector.Vector, row int) float64 {
	if v.Type.Kind == datatype.KindFloat {
		return float64(vector.Values[float32](v)[row])
	}
	return vector.Values[float64](v)[row]
}

func integerAt(v *vector.Vector, row int) int64 {
	switch vector.Width(v.Type) {
	case 1:
		return int64(vector.Values[int8](v)[row])
	case 2:
		return int64(vector.Values[int16](v)[row])
	case 4:
		return int64(vector.Values[int32](v)[row])
	}
	return vector.Values[int64](v)[row]
}

func numberAt(v *vector.Vector, row int) decimal.Int128 {
	if v.Type.Kind == datatype.KindDecimal {
		return v.Decimal(row)
	}
	return decimal.Of(integerAt(v, row))
}
