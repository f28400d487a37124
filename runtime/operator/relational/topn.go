package relational

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// TopN gives the first rows in the order of keys: a Sort with a limit so small that the rows fit into memory (MaxTopN). Rows that are
// equal stay in the order of their arrival. Over several sub-tasks it stands twice: each keeps Offset+Limit rows, and then one task has
// the offset.
//
//	TopN{Keys: [0], Limit: 2}: 5 3 4 1 -> 1 3
type TopN struct {
	operator.Base
	Input         []datatype.Type
	Keys          []SortKey
	Offset, Limit int64

	ctx    *operator.Context
	by     []vector.Order
	keys   vector.Keys
	pool   *column.Pool
	format *vector.RowFormat
	want   int
	best   []topRow // unordered, no more than twice as many as wanted
	held   int64    // bytes of theirs that are reserved
	order  int64    // of the next row that comes

	bound       []byte // the key of the last wanted row, nil while there are fewer
	prefixes    []uint64
	all         []int32
	boundPrefix uint64
	chosen      []int32
	emitted     int
}

// topRow is a row that may be among the first; order is that of its arrival.
type topRow struct {
	key    string
	row    string
	prefix uint64
	order  int64
}

// MaxTopN is the greatest Offset+Limit for which TopN is of use.
const MaxTopN = 10000

// Output are the types of the input.
func (t *TopN) Output() []datatype.Type { return t.Input }

// Unsaved implements operator.Unsaved.
func (*TopN) Unsaved() string { return "the first rows so far" }

// Open implements operator.Operator.
func (t *TopN) Open(ctx *operator.Context) (err error) {
	if t.Offset < 0 || t.Limit < 0 || t.Offset+t.Limit > MaxTopN {
		return fmt.Errorf("the first %d rows behind %d are no Top-N, which is for up to %d: sort", t.Limit, t.Offset, MaxTopN)
	}
	t.ctx, t.want = ctx, int(t.Offset+t.Limit)
	t.pool = column.PoolLike(column.NewVectors(t.Input))
	if t.by, err = orders(t.Keys, t.Input); err != nil {
		return err
	}
	t.format, err = vector.NewRowFormat(t.Input)
	return err
}

// Process implements operator.Operator.
func (t *TopN) Process(_ int, b *column.Batch) (bool, error) {
	defer b.Release()
	in := column.Vectors(b)
	n := int64(in.Rows())
	if t.want > 0 {
		t.add(in)
	}
	t.order += n
	return false, nil
}

// add keeps the rows that may be among the first.
func (t *TopN) add(in *vector.Batch) {
	rows := in.Selection
	if rows == nil {
		for i := len(t.all); i < in.Length; i++ {
			t.all = append(t.all, int32(i))
		}
		rows = t.all[:in.Length]
	}
	if len(t.by) > 0 {
		t.prefixes = t.keys.Prefixes(t.prefixes, in.Columns[t.by[0].Column], rows, t.by[0])
	} else {
		t.prefixes = append(t.prefixes[:0], make([]uint64, len(rows))...)
	}
	chosen, places := t.chosen[:0], []int32(nil)
	for i, p := range t.prefixes {
		if t.bound == nil || p <= t.boundPrefix {
			chosen, places = append(chosen, rows[i]), append(places, int32(i))
		}
	}
	t.chosen = chosen
	if len(chosen) == 0 {
		return
	}
	some := vector.Batch{Length: in.Length, Columns: in.Columns, Selection: chosen}
	t.keys.Make(&some, t.by)
	kept := chosen[:0]
	added := len(t.best)
	for i, row := range chosen {
		key := t.keys.Key(i)
		if t.bound != nil && bytes.Compare(key, t.bound) >= 0 {
			continue
		}
		kept = append(kept, row)
		t.best = append(t.best, topRow{key: string(key), prefix: t.prefixes[places[i]], order: t.order + int64(places[i])})
	}
	if len(kept) == 0 {
		return
	}
	some.Selection = kept
	all, ends := t.format.Append(nil, &some)
	from, size := 0, int64(0)
	for i, end := range ends {
		r := &t.best[added+i]
		r.row = string(all[from:end])
		size += r.size()
		from = end
	}
	t.hold(t.held + size)
	if len(t.best) >= 2*t.want {
		t.cut()
	}
}

// size is the memory of a row.
func (r *topRow) size() int64 { return int64(len(r.key)+len(r.row)) + 64 }

// hold counts the memory of the rows, which cannot go to disk.
func (t *TopN) hold(bytes int64) {
	t.ctx.Memory.Overdraw(bytes - t.held)
	t.held = bytes
}

// cut leaves the wanted rows.
func (t *TopN) cut() {
	slices.SortFunc(t.best, func(a, b topRow) int {
		switch {
		case a.key < b.key:
			return -1
		case a.key > b.key:
			return 1
		case a.order < b.order:
			return -1
		}
		return 1
	})
	if t.want == 0 || len(t.best) < t.want {
		return
	}
	clear(t.best[t.want:])
	t.best = t.best[:t.want]
	last := t.best[t.want-1]
	t.bound, t.boundPrefix = []byte(last.key), last.prefix
	size := int64(0)
	for i := range t.best {
		size += t.best[i].size()
	}
	t.hold(size)
}

// EndInput implements operator.Operator.
func (t *TopN) EndInput(int) (bool, error) {
	t.cut()
	t.emitted = int(t.Offset)
	return true, nil
}

// Resume implements operator.Operator: it emits a batch.
func (t *TopN) Resume() (bool, error) {
	hi := min(len(t.best), t.emitted+maxSortedRows)
	if t.emitted >= hi {
		return false, nil
	}
	var rows []string
	size := 0
	for _, r := range t.best[t.emitted:hi] {
		if size += len(r.row); size > maxSortedBytes && len(rows) > 0 {
			break
		}
		rows = append(rows, r.row)
	}
	t.emitted += len(rows)
	b := t.pool.Get()
	t.format.Read(column.Vectors(b), rows)
	t.ctx.Output(0).Emit(b)
	return t.emitted < len(t.best), nil
}

// Close implements operator.Operator.
func (t *TopN) Close() error {
	if t.ctx != nil {
		t.hold(0)
	}
	t.best = nil
	return nil
}
