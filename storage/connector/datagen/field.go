package datagen

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// fieldKeys are the options of a column, behind fields.NAME.
var fieldKeys = []string{"kind", "min", "max", "max-past", "length", "var-len", "start", "end", "null-rate"}

// field makes the values of one column.
type field struct {
	of    datatype.Type
	seed  uint64
	nulls float64
	put   put
}

// fill makes the values of rows lo to hi-1.
func (f field) fill(v *vector.Vector, lo, hi int64) {
	v.Reset(f.of, int(hi-lo))
	for i := range int(hi - lo) {
		row := lo + int64(i)
		random := mix(f.seed ^ mix(uint64(row)))
		if f.nulls > 0 && unit(mix(random^nullSeed)) < f.nulls {
			v.SetNull(i)
			continue
		}
		f.put(v, i, row, random)
	}
	v.Finish()
}

const nullSeed = 0x6e756c6c

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014): a random number of each argument.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit is a number of [0, 1).
func unit(random uint64) float64 { return float64(random>>11) / (1 << 53) }

// seedOf is the same for a name in all processes.
func seedOf(name string) uint64 {
	h := uint64(len(name))
	for _, c := range []byte(name) {
		h = mix(h ^ uint64(c))
	}
	return h
}

// settings are the options of one column.
type settings struct {
	of     datatype.Type
	now    time.Time
	values map[string]string
	used   []string
}

func newField(f Field, options map[string]string, now time.Time) (field, int64, error) {
	s := &settings{of: f.Type, now: now, values: map[string]string{}}
	for _, key := range fieldKeys {
		if v, ok := options["fields."+f.Name+"."+key]; ok {
			s.values[key] = v
		}
	}
	out := field{of: f.Type, seed: seedOf(f.Name)}
	rows := int64(math.MaxInt64)
	var err error
	kind := s.text("kind", "random")
	switch kind {
	case "random":
		out.nulls, err = s.number("null-rate", 0)
		switch {
		case err != nil:
		case out.nulls < 0 || out.nulls > 1:
			err = fmt.Errorf("option 'null-rate' = '%s': it is a number from 0 to 1", s.values["null-rate"])
		case out.nulls > 0 && f.Type.NotNull:
			err = fmt.Errorf("option 'null-rate': the column is NOT NULL")
		default:
			out.put, err = s.random()
		}
	case "sequence":
		out.put, rows, err = s.sequence()
	default:
		err = fmt.Errorf("option 'kind' = '%s': it is random or sequence", kind)
	}
	if err != nil {
		return out, 0, err
	}
	for _, key := range slices.Sorted(maps.Keys(s.values)) {
		if !slices.Contains(s.used, key) {
			return out, 0, fmt.Errorf("option '%s' is not for %s values of type %s; those are %s", key, kind, f.Type.Nullable(), strings.Join(s.used, ", "))
		}
	}
	return out, rows, nil
}

func (s *settings) text(key, otherwise string) string {
	s.used = append(s.used, key)
	if v, ok := s.values[key]; ok {
		return v
	}
	return otherwise
}

func (s *settings) integer(key string, otherwise int64) (int64, error) {
	v := s.text(key, strconv.FormatInt(otherwise, 10))
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("option '%s' = '%s': it is a whole number", key, v)
	}
	return n, nil
}

func (s *settings) number(key string, otherwise float64) (float64, error) {
	v, ok := s.values[key]
	s.used = append(s.used, key)
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("option '%s' = '%s': it is a number", key, v)
	}
	return n, nil
}
