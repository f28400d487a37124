package relational

import (
	"math"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// largeRanking is ranking of a partition that does not fit.
type largeRanking struct{ ranking }

func (r ranking) large(*overPartition) (largeCall, error) { return largeRanking{r}, nil }

func (r largeRanking) needs(n *overNeed) {
	n.whole = n.whole || r.ranking == "PERCENT_RANK" || r.ranking == "CUME_DIST"
	n.peers = n.peers || r.ranking == "CUME_DIST"
}

func (largeRanking) add(*vector.Batch, int64) error { return nil }
func (largeRanking) end() error                     { return nil }
func (largeRanking) close() error                   { return nil }

func (r largeRanking) compute(_ *overPartition, c *overChunk, out *vector.Vector) error {
	if err := r.reset(out, c.len()); err != nil {
		return err
	}
	for i := range c.len() {
		switch r.ranking {
		case "ROW_NUMBER":
			vector.Values[int64](out)[i] = c.from + int64(i) + 1
		case "RANK":
			vector.Values[int64](out)[i] = c.peers[0][i] + 1
		case "DENSE_RANK":
			vector.Values[int64](out)[i] = c.dense[i]
		case "CUME_DIST":
			vector.Values[float64](out)[i] = float64(c.peers[1][i]) / float64(c.total)
		default:
			vector.Values[float64](out)[i] = percentRank(c.peers[0][i], c.total)
		}
	}
	return nil
}

// largeNtile is ntile of a partition that does not fit.
type largeNtile struct{ ntile }

func (n ntile) large(*overPartition) (largeCall, error) { return largeNtile{n}, nil }

func (largeNtile) needs(n *overNeed)              { n.whole = true }
func (largeNtile) add(*vector.Batch, int64) error { return nil }
func (largeNtile) end() error                     { return nil }
func (largeNtile) close() error                   { return nil }

func (n largeNtile) compute(_ *overPartition, c *overChunk, out *vector.Vector) error {
	out.Reset(datatype.BigInt, c.len())
	for i := range c.len() {
		buckets, ok := n.number(&c.view, 0, i)
		if !ok {
			out.SetNull(i)
			continue
		}
		b, err := bucket(buckets, c.total, c.from+int64(i))
		if err != nil {
			return err
		}
		vector.Values[int64](out)[i] = b
	}
	return nil
}

// largePick gives values of other rows of a partition that does not fit. The values that count are kept beside the rows.
type largePick struct {
	overArgs
	frames bool // FIRST_VALUE, LAST_VALUE and NTH_VALUE; else LAG and LEAD
	values *overStore
	cursor overCursor // reads values
	counts overCursor
	seen   int64 // values of rows before the last one that was asked for
	picks  []int64
}

func (a picked) large(p *overPartition) (largeCall, error) {
	return newLargePick(p, a.overArgs, true), nil
}
func (s shifted) large(p *overPartition) (largeCall, error) {
	return newLargePick(p, s.overArgs, false), nil
}

func newLargePick(p *overPartition, args overArgs, frames bool) *largePick {
	l := &largePick{overArgs: args, frames: frames}
	of := datatype.Type{}
	if len(args.call.Args) > 0 {
		of = p.o.Input[args.call.Args[0]]
	} else {
		of = args.constants[0].Type
	}
	l.values = newOverStore(p.o.ctx, []datatype.Type{of, datatype.BigInt.Required()}, p.store.size)
	l.cursor.store, l.counts.store = l.values, l.values
	return l
}

// distance is how many rows behind a value is that LAG or LEAD gives, if that is known for all rows.
func (l *largePick) distance() (n int64, known bool) {
	if n, known = 1, true; l.len() > 1 {
		if len(l.call.Args) > 1 {
			return 0, false
		}
		if n, known = l.number(nil, 1, 0); !known {
			return 0, true
		}
	}
	if l.call.Function.Name == "LAG" {
		n = -n
	}
	return n, true
}

func (l *largePick) needs(n *overNeed) {
	if l.frames {
		n.frames = true
		return
	}
	switch away, known := l.distance(); {
	case !known || away > 0 && l.call.IgnoreNulls:
		n.whole = true
	case away > 0:
		n.ahead = max(n.ahead, away)
	}
}

func (l *largePick) add(rows *vector.Batch, from int64) error {
	v := l.column(&overRows{rows: rows}, 0)
	b := vector.NewBatch(l.values.types)
	var chosen []int32
	for i := range rows.Length {
		if !l.call.IgnoreNulls || !v.IsNull(i) {
			chosen = append(chosen, int32(i))
		}
	}
	b.Length = len(chosen)
	b.Columns[0].Append(v, chosen)
	b.Columns[1].Reset(datatype.BigInt.Required(), len(chosen))
	for i, row := range chosen {
		vector.Values[int64](b.Columns[1])[i] = from + int64(row)
	}
	return l.values.add(b)
}

func (*largePick) end() error     { return nil }
func (l *largePick) close() error { return l.values.close() }

// before is how many values there are of rows before one; rows are asked for in ascending order.
func (l *largePick) before(row int64) (int64, error) {
	if !l.call.IgnoreNulls {
		return row, nil
	}
	for l.seen < l.values.rows {
		of, err := l.rowOf(&l.counts, l.seen)
		if of >= row || err != nil {
			return l.seen, err
		}
		l.seen++
	}
	return l.seen, nil
}

// rowOf is the row of a value, -1 where there is none.
func (l *largePick) rowOf(c *overCursor, value int64) (int64, error) {
	if value < 0 || value >= l.values.rows {
		return -1, nil
	}
	at, err := c.seek(value)
	if err != nil {
		return 0, err
	}
	return vector.Values[int64](c.rows.Columns[1])[at], nil
}

const (
	noValue  = -1
	ownValue = -2 // that of the row itself
)

// pick is the value that a row of a page gets.
func (l *largePick) pick(c *overChunk, i int) (int64, error) {
	if l.frames {
		return l.pickOfFrame(c, i)
	}
	row := c.from + int64(i)
	n, ok := int64(1), true
	if l.len() > 1 {
		n, ok = l.number(&c.view, 1, i)
	}
	if l.call.Function.Name == "LAG" {
		n = -n
	}
	before, err := l.before(row)
	switch {
	case err != nil || !ok:
		return noValue, err
	case n == 0:
		return ownValue, nil
	case n > 0:
		if of, err := l.rowOf(&l.counts, before); err != nil {
			return 0, err
		} else if of == row {
			before++
		}
		n--
	}
	k := saturated(before, n)
	if k < 0 || k >= l.values.rows {
		return noValue, nil
	}
	return k, nil
}

func (l *largePick) pickOfFrame(c *overChunk, i int) (int64, error) {
	first, end := c.frame[0][i], c.frame[1][i]
	from := first
	if l.call.Function.Name == "LAST_VALUE" {
		from = end
	}
	k, err := l.before(from)
	if err != nil {
		return 0, err
	}
	switch l.call.Function.Name {
	case "LAST_VALUE":
		k--
	case "NTH_VALUE":
		n, ok := l.number(&c.view, 1, i)
		if !ok {
			return noValue, nil
		}
		if n <= 0 {
			return 0, errNotCounted(n)
		}
		k = saturated(k, n-1)
	}
	row, err := l.rowOf(&l.cursor, k)
	if row < first || row >= end {
		return noValue, err
	}
	return k, err
}

func (l *largePick) compute(_ *overPartition, c *overChunk, out *vector.Vector) error {
	l.picks = resized(l.picks, c.len())
	least := int64(math.MaxInt64)
	for i := range l.picks {
		k, err := l.pick(c, i)
		if err != nil {
			return err
		}
		if l.picks[i] = k; k >= 0 {
			least = min(least, k)
		}
	}
	own := l.column(&c.view, 0)
	out.Reset(own.Type, c.len())
	for i, k := range l.picks {
		switch {
		case k >= 0:
			at, err := l.cursor.seek(k)
			if err != nil {
				return err
			}
			out.Copy(i, l.cursor.rows.Columns[0], at)
		case k == ownValue:
			out.Copy(i, own, i)
		case l.frames || l.len() < 3:
			out.SetNull(i)
		default:
			out.Copy(i, l.column(&c.view, 2), i)
		}
	}
	out.Finish()
	out.Type = l.call.Type
	if _, known := l.distance(); !known || least == math.MaxInt64 {
		return nil
	}
	if l.call.IgnoreNulls {
		least = min(least, l.seen)
	}
	return l.values.drop(least) // picks go forward
}
