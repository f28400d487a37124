package relational

import (
	"errors"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// largeDistinct finds for each row of a partition that does not fit the one before that has equal arguments: the rows are sorted by
// their arguments and then back.
type largeDistinct struct {
	l       *largeAggregate
	types   []datatype.Type // of the arguments, and the number of the row
	sorter  rowSorter
	back    rowSorter  // by row: the row and the one before it
	befores *overStore // by row: the one before it of equal arguments, -1 for none
	cursor  overCursor
}

var numberPair = []datatype.Type{datatype.BigInt.Required(), datatype.BigInt.Required()}

func newLargeDistinct(l *largeAggregate, p *overPartition) (*largeDistinct, error) {
	d := &largeDistinct{l: l, types: append(append([]datatype.Type(nil), l.of...), numberPair[0])}
	d.befores = newOverStore(p.o.ctx, numberPair[:1], p.store.size)
	d.cursor.store = d.befores
	var keys []SortKey
	for i := range d.types {
		keys = append(keys, SortKey{Column: i})
	}
	if err := d.sorter.open(p.o.ctx, d.types, keys); err != nil {
		return d, err
	}
	return d, d.back.open(p.o.ctx, numberPair, []SortKey{{Column: 0}})
}

// add takes the rows that the filter lets through.
func (d *largeDistinct) add(rows *vector.Batch, from int64) error {
	filter := d.l.filterOf(rows)
	var chosen []int32
	for i := range rows.Length {
		if filter == nil || !filter.IsNull(i) && vector.Values[bool](filter)[i] {
			chosen = append(chosen, int32(i))
		}
	}
	b := vector.NewBatch(d.types)
	b.Length = len(chosen)
	for i, c := range d.l.call.Args {
		b.Columns[i].Append(rows.Columns[c], chosen)
	}
	numbers := b.Columns[len(d.l.of)]
	numbers.Reset(numberPair[0], len(chosen))
	for i, row := range chosen {
		vector.Values[int64](numbers)[i] = from + int64(row)
	}
	return d.sorter.add(b)
}

// end fills befores.
func (d *largeDistinct) end() error {
	if err := d.sorter.sort(); err != nil {
		return err
	}
	args := make([]int, len(d.l.of))
	for i := range args {
		args[i] = i
	}
	in, joined, pairs := vector.NewBatch(d.types), vector.NewBatch(d.types), vector.NewBatch(numberPair)
	for {
		more, err := d.sorter.next(in)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		had := joined.Length // the last row of what came before, if any
		joined.Append(in, 0, in.Length)
		rows := vector.Values[int64](joined.Columns[len(args)])
		same := equalToBefore(joined, args, 0, joined.Length)
		pairs.Length = joined.Length - had
		for _, v := range pairs.Columns {
			v.Reset(numberPair[0], pairs.Length)
		}
		for i := had; i < joined.Length; i++ {
			before := int64(-1)
			if i > 0 && same[i-1] {
				before = rows[i-1]
			}
			vector.Values[int64](pairs.Columns[0])[i-had], vector.Values[int64](pairs.Columns[1])[i-had] = rows[i], before
		}
		if err := d.back.add(pairs); err != nil {
			return err
		}
		last := vector.NewBatch(d.types)
		last.Append(joined, joined.Length-1, joined.Length)
		joined = last
	}
	if err := d.sorter.close(); err != nil {
		return err
	}
	return d.fill()
}

// fill makes befores of the sorted rows; those that the filter has left out have none.
func (d *largeDistinct) fill() error {
	if err := d.back.sort(); err != nil {
		return err
	}
	in, out := vector.NewBatch(numberPair), vector.NewBatch(numberPair[:1])
	v := out.Columns[0]
	put := func(n int) error {
		out.Length = n
		v.Truncate(n)
		err := d.befores.add(out)
		v.Reset(numberPair[0], mostPageRows)
		return err
	}
	v.Reset(numberPair[0], mostPageRows)
	at, n := int64(0), 0
	set := func(before int64) error {
		vector.Values[int64](v)[n] = before
		at, n = at+1, n+1
		if n < mostPageRows {
			return nil
		}
		n = 0
		return put(mostPageRows)
	}
	for {
		more, err := d.back.next(in)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		for i, row := range vector.Values[int64](in.Columns[0])[:in.Length] {
			for at < row {
				if err := set(-1); err != nil {
					return err
				}
			}
			if err := set(vector.Values[int64](in.Columns[1])[i]); err != nil {
				return err
			}
		}
	}
	for at < d.l.p.store.rows {
		if err := set(-1); err != nil {
			return err
		}
	}
	return errors.Join(put(n), d.back.close())
}

// before are the rows before those of a row's page.
func (d *largeDistinct) before(row int64) ([]int64, error) {
	if _, err := d.cursor.seek(row); err != nil {
		return nil, err
	}
	return vector.Values[int64](d.cursor.rows.Columns[0])[:d.cursor.rows.Length], nil
}

func (d *largeDistinct) close() error {
	if d == nil {
		return nil
	}
	return errors.Join(d.sorter.close(), d.back.close(), d.befores.close())
}
