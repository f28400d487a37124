package expr

import (
	"strconv"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
)

// nullRule says whether the result may be NULL.
type nullRule uint8

const (
	nullIfArgument nullRule = iota // if an argument may be
	nullAlways                     // ?: even if none may be
	nullNever                      // !
	nullAsRule                     // ~: as the rule that computes the type says
)

// overload is one signature.
type overload struct {
	takes    string // the parameters as written
	params   []string
	required int
	repeats  bool // the last parameter, any number of times
	result   string
	nulls    nullRule
}

// parseSignatures reads the signatures of a table's row.
func parseSignatures(s string) []overload {
	var out []overload
	for part := range strings.SplitSeq(s, "; ") {
		takes, result, ok := strings.Cut(part, "-> ")
		if !ok {
			panic("expr: signature without result: " + s)
		}
		o := overload{takes: strings.TrimSpace(takes), result: result}
		for _, p := range splitOutside(o.takes) {
			switch {
			case strings.HasPrefix(p, "["):
				p = p[1 : len(p)-1]
			case strings.HasSuffix(p, "..."):
				p = strings.TrimSuffix(p, "...")
				o.repeats = true
				o.required++
			default:
				o.required++
			}
			o.params = append(o.params, p)
		}
		if i := strings.IndexByte("?!~", result[len(result)-1]); i >= 0 {
			o.nulls, o.result = nullRule(i+1), result[:len(result)-1]
		}
		out = append(out, o)
	}
	return out
}

