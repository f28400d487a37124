package parquet

import (
	"encoding/binary"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/numbertext"
	"github.com/leatproject/leat/storage/vector"
)

// storeInstant is for TIMESTAMP and TIMESTAMP_LTZ; digits beyond the precision of t are cut off.
func storeInstant(e *schemaElement, t datatype.Type) store {
	if !e.leafType().IsInstant() {
		return nil
	}
	cut := int32(numbertext.Powers[9-max(t.Precision, 3)])
	if e.physical == physicalInt96 {
		return storeInt96(cut)
	}
	unit, _ := e.timeUnit()
	if unit == unitMicros && t.Precision >= 6 {
		cut = 1
	}
	if unit == unitMillis {
		return storeMillis
	}
	return func(v *vector.Vector, at int, d *dense, n int) error {
		to := vector.Values[int64](v)[at : at+n]
		var nanos []int32
		if vector.HasNanos(v.Type) {
			nanos = v.Nanos[at : at+n]
		}
		if unit == unitMicros {
			ofMicros(to, nanos, d.i64)
		} else {
			ofNanos(to, nanos, d.i64)
		}
		if cut > 1 {
			for i, x := range nanos {
				nanos[i] = x - x%cut
			}
		}
		return nil
	}
}

func storeMillis(v *vector.Vector, at int, d *dense, n int) error {
	copy(vector.Values[int64](v)[at:], d.i64[:n])
	if vector.HasNanos(v.Type) {
		clear(v.Nanos[at : at+n])
	}
	return nil
}

// ofMicros splits microseconds into milliseconds and the nanoseconds within, where those are wanted.
func ofMicros(to []int64, nanos []int32, from []int64) {
	from = from[:len(to)]
	if nanos == nil {
		for i, x := range from {
			to[i] = (x - x>>63&999) / 1000
		}
		return
	}
	nanos = nanos[:len(to)]
	for i, x := range from {
		ms := (x - x>>63&999) / 1000
		to[i], nanos[i] = ms, int32(x-ms*1000)*1000
	}
}

// ofNanos does so with nanoseconds.
func ofNanos(to []int64, nanos []int32, from []int64) {
	from = from[:len(to)]
	if nanos == nil {
		for i, x := range from {
			to[i] = floor(x, 1e6)
		}
		return
	}
	nanos = nanos[:len(to)]
	for i, x := range from {
		ms := floor(x, 1e6)
		to[i], nanos[i] = ms, int32(x-ms*1e6)
	}
}

func floor(x, per int64) int64 {
	q := x / per
	if x%per < 0 {
		q--
	}
	return q
}

// storeInt96 is for the timestamps of old writers: nanoseconds of the day and its Julian number.
func storeInt96(cut int32) store {
	return func(v *vector.Vector, at int, d *dense, n int) error {
		to := vector.Values[int64](v)[at:]
		nanos := vector.HasNanos(v.Type)
		for i := range n {
			b := d.fixed[12*i:]
			ns := int64(binary.LittleEndian.Uint64(b))
			days := int64(binary.LittleEndian.Uint32(b[8:])) - 2440588 // the Julian day of 1970-01-01
			to[i] = days*86400_000 + floor(ns, 1e6)
			if nanos {
				rest := int32(ns - floor(ns, 1e6)*1e6)
				v.Nanos[at+i] = rest - rest%cut
			}
		}
		return nil
	}
}
