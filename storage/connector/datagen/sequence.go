package datagen

import (
	"fmt"
	"strconv"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// sequence counts from start to end, both included, and says how many values that are.
func (s *settings) sequence() (put, int64, error) {
	for _, key := range []string{"start", "end"} {
		if _, ok := s.values[key]; !ok {
			return nil, 0, fmt.Errorf("a sequence needs the option '%s'", key)
		}
	}
	start, err := s.integer("start", 0)
	if err != nil {
		return nil, 0, err
	}
	end, err := s.integer("end", 0)
	if err != nil {
		return nil, 0, err
	}
	rows := end - start + 1
	if end < start || rows <= 0 {
		return nil, 0, fmt.Errorf("the sequence from %d to %d is empty or too long", start, end)
	}
	if low, high := integers(s.of); s.of.IsInteger() && (start < low || end > high) {
		return nil, 0, fmt.Errorf("the sequence from %d to %d does not fit %s", start, end, s.of.Nullable())
	}
	var made put
	switch {
	case s.of.IsInteger():
		made = func(v *vector.Vector, i int, row int64, _ uint64) { putInteger(v, i, start+row) }
	case s.of.Kind == datatype.KindFloat:
		made = func(v *vector.Vector, i int, row int64, _ uint64) {
			vector.Values[float32](v)[i] = float32(start + row)
		}
	case s.of.Kind == datatype.KindDouble:
		made = func(v *vector.Vector, i int, row int64, _ uint64) {
			vector.Values[float64](v)[i] = float64(start + row)
		}
	case s.of.Kind == datatype.KindDecimal:
		for _, edge := range []int64{start, end} {
			if n, ok := decimal.Of(edge).Rescale(0, s.of.Scale); !ok || !n.Fits(s.of.Precision) {
				return nil, 0, fmt.Errorf("%d does not fit %s", edge, s.of.Nullable())
			}
		}
		made = func(v *vector.Vector, i int, row int64, _ uint64) {
			n, _ := decimal.Of(start+row).Rescale(0, s.of.Scale)
			v.PutDecimal(i, n)
		}
	case s.of.Kind == datatype.KindVarChar:
		made = func(v *vector.Vector, i int, row int64, _ uint64) {
			v.PutBytes(i, strconv.AppendInt(nil, start+row, 10))
		}
		if longest := max(len(strconv.FormatInt(start, 10)), len(strconv.FormatInt(end, 10))); longest > s.of.Precision {
			return nil, 0, fmt.Errorf("the sequence from %d to %d does not fit %s", start, end, s.of.Nullable())
		}
	default:
		return nil, 0, fmt.Errorf("a sequence is of numbers or VARCHAR, not of %s", s.of.Nullable())
	}
	return made, rows, nil
}
