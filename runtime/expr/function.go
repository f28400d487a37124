package expr

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/storage/datatype"
)

// Class says where a function may stand.
type Class uint8

// The classes.
const (
	Scalar    Class = iota // one value for each row
	Aggregate              // one value for a group of rows; also over a window
	Ranking                // only over a window: ranks, distribution, LAG and LEAD
	Group                  // group windows and their properties: TUMBLE, TUMBLE_START
)

// Function is one row of the table. Functions are shared and never changed.
type Function struct {
	Name       string // in capitals, or the operator
	Class      Class
	Category   string // of the reference: arithmetic, text, ...
	Signatures string // as written, for people
	Doc        string

	Operator bool // called by a sign or by a grammar of its own, not by NAME(...)
	Volatile bool // gives another value each time: never folded, never shared
	Lenient  bool // text beside a time or a boolean is read as that

	// User is set for a function that a program has registered, which is not of the table.
	User *User

	overloads []overload
}

// Argument is what overload resolution knows of an argument.
type Argument struct {
	Type    datatype.Type
	Literal any // its value if it is a constant, else nil
}

// Resolved is a function chosen for arguments.
type Resolved struct {
	Args   []datatype.Type // to cast the arguments to
	Result datatype.Type
}

// row is how a function stands in the tables: name, signatures with "; " between them, documentation.
type row struct{ name, signatures, doc string }

// section is a part of the table.
type section struct {
	category string
	class    Class
	operator bool
	rows     []row
}

// volatile are the functions that give another value each time; lenient those that compare text with other types.
var (
	volatile = []string{"RAND", "RAND_INTEGER", "UUID", "CURRENT_ROW_TIMESTAMP", "PROCTIME", "CURRENT_WATERMARK", "UNIX_TIMESTAMP"}
	lenient  = []string{"=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"}
)

// all builds the table once.
var all = sync.OnceValue(func() map[string]*Function {
	out := map[string]*Function{}
	for _, s := range sections {
		for _, r := range s.rows {
			out[r.name] = &Function{
				Name: r.name, Class: s.class, Category: s.category, Signatures: r.signatures, Doc: r.doc, Operator: s.operator,
				Volatile: slices.Contains(volatile, r.name), Lenient: slices.Contains(lenient, r.name),
				overloads: parseSignatures(r.signatures),
			}
		}
	}
	for alias, name := range aliases {
		out[alias] = out[name]
	}
	return out
})

// Functions gives all functions in the order of their names, aliases not among them.
func Functions() []*Function {
	var out []*Function
	for name, f := range all() {
		if name == f.Name {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b *Function) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Names are those that functions are called by, aliases among them, in order.
func Names() []string {
	var names []string
	for n, f := range all() {
		if !f.Operator {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

// Lookup finds a function by its name in any case, or says which is meant.
func Lookup(name string) (*Function, error) {
	upper := strings.ToUpper(name)
	if f := all()[upper]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("there is no function %s%s", name, config.DidYouMean(upper, Names()))
}

// MustLookup is Lookup of a name that is in the table.
func MustLookup(name string) *Function {
	f := all()[name]
	if f == nil {
		panic("expr: no function " + name)
	}
	return f
}

// Resolve chooses an overload: the first that takes the arguments as they are, else the first that takes them cast.
func (f *Function) Resolve(args []Argument) (Resolved, error) {
	if f.User != nil {
		return f.resolveUser(args)
	}
	for _, exact := range []bool{true, false} {
		for i := range f.overloads {
			if r, ok := f.overloads[i].match(args, exact, f.Lenient); ok {
				return r, nil
			}
		}
	}
	given := make([]string, len(args))
	for i, a := range args {
		given[i] = a.Type.String()
	}
	if f.Lenient && len(args) == 2 {
		return Resolved{}, fmt.Errorf("%s cannot be compared with %s: cast one of them", given[0], given[1])
	}
	takes := make([]string, len(f.overloads))
	for i, o := range f.overloads {
		takes[i] = "(" + o.takes + ")"
	}
	return Resolved{}, fmt.Errorf("%s takes %s, not (%s)", f.Name, strings.Join(takes, " or "), strings.Join(given, ", "))
}
