package relational

import (
	"fmt"
	"time"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// WindowKind is a table function that assigns rows to windows of time.
type WindowKind int

const (
	// Tumble windows follow each other: Size.
	Tumble WindowKind = iota
	// Hop windows of Size begin each Step.
	Hop
	// Cumulate windows grow by Step up to Size, then begin anew.
	Cumulate
)

// WindowTable assigns rows to windows: a row comes out once for each of its windows, with window_start, window_end and window_time (the
// last millisecond of the window) behind its columns. Rows whose time is NULL belong to none; the metric numNullRowTimeRecordsDropped counts them.
// Windows of TIMESTAMP_LTZ are those of the clock in Zone.
type WindowTable struct {
	operator.Base
	Input              []datatype.Type
	Kind               WindowKind
	Time               int   // a column of TIMESTAMP or TIMESTAMP_LTZ
	Size, Step, Offset int64 // milliseconds; Step not of Tumble
	Zone               *time.Location

	ctx   *operator.Context
	out   *operator.Output
	batch *column.Batch
	at    int     // of the rows of batch that count
	local []int64 // their times as the clock shows them
}

// Output are the types of the input, then those of the window.
func (w *WindowTable) Output() []datatype.Type {
	return windowOutput(w.Input, w.Time)
}

func windowOutput(input []datatype.Type, time int) []datatype.Type {
	t := input[time]
	bound := datatype.Timestamp(t.Precision).Required()
	return append(append([]datatype.Type(nil), input...), bound, bound, t.Required())
}

// Open implements operator.Operator.
func (w *WindowTable) Open(ctx *operator.Context) error {
	w.ctx, w.out = ctx, ctx.Output(0)
	if w.Zone == nil {
		w.Zone = time.UTC
	}
	switch {
	case !w.Input[w.Time].IsInstant():
		return fmt.Errorf("windows are of TIMESTAMP or TIMESTAMP_LTZ, not of %s", w.Input[w.Time])
	case w.Size <= 0:
		return fmt.Errorf("the size of windows is %d ms, but must be above 0", w.Size)
	case w.Kind != Tumble && w.Step <= 0:
		return fmt.Errorf("the step of windows is %d ms, but must be above 0", w.Step)
	case w.Kind == Cumulate && w.Size%w.Step != 0:
		return fmt.Errorf("the size of cumulating windows, %d ms, must be a multiple of their step, %d ms", w.Size, w.Step)
	}
	return nil
}

// Process implements operator.Operator.
func (w *WindowTable) Process(_ int, b *column.Batch) (bool, error) {
	w.batch, w.at = b, 0
	withoutNull(w.ctx, column.Vectors(b), w.Time)
	w.local = localTimes(w.local[:0], column.Vectors(b), w.Time, w.Zone)
	return w.Resume()
}

// withoutNull takes away the rows without time.
func withoutNull(ctx *operator.Context, in *vector.Batch, time int) {
	v := in.Columns[time]
	if v.Valid == nil {
		return
	}
	kept := []int32{}
	for i := range in.Rows() {
		if in.Selection != nil {
			i = int(in.Selection[i])
		}
		if !v.IsNull(i) {
			kept = append(kept, int32(i))
		}
	}
	ctx.Metrics.Counter("numNullRowTimeRecordsDropped").Add(int64(in.Rows() - len(kept)))
	in.Selection = kept
}

// localTimes appends the times of the rows that count, in milliseconds as the clock shows them: TIMESTAMP_LTZ in a zone.
func localTimes(dst []int64, in *vector.Batch, column int, zone *time.Location) []int64 {
	v := in.Columns[column]
	for i := range in.Rows() {
		if in.Selection != nil {
			i = int(in.Selection[i])
		}
		ms, _ := v.Instant(i)
		if v.Type.Kind == datatype.KindTimestampLTZ && zone != time.UTC {
			_, offset := time.UnixMilli(ms).In(zone).Zone()
			ms += int64(offset) * 1000
		}
		dst = append(dst, ms)
	}
	return dst
}

// Resume implements operator.Operator: it emits rows with their windows, all windows of a row in one batch.
func (w *WindowTable) Resume() (bool, error) {
	if w.batch == nil {
		return false, nil
	}
	in := column.Vectors(w.batch)
	var rows []int32
	var starts, ends []int64
	for ; w.at < len(w.local) && len(rows) < batchRows; w.at++ {
		row := int32(w.at)
		if in.Selection != nil {
			row = in.Selection[w.at]
		}
		starts, ends = w.windows(w.local[w.at], starts, ends)
		for len(rows) < len(starts) {
			rows = append(rows, row)
		}
	}
	if len(rows) > 0 {
		w.out.Emit(column.OfVectors(withWindows(in, rows, starts, ends, w.Time, w.Zone)))
	}
	if w.at < len(w.local) {
		return true, nil
	}
	w.batch.Release()
	w.batch = nil
	return false, nil
}

// windows appends those of a time: start, and the first moment behind it.
func (w *WindowTable) windows(at int64, starts, ends []int64) ([]int64, []int64) {
	switch w.Kind {
	case Hop:
		for start := windowStart(at, w.Step, w.Offset); start > at-w.Size; start -= w.Step {
			starts, ends = append(starts, start), append(ends, start+w.Size)
		}
	case Cumulate:
		start := windowStart(at, w.Size, w.Offset)
		for end := windowStart(at, w.Step, w.Offset) + w.Step; end <= start+w.Size; end += w.Step {
			starts, ends = append(starts, start), append(ends, end)
		}
	default:
		start := windowStart(at, w.Size, w.Offset)
		starts, ends = append(starts, start), append(ends, start+w.Size)
	}
	return starts, ends
}

// windowStart is the last multiple of size, moved by offset, that is not behind a time.
func windowStart(at, size, offset int64) int64 {
	rest := (at - offset) % size
	if rest < 0 {
		rest += size
	}
	return at - rest
}

// withWindows copies rows and puts their windows behind.
func withWindows(in *vector.Batch, rows []int32, starts, ends []int64, column int, zone *time.Location) *vector.Batch {
	types := make([]datatype.Type, len(in.Columns))
	for i, v := range in.Columns {
		types[i] = v.Type
	}
	all := windowOutput(types, column)
	out := vector.NewBatch(types)
	out.AppendRows(in, rows)
	for k, t := range all[len(types):] {
		v := vector.New(t, len(rows))
		clear(v.Nanos)
		times := vector.Values[int64](v)
		switch k {
		case 0:
			copy(times, starts)
		case 1:
			copy(times, ends)
		default:
			for i, end := range ends {
				times[i] = instantOf(end-1, t, zone)
			}
		}
		out.Columns = append(out.Columns, v)
	}
	return out
}

// instantOf turns what a clock shows back to the instant if the type is one.
func instantOf(local int64, t datatype.Type, zone *time.Location) int64 {
	if t.Kind != datatype.KindTimestampLTZ || zone == time.UTC {
		return local
	}
	c := time.UnixMilli(local).UTC()
	return time.Date(c.Year(), c.Month(), c.Day(), c.Hour(), c.Minute(), c.Second(), c.Nanosecond(), zone).UnixMilli()
}

// Close implements operator.Operator.
func (w *WindowTable) Close() error {
	w.batch = nil
	return nil
}
