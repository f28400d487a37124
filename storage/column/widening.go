package column

import "reflect"

// number says which whole numbers a kind holds exactly: those of so many bits, negative ones only if it is signed.
type number struct {
	bits   int
	signed bool
	float  bool
}

var numbers = map[Kind]number{
	KindInt8: {7, true, false}, KindInt16: {15, true, false}, KindInt32: {31, true, false}, KindInt64: {63, true, false},
	KindUint8: {8, false, false}, KindUint16: {16, false, false}, KindUint32: {32, false, false}, KindUint64: {64, false, false},
	KindFloat32: {24, true, true}, KindFloat64: {53, true, true}, KindDuration: {63, true, false},
}

// widening converts values of one kind to those of another that holds each of them, nil if there is no such conversion.
func widening(from, to Kind) conversion {
	switch {
	case from == KindComplex64 && to == KindComplex128:
		return func(to, from reflect.Value) { to.SetComplex(from.Complex()) }
	case from == KindString && to == KindBytes:
		return func(to, from reflect.Value) { to.SetBytes([]byte(from.String())) }
	}
	f, number := numbers[from]
	t, also := numbers[to]
	switch {
	case !number || !also || f.bits > t.bits || f.signed && !t.signed || f.float && !t.float:
		return nil
	case f.float:
		return func(to, from reflect.Value) { to.SetFloat(from.Float()) }
	case f.signed && t.float:
		return func(to, from reflect.Value) { to.SetFloat(float64(from.Int())) }
	case t.float:
		return func(to, from reflect.Value) { to.SetFloat(float64(from.Uint())) }
	case f.signed:
		return func(to, from reflect.Value) { to.SetInt(from.Int()) }
	case t.signed:
		return func(to, from reflect.Value) { to.SetInt(int64(from.Uint())) }
	}
	return func(to, from reflect.Value) { to.SetUint(from.Uint()) }
}