// splitOutside splits at commas that are not within < >.
func splitOutside(s string) []string {
	var out []string
	depth, start := 0, 0
	for i, c := range []byte(s) {
		switch c {
		case '<':
			depth++
		case '>':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" {
		out = append(out, last)
	}
	return out
}

// families are the words for sets of types.
var families = map[string]func(datatype.Type) bool{
	"any":        func(datatype.Type) bool { return true },
	"boolean":    func(t datatype.Type) bool { return t.Kind == datatype.KindBoolean },
	"number":     datatype.Type.IsNumeric,
	"integer":    datatype.Type.IsInteger,
	"text":       datatype.Type.IsCharacter,
	"binary":     datatype.Type.IsBinary,
	"date":       func(t datatype.Type) bool { return t.Kind == datatype.KindDate },
	"time":       func(t datatype.Type) bool { return t.Kind == datatype.KindTime },
	"timestamp":  datatype.Type.IsInstant,
	"civil":      func(t datatype.Type) bool { return t.IsTemporal() && t.Kind != datatype.KindTimestampLTZ },
	"ltz":        func(t datatype.Type) bool { return t.Kind == datatype.KindTimestampLTZ },
	"day":        func(t datatype.Type) bool { return t.IsInstant() || t.Kind == datatype.KindDate },
	"temporal":   datatype.Type.IsTemporal,
	"interval":   datatype.Type.IsInterval,
	"array":      func(t datatype.Type) bool { return t.Kind == datatype.KindArray },
	"map":        func(t datatype.Type) bool { return t.Kind == datatype.KindMap },
	"row":        func(t datatype.Type) bool { return t.Kind == datatype.KindRow },
	"collection": func(t datatype.Type) bool { return t.IsNested() && t.Kind != datatype.KindRow },
	"comparable": datatype.Type.Comparable,
	"variant":    func(t datatype.Type) bool { return t.Kind == datatype.KindVariant },
	"symbol":     func(t datatype.Type) bool { return t.Kind == datatype.KindSymbol },
}

// named are the types that signatures name.
var named = map[string]datatype.Type{
	"BOOLEAN": datatype.Boolean, "INT": datatype.Int, "BIGINT": datatype.BigInt, "DOUBLE": datatype.Double,
	"STRING": datatype.String, "BYTES": datatype.Bytes, "DATE": datatype.Date, "TIME": datatype.Time(0),
	"TIMESTAMP": datatype.Timestamp(3), "TIMESTAMP_LTZ": datatype.TimestampLTZ(3), "VARIANT": datatype.Variant,
	"SECONDS":  datatype.IntervalOf(datatype.Day, datatype.Second),
	"CHAR(32)": datatype.Char(32), "CHAR(40)": datatype.Char(40), "CHAR(56)": datatype.Char(56), "CHAR(64)": datatype.Char(64),
	"CHAR(96)": datatype.Char(96), "CHAR(128)": datatype.Char(128), "CHAR(36)": datatype.Char(36),
	"VARCHAR(128)": datatype.VarChar(128), "MAP<STRING, STRING>": datatype.Map(datatype.String, datatype.String),
	"ARRAY<STRING>": datatype.Array(datatype.String), "TIME(3)": datatype.Time(3),
}

// variables are what T, K and V stand for in one match.
type variables map[string][]datatype.Type

// match says whether the overload takes the arguments, with implicit casts unless exact.
func (o *overload) match(args []Argument, exact, lenient bool) (Resolved, bool) {
	if len(args) < o.required || !o.repeats && len(args) > len(o.params) {
		return Resolved{}, false
	}
	vars := variables{}
	r := Resolved{Args: make([]datatype.Type, len(args))}
	for i, a := range args {
		t, ok := accept(o.param(i), a.Type, exact, vars)
		if !ok {
			return Resolved{}, false
		}
		r.Args[i] = t
	}
	bound := map[string]datatype.Type{}
	for name, types := range vars {
		t, ok := commonOf(types, lenient)
		if !ok || exact && !sameBut(types, t) {
			return Resolved{}, false
		}
		bound[name] = t
	}
	for i, a := range args {
		r.Args[i] = substitute(o.param(i), r.Args[i], a.Type, bound)
	}
	result, ok := o.resultOf(args, r.Args, bound)
	r.Result = result
	return r, ok
}

func (o *overload) param(i int) string { return o.params[min(i, len(o.params)-1)] }

// commonOf is the least restrictive type; a lenient function reads text as what stands beside it.
func commonOf(types []datatype.Type, lenient bool) (datatype.Type, bool) {
	t, ok := datatype.Common(types...)
	if ok || !lenient {
		return t, ok
	}
	var others []datatype.Type
	nullable := false
	for _, t := range types {
		nullable = nullable || !t.NotNull
		if !t.IsCharacter() {
			others = append(others, t)
		}
	}
	t, ok = datatype.Common(others...)
	if !ok || !t.IsTemporal() && t.Kind != datatype.KindBoolean {
		return t, false
	}
	return t.WithNull(nullable), true
}

// sameBut says whether all types are of the common one's kind, so that nothing but lengths is cast.
func sameBut(types []datatype.Type, t datatype.Type) bool {
	for _, u := range types {
		if u.Kind != t.Kind && !(u.IsCharacter() && t.IsCharacter()) {
			return false
		}
	}
	return true
}

// accept says whether a parameter takes a type and what the argument becomes; types at variables are collected.
func accept(param string, t datatype.Type, exact bool, vars variables) (datatype.Type, bool) {
	if f, ok := families[param]; ok {
		return t, f(t) || t.Kind == datatype.KindNull && param != "symbol" && !exact
	}
	if want, ok := named[param]; ok {
		switch {
		case t.Kind == want.Kind && !t.IsNested() || t.IsCharacter() && want.IsCharacter() || t.IsBinary() && want.IsBinary():
			return t, true
		case exact && !t.EqualButNull(want) || !datatype.CanCastImplicitly(t, want):
			return t, false
		}
		return want.WithNull(!t.NotNull), true
	}
	if len(param) == 1 {
		vars[param] = append(vars[param], t)
		return t, true
	}
	inner := splitOutside(param[strings.IndexByte(param, '<')+1 : len(param)-1])
	if t.Kind == datatype.KindNull {
		return t, !exact
	}
	children := t.Children()
	if t.Kind.String() != param[:strings.IndexByte(param, '<')] || len(children) != len(inner) {
		return t, false
	}
	for i, p := range inner {
		if _, ok := accept(p, children[i], exact, vars); !ok {
			return t, false
		}
	}
	return t, true
}

// substitute is what an argument is cast to once the variables are known: its own nullability stays.
func substitute(param string, now, given datatype.Type, bound map[string]datatype.Type) datatype.Type {
	if t, ok := expand(param, bound); ok {
		return t.WithNull(!given.NotNull)
	}
	return now
}

// expand replaces variables within a parameter or a result; false when there are none.
func expand(s string, bound map[string]datatype.Type) (datatype.Type, bool) {
	if t, ok := bound[s]; ok {
		return t, true
	}
	open := strings.IndexByte(s, '<')
	if open < 0 {
		return datatype.Null, false
	}
	var inner []datatype.Type
	for _, p := range splitOutside(s[open+1 : len(s)-1]) {
		t, ok := expand(p, bound)
		if !ok {
			return datatype.Null, false
		}
		inner = append(inner, t)
	}
	switch s[:open] {
	case "ARRAY":
		return datatype.Array(inner[0]), true
	case "MULTISET":
		return datatype.Multiset(inner[0]), true
	case "MAP":
		return datatype.Map(inner[0], inner[1]), true
	}
	return datatype.Row(datatype.Field{Name: "key", Type: inner[0]}, datatype.Field{Name: "value", Type: inner[1]}), true
}

// resultOf is the type of the result.
func (o *overload) resultOf(args []Argument, cast []datatype.Type, bound map[string]datatype.Type) (datatype.Type, bool) {
	var t datatype.Type
	ok := true
	if rule, isRule := strings.CutPrefix(o.result, "="); isRule {
		given := make([]Argument, len(args))
		for i := range args {
			given[i] = Argument{Type: cast[i], Literal: args[i].Literal}
		}
		t, ok = rules[rule](given)
	} else if i, err := strconv.Atoi(o.result); err == nil {
		t = cast[i]
	} else if n, is := named[o.result]; is {
		t = n
	} else if t, is = expand(o.result, bound); !is {
		panic("expr: unknown result " + o.result)
	}
	switch o.nulls {
	case nullAlways:
		t = t.Nullable()
	case nullNever:
		t = t.Required()
	case nullIfArgument:
		nullable := false
		for _, a := range cast {
			nullable = nullable || !a.NotNull
		}
		t = t.WithNull(nullable)
	}
	return t, ok
}
