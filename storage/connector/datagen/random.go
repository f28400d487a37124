package datagen

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

// put sets a value to what the random number of its row makes.
type put = func(v *vector.Vector, i int, row int64, random uint64)

// random chooses how values of a type are made.
func (s *settings) random() (put, error) {
	switch t := s.of; {
	case t.Kind == datatype.KindBoolean:
		return func(v *vector.Vector, i int, _ int64, r uint64) { vector.Values[bool](v)[i] = r&1 == 1 }, nil
	case t.IsInteger() || t.IsInterval():
		return s.randomInteger()
	case t.IsApproximate():
		return s.randomFloat()
	case t.Kind == datatype.KindDecimal:
		return s.randomDecimal()
	case t.IsCharacter() || t.IsBinary():
		return s.randomText()
	case t.Kind == datatype.KindDate:
		today := int64(math.Floor(float64(s.now.Unix()) / 86400))
		return func(v *vector.Vector, i int, _ int64, _ uint64) { putInteger(v, i, today) }, nil
	case t.Kind == datatype.KindTime:
		now := s.now.UTC()
		ms := now.Sub(now.Truncate(24 * time.Hour)).Milliseconds()
		return func(v *vector.Vector, i int, _ int64, _ uint64) { putInteger(v, i, ms) }, nil
	case t.IsInstant():
		return s.randomInstant()
	}
	return nil, fmt.Errorf("values of type %s cannot be made up yet", s.of.Nullable())
}

// integers are the bounds of a type.
func integers(t datatype.Type) (int64, int64) {
	shift := 64 - 8*vector.Width(t)
	return math.MinInt64 >> shift, math.MaxInt64 >> shift
}

func putInteger(v *vector.Vector, i int, n int64) {
	switch vector.Width(v.Type) {
	case 1:
		vector.Values[int8](v)[i] = int8(n)
	case 2:
		vector.Values[int16](v)[i] = int16(n)
	case 4:
		vector.Values[int32](v)[i] = int32(n)
	default:
		vector.Values[int64](v)[i] = n
	}
}

// below is a number of 0 to n, n included, of a random number (Lemire 2019, without its rejections: what that skews is below 2^-64 n).
func below(random, n uint64) uint64 {
	if n == math.MaxUint64 {
		return random
	}
	high, _ := bits.Mul64(random, n+1)
	return high
}

func (s *settings) randomInteger() (put, error) {
	least, most := integers(s.of)
	low, err := s.integer("min", least)
	if err != nil {
		return nil, err
	}
	high, err := s.integer("max", most)
	if err != nil {
		return nil, err
	}
	if low > high || low < least || high > most {
		return nil, fmt.Errorf("from %d to %d there is no value of type %s", low, high, s.of.Nullable())
	}
	span := uint64(high) - uint64(low)
	return func(v *vector.Vector, i int, _ int64, r uint64) { putInteger(v, i, int64(uint64(low)+below(r, span))) }, nil
}

func (s *settings) randomFloat() (put, error) {
	most := math.MaxFloat64
	if s.of.Kind == datatype.KindFloat {
		most = math.MaxFloat32
	}
	low, err := s.number("min", -most)
	if err != nil {
		return nil, err
	}
	high, err := s.number("max", most)
	if err != nil {
		return nil, err
	}
	if low > high {
		return nil, fmt.Errorf("from %v to %v there is no value", low, high)
	}
	of := func(r uint64) float64 { return low*(1-unit(r)) + high*unit(r) }
	if s.of.Kind == datatype.KindFloat {
		return func(v *vector.Vector, i int, _ int64, r uint64) { vector.Values[float32](v)[i] = float32(of(r)) }, nil
	}
	return func(v *vector.Vector, i int, _ int64, r uint64) { vector.Values[float64](v)[i] = of(r) }, nil
}

func (s *settings) randomDecimal() (put, error) {
	nines := strings.Repeat("9", s.of.Precision-s.of.Scale) + "." + strings.Repeat("9", s.of.Scale)
	read := func(key, otherwise string) (decimal.Int128, error) {
		text := s.text(key, otherwise)
		n, ok, fits := decimal.Parse(text, s.of.Scale)
		if !ok || !fits || !n.Fits(s.of.Precision) {
			return n, fmt.Errorf("option '%s' = '%s': it is a %s", key, text, s.of.Nullable())
		}
		return n, nil
	}
	low, err := read("min", "-"+nines)
	if err != nil {
		return nil, err
	}
	high, err := read("max", nines)
	if err != nil {
		return nil, err
	}
	if low.Cmp(high) > 0 {
		return nil, fmt.Errorf("from '%s' to '%s' there is no value", s.values["min"], s.values["max"])
	}
	values := high.Sub(low).Add(decimal.Of(1))
	return func(v *vector.Vector, i int, _ int64, r uint64) {
		random := decimal.Int128{Lo: mix(r), Hi: int64(r >> 1)}
		v.PutDecimal(i, low.Add(decimal.Mod(random, values)))
	}, nil
}

// defaultLength is that of types that bound none.
const defaultLength = 100

// randomText makes hexadecimal digits, or bytes.
func (s *settings) randomText() (put, error) {
	length, variable := int64(s.of.Precision), false
	if s.of.Kind == datatype.KindVarChar || s.of.Kind == datatype.KindVarBinary {
		most := length
		if length == datatype.MaxLength {
			length = defaultLength
		}
		var err error
		if length, err = s.integer("length", length); err != nil {
			return nil, err
		}
		if length < 1 || length > most {
			return nil, fmt.Errorf("option 'length' = '%d': %s has 1 to %d", length, s.of.Nullable(), most)
		}
		if variable, err = strconv.ParseBool(s.text("var-len", "false")); err != nil {
			return nil, fmt.Errorf("option 'var-len' = '%s': it is true or false", s.values["var-len"])
		}
	}
	binary := s.of.IsBinary()
	return func(v *vector.Vector, i int, _ int64, r uint64) {
		n := int(length)
		if variable {
			n = 1 + int(below(r, uint64(length-1)))
		}
		b := make([]byte, 0, n+8)
		for k := uint64(1); len(b) < n; k++ {
			b = appendRandom(b, mix(r+k), binary)
		}
		v.PutBytes(i, b[:n])
	}, nil
}

func appendRandom(b []byte, r uint64, binary bool) []byte {
	eight := [8]byte{byte(r), byte(r >> 8), byte(r >> 16), byte(r >> 24), byte(r >> 32), byte(r >> 40), byte(r >> 48), byte(r >> 56)}
	if binary {
		return append(b, eight[:]...)
	}
	return hex.AppendEncode(b, eight[:])
}

// units of durations.
var units = map[string]time.Duration{
	"": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "sec": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// randomInstant is at most max-past before now.
func (s *settings) randomInstant() (put, error) {
	text := s.text("max-past", "0")
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	unit, known := units[strings.TrimSpace(text[len(number):])]
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 0 || !known {
		return nil, fmt.Errorf("option 'max-past' = '%s': it is a duration such as 30min, 1h or 7d", text)
	}
	past := uint64(n) * uint64(unit.Milliseconds())
	now := s.now.UnixMilli()
	return func(v *vector.Vector, i int, _ int64, r uint64) {
		vector.Values[int64](v)[i] = now - int64(below(r, past))
		if len(v.Nanos) > 0 {
			v.Nanos[i] = 0
		}
	}, nil
}
