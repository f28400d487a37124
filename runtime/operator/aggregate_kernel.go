package operator

import (
	"cmp"

	"github.com/leatproject/leat/runtime/state"
)

// SumKernel adds up a field of records, which are their own accumulators.
func SumKernel[T any, K comparable, N ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64](field func(*T) *N) Kernel[T, K, T, T] {
	return func(accs *state.Column[T], slots []uint32, _ []K, rows []T, out []T, emit bool) []T {
		for i, slot := range slots {
			acc := accs.At(slot)
			*field(acc) += *field(&rows[i])
			if emit {
				out = append(out, *acc)
			}
		}
		return out
	}
}

// MinKernel keeps the least value of a field of records, which are their own accumulators.
func MinKernel[T any, K comparable, N cmp.Ordered](field func(*T) *N) Kernel[T, K, T, T] {
	return func(accs *state.Column[T], slots []uint32, _ []K, rows []T, out []T, emit bool) []T {
		for i, slot := range slots {
			acc := accs.At(slot)
			least := field(acc)
			*least = min(*least, *field(&rows[i]))
			if emit {
				out = append(out, *acc)
			}
		}
		return out
	}
}

// MaxKernel keeps the greatest value of a field of records, which are their own accumulators.
func MaxKernel[T any, K comparable, N cmp.Ordered](field func(*T) *N) Kernel[T, K, T, T] {
	return func(accs *state.Column[T], slots []uint32, _ []K, rows []T, out []T, emit bool) []T {
		for i, slot := range slots {
			acc := accs.At(slot)
			greatest := field(acc)
			*greatest = max(*greatest, *field(&rows[i]))
			if emit {
				out = append(out, *acc)
			}
		}
		return out
	}
}

// CountKernel counts records.
func CountKernel[T any, K comparable, O any](result func(key K, count *int64) O) Kernel[T, K, int64, O] {
	return func(accs *state.Column[int64], slots []uint32, keys []K, _ []T, out []O, emit bool) []O {
		keys = keys[:len(slots)]
		for i, slot := range slots {
			acc := accs.At(slot)
			*acc++
			if emit {
				out = append(out, result(keys[i], acc))
			}
		}
		return out
	}
}
