package relational

import (
	"errors"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/vector"
)

// WindowSession assigns rows to sessions: rows of equal PartitionBy of which each comes at most Gap after the one before it. The input must be
// sorted by PartitionBy and Time. What comes out is that of a WindowTable: a session ends Gap behind its last row.
type WindowSession struct {
	operator.Base
	Input       []datatype.Type
	Time        int // a column of TIMESTAMP or TIMESTAMP_LTZ
	PartitionBy []int
	Gap         int64 // milliseconds
	Zone        *time.Location

	ctx    *operator.Context
	out    *operator.Output
	format *vector.RowFormat
	codec  *column.Codec[string]
	open   session // its rows of earlier batches wait
	closed session // its rows are being emitted
	local  []int64
	row    []byte
}

// session is some rows of a batch, or of earlier batches as vector.Batch.AppendWire writes them.
type session struct {
	key         string
	some        bool // there is a row
	first, last int64
	rows        *spill.Queue[string] // nil: there are none
}

// Output are the types of the input, then those of the window.
func (w *WindowSession) Output() []datatype.Type { return windowOutput(w.Input, w.Time) }

// Open implements operator.Operator.
func (w *WindowSession) Open(ctx *operator.Context) (err error) {
	w.ctx, w.out = ctx, ctx.Output(0)
	if w.Zone == nil {
		w.Zone = time.UTC
	}
	if !w.Input[w.Time].IsInstant() {
		return fmt.Errorf("windows are of TIMESTAMP or TIMESTAMP_LTZ, not of %s", w.Input[w.Time])
	}
	if w.Gap <= 0 {
		return fmt.Errorf("the gap between sessions is %d ms, but must be above 0", w.Gap)
	}
	types := make([]datatype.Type, len(w.PartitionBy))
	for i, k := range w.PartitionBy {
		types[i] = w.Input[k]
	}
	if w.format, err = vector.NewRowFormat(types); err != nil {
		return err
	}
	w.codec, err = column.CodecOf[string]()
	return err
}

// Process implements operator.Operator: sessions that begin and end in the batch are emitted at once.
func (w *WindowSession) Process(_ int, b *column.Batch) (bool, error) {
	in := column.Vectors(b)
	withoutNull(w.ctx, in, w.Time)
	in.Compact()
	w.local = localTimes(w.local[:0], in, w.Time, w.Zone)
	ends := w.keys(in)
	var rows []int32
	var starts, stops []int64
	from := 0 // where the session at hand begins
	for i := range w.local {
		key := w.row[w.at(ends, i):ends[i]]
		if w.goes(key, w.local[i]) {
			w.open.last = w.local[i]
			continue
		}
		if w.open.rows != nil {
			if err := w.keep(in, from, i); err != nil {
				return false, err
			}
			w.closed, from = w.open, i
		}
		for ; from < i; from++ {
			rows, starts, stops = append(rows, int32(from)), append(starts, w.open.first), append(stops, w.open.last+w.Gap)
		}
		w.open = session{key: string(key), some: true, first: w.local[i], last: w.local[i]}
	}
	if err := w.keep(in, from, len(w.local)); err != nil {
		return false, err
	}
	if len(rows) > 0 {
		w.out.Emit(column.OfVectors(withWindows(in, rows, starts, stops, w.Time, w.Zone)))
	}
	b.Release()
	return w.closed.rows != nil, nil
}

// keys makes a text of the partition of each row, and returns where they end.
func (w *WindowSession) keys(in *vector.Batch) []int {
	b := &vector.Batch{Length: in.Length}
	for _, k := range w.PartitionBy {
		v := new(vector.Vector)
		in.Columns[k].Canonical(v, in.Length, nil)
		b.Columns = append(b.Columns, v)
	}
	var ends []int
	w.row, ends = w.format.Append(w.row[:0], b)
	return ends
}

func (w *WindowSession) at(ends []int, i int) int {
	if i == 0 {
		return 0
	}
	return ends[i-1]
}

// goes says whether a row belongs to the session that is open.
func (w *WindowSession) goes(key []byte, at int64) bool {
	return w.open.some && w.open.key == string(key) && at-w.open.last <= w.Gap
}

// keep puts rows from to to-1 to those of the open session.
func (w *WindowSession) keep(in *vector.Batch, from, to int) error {
	if from == to {
		return nil
	}
	if w.open.rows == nil {
		w.open.rows = spill.NewQueue(w.ctx.Memory, w.ctx.Spill, w.codec, 0)
	}
	wire, err := in.AppendWire(nil, from, to)
	if err != nil {
		return err
	}
	return w.open.rows.Push(column.BatchOf([]string{unsafe.String(unsafe.SliceData(wire), len(wire))}))
}

// EndInput implements operator.Operator.
func (w *WindowSession) EndInput(int) (bool, error) {
	w.closed, w.open = w.open, session{}
	return w.closed.rows != nil, nil
}

// Resume implements operator.Operator: it emits rows of a session that has ended.
func (w *WindowSession) Resume() (bool, error) {
	if w.closed.rows == nil {
		return false, nil
	}
	b, err := w.closed.rows.Pop()
	if err != nil {
		return false, err
	}
	if b == nil {
		err := w.closed.rows.Close()
		w.closed = session{}
		return false, err
	}
	for _, wire := range column.Rows[string](b) {
		in := vector.NewBatch(w.Input)
		if err := in.DecodeWire(unsafe.Slice(unsafe.StringData(wire), len(wire))); err != nil {
			return false, fmt.Errorf("reading the rows of a session: %w", err)
		}
		rows := make([]int32, in.Length)
		for i := range rows {
			rows[i] = int32(i)
		}
		starts, ends := slices.Repeat([]int64{w.closed.first}, in.Length), slices.Repeat([]int64{w.closed.last + w.Gap}, in.Length)
		w.out.Emit(column.OfVectors(withWindows(in, rows, starts, ends, w.Time, w.Zone)))
	}
	b.Release()
	return true, nil
}

// Close implements operator.Operator.
func (w *WindowSession) Close() error {
	var errs []error
	for _, s := range []session{w.open, w.closed} {
		if s.rows != nil {
			errs = append(errs, s.rows.Close())
		}
	}
	w.open, w.closed = session{}, session{}
	return errors.Join(errs...)
}
