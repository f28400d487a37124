package kernel

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/decimal"
	"github.com/leatproject/leat/storage/vector"
)

var errCast = errors.New("cannot be cast")

// cast makes the node that turns a value into another type; with try, what cannot be is NULL.
func (c *compiler) cast(operand node, to datatype.Type, try bool) (node, error) {
	from := operand.of()
	if from.EqualButNull(to) || sameBytes(from, to) {
		return operand, nil
	}
	if from.Kind == datatype.KindNull {
		v := vector.New(to.Nullable(), 1)
		v.Constant = true
		v.SetNull(0)
		v.Finish()
		return &constantNode{v}, nil
	}
	if from.Kind == datatype.KindVariant {
		return c.castVariant(operand, to, try)
	}
	n := &callNode{args: []node{operand}, result: to, frame: frame{zone: c.options.Zone}}
	if from.IsNested() && to.IsNested() {
		run, err := c.castNested(from, to, try)
		if err != nil {
			return nil, err
		}
		if n.run = run; run != nil {
			return n, nil
		}
	}
	if n.run = castNumbers(from, to); n.run != nil {
		return n, nil
	}
	fn := castRows(from, to)
	if fn == nil {
		return nil, fmt.Errorf("a cast of %s to %s is not vectorised yet", from, to)
	}
	n.run = attempt(fn, to, try)
	return n, nil
}

// attempt is a cast of rows that can fail; with try, what cannot be cast is NULL.
func attempt(fn func(f *frame) error, to datatype.Type, try bool) kernel {
	return rows(func(f *frame) error {
		err := fn(f)
		switch {
		case err == nil:
			return nil
		case try:
			f.putNull()
			return nil
		}
		return fmt.Errorf("%s %w to %s: use TRY_CAST to get NULL instead", shown(f), err, to.Nullable())
	})
}

// castVariant goes through a text, whose cast does the rest.
func (c *compiler) castVariant(operand node, to datatype.Type, try bool) (node, error) {
	fn := castVariant(to)
	if fn == nil {
		return nil, fmt.Errorf("a VARIANT cannot be cast to %s", to)
	}
	text := &callNode{args: []node{operand}, result: datatype.String, frame: frame{zone: c.options.Zone}, run: attempt(fn, to, try)}
	return c.cast(text, to, try)
}

// sameBytes says whether a text is already one of the other type, a longer one that is not filled up, or a nested value what is inside.
func sameBytes(from, to datatype.Type) bool {
	if from.IsNested() && from.Kind == to.Kind {
		inside, wanted := from.Children(), to.Children()
		for i := range min(len(inside), len(wanted)) {
			if !inside[i].EqualButNull(wanted[i]) && !sameBytes(inside[i], wanted[i]) {
				return false
			}
		}
		return len(inside) == len(wanted)
	}
	return from.Precision <= to.Precision && (from.IsCharacter() && to.Kind == datatype.KindVarChar || from.IsBinary() && to.Kind == datatype.KindVarBinary)
}

// shown is the value of the first argument for a message, shortened.
func shown(f *frame) string {
	if vector.Variable(f.args[0].Type) {
		b := f.text(0)
		if len(b) > 60 {
			return fmt.Sprintf("%q...", b[:60])
		}
		return fmt.Sprintf("%q", b)
	}
	return "a value of type " + f.args[0].Type.Nullable().String()
}

// castNumbers are the casts that are a conversion of the machine: integers wrap, as in Java.
func castNumbers(from, to datatype.Type) kernel {
	if from.Kind == datatype.KindDecimal || to.Kind == datatype.KindDecimal || !from.IsNumeric() || !to.IsNumeric() ||
		from.IsApproximate() && to.IsInteger() {
		return nil
	}
	switch to.Kind {
	case datatype.KindTinyInt:
		return convertTo[int8](from)
	case datatype.KindSmallInt:
		return convertTo[int16](from)
	case datatype.KindInt:
		return convertTo[int32](from)
	case datatype.KindBigInt:
		return convertTo[int64](from)
	case datatype.KindFloat:
		return convertTo[float32](from)
	}
	return convertTo[float64](from)
}

type number interface {
	int8 | int16 | int32 | int64 | float32 | float64
}

func convertTo[R number](from datatype.Type) kernel {
	switch from.Kind {
	case datatype.KindTinyInt:
		return convert[int8, R]
	case datatype.KindSmallInt:
		return convert[int16, R]
	case datatype.KindInt:
		return convert[int32, R]
	case datatype.KindBigInt:
		return convert[int64, R]
	case datatype.KindFloat:
		return convert[float32, R]
	}
	return convert[float64, R]
}

func convert[A, R number](f *frame) error {
	out := vector.Values[R](f.out)
	for i, a := range vector.Values[A](f.args[0])[:len(out)] {
		out[i] = R(a)
	}
	return nil
}

// castRows is the function of one row for all other casts, nil where there is none.
func castRows(from, to datatype.Type) func(f *frame) error {
	switch {
	case vector.Variable(to):
		return castToText(from, to)
	case from.IsCharacter():
		return castText(to)
	case to.IsTemporal() && from.IsTemporal():
		return castTime(from, to)
	case from.IsInterval() && to.IsInteger() || from.IsInteger() && to.IsInterval() || from.Kind == to.Kind && from.IsInterval():
		return castInterval(from, to)
	case from.IsNumeric() && to.Kind == datatype.KindBoolean:
		return numberToBoolean(from)
	case from.Kind == datatype.KindBoolean && to.IsNumeric():
		return booleanToNumber(to)
	case from.IsNumeric() && to.IsNumeric():
		return castDecimal(from, to)
	}
	return nil
}

