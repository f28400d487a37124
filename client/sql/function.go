package sql

import (
	"github.com/leatproject/leat/client/datastream"
	"github.com/leatproject/leat/runtime/expr"
	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// Function1 registers a scalar function of one argument for the statements of an environment. Its name counts in any case and must not
// be that of another function. An error that it returns fails the job.
//
// Argument and result are of a type that a column can have: bool (BOOLEAN), int8 to int64 and int (TINYINT to BIGINT), float32, float64
// (FLOAT, DOUBLE), string, []byte (STRING, BYTES), time.Time (TIMESTAMP_LTZ(9)), or a pointer to one of them, of which nil is NULL. If no
// argument is a pointer, NULL in one gives NULL without a call. The function is called by many goroutines, and must give the same result
// for the same arguments.
func Function1[A, R any](env *datastream.Environment, name string, f func(A) (R, error)) error {
	a, err := valueOf[A]()
	if err != nil {
		return err
	}
	return register(env, name, []datatype.Type{a.of}, a.null, func(args []*vector.Vector, row int) (R, error) {
		x, err := argument(a, args[0], row)
		if err != nil {
			var none R
			return none, err
		}
		return f(x)
	})
}

// Function2 registers a scalar function of two arguments, as Function1.
func Function2[A, B, R any](env *datastream.Environment, name string, f func(A, B) (R, error)) error {
	a, err := valueOf[A]()
	if err != nil {
		return err
	}
	b, err := valueOf[B]()
	if err != nil {
		return err
	}
	return register(env, name, []datatype.Type{a.of, b.of}, a.null || b.null, func(args []*vector.Vector, row int) (r R, err error) {
		x, err := argument(a, args[0], row)
		if err != nil {
			return r, err
		}
		y, err := argument(b, args[1], row)
		if err != nil {
			return r, err
		}
		return f(x, y)
	})
}

// Function3 registers a scalar function of three arguments, as Function1.
func Function3[A, B, C, R any](env *datastream.Environment, name string, f func(A, B, C) (R, error)) error {
	a, err := valueOf[A]()
	if err != nil {
		return err
	}
	b, err := valueOf[B]()
	if err != nil {
		return err
	}
	c, err := valueOf[C]()
	if err != nil {
		return err
	}
	return register(env, name, []datatype.Type{a.of, b.of, c.of}, a.null || b.null || c.null, func(args []*vector.Vector, row int) (r R, err error) {
		x, err := argument(a, args[0], row)
		if err != nil {
			return r, err
		}
		y, err := argument(b, args[1], row)
		if err != nil {
			return r, err
		}
		z, err := argument(c, args[2], row)
		if err != nil {
			return r, err
		}
		return f(x, y, z)
	})
}

// argument is that of a row. NULL comes only where another argument may be it.
func argument[A any](a value[A], v *vector.Vector, row int) (x A, err error) {
	if !a.null && v.IsNull(row) {
		return x, errNull
	}
	return a.get(v, row), nil
}

func register[R any](env *datastream.Environment, name string, args []datatype.Type, nulls bool, call func(args []*vector.Vector, row int) (R, error)) error {
	result, err := valueOf[R]()
	if err != nil {
		return err
	}
	return sessionOf(env).AddFunction(expr.NewUser(name, expr.User{Args: args, Result: result.of, Nulls: nulls,
		Row: func(args []*vector.Vector, out *vector.Vector, row int) error {
			r, err := call(args, row)
			if err != nil {
				return err
			}
			result.put(out, row, r)
			return nil
		}}))
}
