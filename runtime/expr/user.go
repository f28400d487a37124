package expr

import (
	"fmt"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// User is what a program has registered as a scalar function.
type User struct {
	Args   []datatype.Type
	Result datatype.Type
	// Nulls says that the function is called for NULL, too; else NULL in any argument gives NULL.
	Nulls bool
	// Row reads the arguments' values of a row and puts the result there. It is called by many goroutines.
	Row func(args []*vector.Vector, out *vector.Vector, row int) error
}

// NewUser is a function of a program.
func NewUser(name string, u User) *Function {
	args := make([]string, len(u.Args))
	for i, a := range u.Args {
		args[i] = a.WithNull(true).String()
	}
	return &Function{Name: name, Class: Scalar, Category: "user-defined", Signatures: "(" + strings.Join(args, ", ") + ") -> " + u.Result.WithNull(true).String(),
		Doc: "a function of the program", User: &u}
}

// resolveUser takes arguments that can be cast to the function's.
func (f *Function) resolveUser(args []Argument) (Resolved, error) {
	r := Resolved{Args: f.User.Args, Result: f.User.Result}
	fits := len(args) == len(r.Args)
	given := make([]string, len(args))
	for i, a := range args {
		given[i] = a.Type.String()
		fits = fits && (i >= len(r.Args) || datatype.CanCastImplicitly(a.Type, r.Args[i].WithNull(!a.Type.NotNull)))
		if !f.User.Nulls && !a.Type.NotNull {
			r.Result = r.Result.WithNull(true)
		}
	}
	if !fits {
		takes, _, _ := strings.Cut(f.Signatures, " -> ")
		return Resolved{}, fmt.Errorf("%s takes %s, not (%s)", f.Name, takes, strings.Join(given, ", "))
	}
	return r, nil
}
