package kernel

import "github.com/leatproject/leat/storage/vector"

// pair is two arguments of fixed width and the result; a is read at row&maskA.
type pair[A, R vector.Fixed] struct {
	a, b         []A
	out          []R
	maskA, maskB int
}

func pairOf[A, R vector.Fixed](f *frame) pair[A, R] {
	a, b := f.args[0], f.args[1]
	return pair[A, R]{vector.Values[A](a), vector.Values[A](b), vector.Values[R](f.out), a.Mask(), b.Mask()}
}

// zip fills the result for all rows. It is small so that the compiler puts it, and fn with it, into the kernels that call it: a loop
// without calls.
func zip[A, R any](out []R, a, b []A, maskA, maskB int, fn func(a, b A) R) {
	for i := range out {
		out[i] = fn(a[i&maskA], b[i&maskB])
	}
}

// mapValues fills the result from one argument of fixed width.
func mapValues[A, R vector.Fixed](f *frame, fn func(a A) R) error {
	from := vector.Values[A](f.args[0])
	for i, a := range from[:f.out.Len()] {
		vector.Values[R](f.out)[i] = fn(a)
	}
	return nil
}
