package kernel

import (
	"time"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// kernel fills the result of a frame.
type kernel func(f *frame) error

// frame is what a kernel works on: vectors of the arguments, the result, which rows, and for kernels of rows the one at hand.
type frame struct {
	args      []*vector.Vector
	out       *vector.Vector
	length    int
	selection []int32
	row       int
	zone      *time.Location
	scratch   []byte
}

// rows makes a kernel of a function of one row. It is called where no argument is NULL, or, of an entry that looks at NULL itself,
// for each row. A row that it puts nothing into is undefined, or an empty text.
func rows(fn func(f *frame) error) kernel {
	return func(f *frame) error {
		if f.selection == nil {
			for f.row = 0; f.row < f.length; f.row++ {
				if !f.out.IsNull(f.row) {
					if err := fn(f); err != nil {
						return err
					}
				}
			}
			return nil
		}
		for _, i := range f.selection {
			if f.row = int(i); !f.out.IsNull(f.row) {
				if err := fn(f); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func (f *frame) null(k int) bool   { return f.args[k].IsNull(f.row) }
func (f *frame) text(k int) []byte { return f.args[k].Bytes(f.row) }
func (f *frame) str(k int) string  { return string(f.args[k].Bytes(f.row)) }
func (f *frame) has(k int) bool    { return k < len(f.args) }
func (f *frame) bool(k int) bool   { return vector.Values[bool](f.args[k])[f.args[k].At(f.row)] }

// int reads what is an integer in memory: numbers, dates, times of the day, intervals.
func (f *frame) int(k int) int64 {
	v := f.args[k]
	i := v.At(f.row)
	switch vector.Width(v.Type) {
	case 1:
		return int64(vector.Values[int8](v)[i])
	case 2:
		return int64(vector.Values[int16](v)[i])
	case 4:
		return int64(vector.Values[int32](v)[i])
	}
	return vector.Values[int64](v)[i]
}

// float reads any number.
func (f *frame) float(k int) float64 {
	v := f.args[k]
	switch v.Type.Kind {
	case datatype.KindFloat:
		return float64(vector.Values[float32](v)[v.At(f.row)])
	case datatype.KindDouble:
		return vector.Values[float64](v)[v.At(f.row)]
	case datatype.KindDecimal:
		return v.Decimal(f.row).Float(v.Type.Scale)
	}
	return float64(f.int(k))
}

func (f *frame) decimal(k int) decimal.Int128 {
	if v := f.args[k]; v.Type.Kind == datatype.KindDecimal {
		return v.Decimal(f.row)
	}
	return decimal.Of(f.int(k))
}

// time reads a date (its midnight), a time of the day (on 1970-01-01), a timestamp (in UTC) or an instant (in the session's zone).
func (f *frame) time(k int) time.Time {
	v := f.args[k]
	switch v.Type.Kind {
	case datatype.KindDate:
		return time.Unix(f.int(k)*86400, 0).UTC()
	case datatype.KindTime:
		return time.UnixMilli(f.int(k)).UTC()
	}
	ms, ns := v.Instant(f.row)
	t := time.Unix(floorDiv(ms, 1000), floorMod(ms, 1000)*1e6+int64(ns))
	if v.Type.Kind == datatype.KindTimestampLTZ {
		return t.In(f.zone)
	}
	return t.UTC()
}

func (f *frame) putNull()         { f.out.SetNull(f.row) }
func (f *frame) putText(b []byte) { f.out.PutBytes(f.row, b) }
func (f *frame) putBool(b bool)   { vector.Values[bool](f.out)[f.row] = b }

func (f *frame) putString(s string) {
	f.scratch = append(f.scratch[:0], s...)
	f.out.PutBytes(f.row, f.scratch)
}

// putInt stores an integer in the width of the result.
func (f *frame) putInt(n int64) {
	switch vector.Width(f.out.Type) {
	case 1:
		vector.Values[int8](f.out)[f.row] = int8(n)
	case 2:
		vector.Values[int16](f.out)[f.row] = int16(n)
	case 4:
		vector.Values[int32](f.out)[f.row] = int32(n)
	default:
		vector.Values[int64](f.out)[f.row] = n
	}
}

func (f *frame) putFloat(n float64) {
	if f.out.Type.Kind == datatype.KindFloat {
		vector.Values[float32](f.out)[f.row] = float32(n)
		return
	}
	vector.Values[float64](f.out)[f.row] = n
}

func (f *frame) putDecimal(n decimal.Int128) { f.out.PutDecimal(f.row, n) }

// putRescaled stores a number of a scale that is not the result's.
func (f *frame) putRescaled(n decimal.Int128, scale int) {
	if n, ok := n.Rescale(scale, f.out.Type.Scale); ok {
		f.putDecimal(n)
		return
	}
	f.putNull()
}

// putInstant stores milliseconds and nanoseconds within, cut to the digits of the result.
func (f *frame) putInstant(ms int64, ns int32) {
	switch p := f.out.Type.Precision; {
	case p < 3:
		unit := [...]int64{1000, 100, 10}[p]
		ms = floorDiv(ms, unit) * unit
	case p > 3 && p < 9:
		unit := [...]int32{1e5, 1e4, 1e3, 100, 10}[p-4]
		ns -= ns % unit
	}
	vector.Values[int64](f.out)[f.row] = ms
	if len(f.out.Nanos) > 0 {
		f.out.Nanos[f.row] = ns
	}
}

// putTime stores a point in time as a date, a time of the day or a timestamp shows it, or the instant itself.
func (f *frame) putTime(t time.Time) {
	switch f.out.Type.Kind {
	case datatype.KindDate:
		f.putInt(dayOf(t))
	case datatype.KindTime:
		f.putInt(int64(t.Hour())*3_600_000 + int64(t.Minute())*60_000 + int64(t.Second())*1000 + int64(t.Nanosecond())/1e6)
	case datatype.KindTimestampLTZ:
		f.putInstant(t.UnixMilli(), int32(t.Nanosecond()%1e6))
	default:
		t = asUTC(t)
		f.putInstant(t.UnixMilli(), int32(t.Nanosecond()%1e6))
	}
}

// asUTC is the same reading of the clock in UTC.
func asUTC(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// dayOf is the date that a clock shows, in days since 1970.
func dayOf(t time.Time) int64 { return floorDiv(asUTC(t).Unix(), 86400) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