// castInterval reads an integer as so many units of the interval's only field, and the reverse.
func castInterval(from, to datatype.Type) func(f *frame) error {
	unit := func(t datatype.Type) int64 {
		if !t.IsInterval() {
			return 1
		}
		return unitSize[t.Interval.To]
	}
	times, by := unit(to), unit(from)
	if from.Kind == to.Kind {
		times, by = 1, 1
	}
	if from.IsInterval() {
		times = 1
	} else {
		by = 1
	}
	return func(f *frame) error { f.putInt(f.int(0) * times / by); return nil }
}

// unitSize are months or milliseconds.
var unitSize = map[datatype.Unit]int64{
	datatype.Year: 12, datatype.Month: 1, datatype.Day: 86_400_000, datatype.Hour: 3_600_000, datatype.Minute: 60_000, datatype.Second: 1000,
}

func numberToBoolean(from datatype.Type) func(f *frame) error {
	switch {
	case from.Kind == datatype.KindDecimal:
		return func(f *frame) error { f.putBool(f.decimal(0).Sign() != 0); return nil }
	case from.IsApproximate():
		return func(f *frame) error { f.putBool(f.float(0) != 0); return nil }
	}
	return func(f *frame) error { f.putBool(f.int(0) != 0); return nil }
}

func booleanToNumber(to datatype.Type) func(f *frame) error {
	one := func(f *frame) int64 {
		if f.bool(0) {
			return 1
		}
		return 0
	}
	switch {
	case to.Kind == datatype.KindDecimal:
		return func(f *frame) error { f.putRescaled(decimal.Of(one(f)), 0); return nil }
	case to.IsApproximate():
		return func(f *frame) error { f.putFloat(float64(one(f))); return nil }
	}
	return func(f *frame) error { f.putInt(one(f)); return nil }
}

// castDecimal is between decimals and other numbers, and from floats to integers, which saturate as in Java.
func castDecimal(from, to datatype.Type) func(f *frame) error {
	switch {
	case to.Kind == datatype.KindDecimal && from.IsApproximate():
		bits := 64
		if from.Kind == datatype.KindFloat {
			bits = 32
		}
		return func(f *frame) error { f.putFromFloat(f.float(0), bits); return nil }
	case to.Kind == datatype.KindDecimal:
		scale := from.AsDecimal().Scale
		return func(f *frame) error { f.putRescaled(f.decimal(0), scale); return nil }
	case to.IsApproximate():
		return func(f *frame) error { f.putFloat(f.float(0)); return nil }
	case from.Kind == datatype.KindDecimal:
		return func(f *frame) error {
			n, _ := f.decimal(0).Truncate(from.Scale, 0)
			f.putInt(int64(n.Lo))
			return nil
		}
	case to.Kind == datatype.KindBigInt:
		return func(f *frame) error { f.putInt(saturate(f.float(0), math.MinInt64, math.MaxInt64)); return nil }
	}
	return func(f *frame) error { f.putInt(saturate(f.float(0), math.MinInt32, math.MaxInt32)); return nil }
}

// saturate is a float without its fraction, within bounds; NaN is 0.
func saturate(v float64, least, most int64) int64 {
	switch {
	case v != v:
		return 0
	case v >= float64(most):
		return most
	case v <= float64(least):
		return least
	}
	return int64(v)
}

// castTime is between points in time; a TIMESTAMP is read on the clock of the session's zone where an instant is asked for.
func castTime(from, to datatype.Type) func(f *frame) error {
	switch {
	case from.Kind == to.Kind && from.IsInstant():
		return func(f *frame) error { f.putInstant(f.args[0].Instant(f.row)); return nil }
	case to.Kind == datatype.KindTimestampLTZ:
		return func(f *frame) error { f.putTime(inZone(f.time(0), f.zone)); return nil }
	case from.Kind == datatype.KindTime && to.Kind == datatype.KindTime:
		return func(f *frame) error { f.putInt(cutMillis(f.int(0), to.Precision)); return nil }
	case to.Kind == datatype.KindTime:
		return func(f *frame) error {
			f.putTime(f.time(0))
			times := vector.Values[int32](f.out)
			times[f.row] = int32(cutMillis(int64(times[f.row]), to.Precision))
			return nil
		}
	}
	return func(f *frame) error { f.putTime(f.time(0)); return nil }
}

// cutMillis drops the digits of milliseconds that a precision does not have.
func cutMillis(ms int64, precision int) int64 {
	if precision >= 3 {
		return ms
	}
	unit := [...]int64{1000, 100, 10}[precision]
	return floorDiv(ms, unit) * unit
}

// inZone is the instant at which the clock of a zone shows what t, in UTC, shows. Of two such instants it is the first; a clock that
// is put forward over t counts on as if it were not, as java.time does.
func inZone(t time.Time, zone *time.Location) time.Time {
	const span = 26 * time.Hour // more than two clocks of the world are apart
	_, before := t.Add(-span).In(zone).Zone()
	_, after := t.Add(span).In(zone).Zone()
	first := t.Add(-time.Duration(before) * time.Second)
	if before == after {
		return first
	}
	if _, at := first.In(zone).Zone(); at == before {
		return first
	}
	second := t.Add(-time.Duration(after) * time.Second)
	if _, at := second.In(zone).Zone(); at == after {
		return second
	}
	return first
}
