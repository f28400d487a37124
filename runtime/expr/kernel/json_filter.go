package kernel

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// filterParser reads the filter of a JSON path, (@.price < 10 && @.name == 'x')], by recursive descent.
type filterParser struct{ rest string }

// condition says whether a filter lets a value pass.
type condition func(v any) bool

// parse gives the step that keeps the elements that pass, or the object itself.
func (p *filterParser) parse() (func(dst []any, v any) []any, error) {
	if !p.take("(") {
		return nil, fmt.Errorf("a filter is [?(...)], not [?%s", p.rest)
	}
	c, err := p.or()
	if err != nil {
		return nil, err
	}
	if !p.take(")") || !p.take("]") {
		return nil, errFilterEnd
	}
	return func(dst []any, v any) []any {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, x := range list {
			if c(x) {
				dst = append(dst, x)
			}
		}
		return dst
	}, nil
}

// take skips spaces and what is given, if it is there.
func (p *filterParser) take(s string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), s)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *filterParser) or() (condition, error) {
	a, err := p.and()
	for err == nil && p.take("||") {
		var b condition
		left := a
		b, err = p.and()
		a = func(v any) bool { return left(v) || b(v) }
	}
	return a, err
}

func (p *filterParser) and() (condition, error) {
	a, err := p.comparison()
	for err == nil && p.take("&&") {
		var b condition
		left := a
		b, err = p.comparison()
		a = func(v any) bool { return left(v) && b(v) }
	}
	return a, err
}

// comparison is !x, (x), a path that must be there, or two operands.
func (p *filterParser) comparison() (condition, error) {
	if p.take("!") {
		c, err := p.comparison()
		return func(v any) bool { return !c(v) }, err
	}
	if p.take("(") {
		c, err := p.or()
		if err == nil && !p.take(")") {
			err = errFilterEnd
		}
		return c, err
	}
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	for _, operator := range []string{"==", "!=", "<=", ">=", "<", ">"} {
		if p.take(operator) {
			b, err := p.operand()
			return func(v any) bool { return holds(operator, a(v), b(v)) }, err
		}
	}
	return func(v any) bool { return a(v) != nil }, nil
}

// jsonNull is JSON's null; nil is what an operand gives whose path leads nowhere.
type jsonNull struct{}

// operand is @, a path from it, or a constant.
func (p *filterParser) operand() (func(v any) any, error) {
	switch {
	case p.take("@"):
		end := strings.IndexAny(p.rest, " =!<>&|)")
		if end < 0 {
			return nil, errFilterEnd
		}
		steps, err := jsonSteps(p.rest[:end])
		p.rest = p.rest[end:]
		return func(v any) any {
			values, _ := walk(steps, v)
			if len(values) != 1 {
				return nil
			}
			return comparableJSON(values[0])
		}, err
	case p.take("'"):
		return p.quoted("'")
	case p.take(`"`):
		return p.quoted(`"`)
	}
	s := strings.TrimLeft(p.rest, " ")
	end := strings.IndexAny(s, " =!<>&|)")
	if end < 0 {
		return nil, errFilterEnd
	}
	p.rest = s[end:]
	var v any
	if err := json.Unmarshal([]byte(s[:end]), &v); err != nil {
		return nil, fmt.Errorf("%q in the filter is neither a path from @ nor a constant", s[:end])
	}
	constant := comparableJSON(v)
	return func(any) any { return constant }, nil
}

func (p *filterParser) quoted(quote string) (func(v any) any, error) {
	text, rest, ok := strings.Cut(p.rest, quote)
	if !ok {
		return nil, errFilterEnd
	}
	p.rest = rest
	return func(any) any { return text }, nil
}

// comparableJSON makes numbers float64 and null jsonNull.
func comparableJSON(v any) any {
	switch v := v.(type) {
	case nil:
		return jsonNull{}
	case json.Number:
		f, _ := v.Float64()
		return f
	}
	return v
}

// holds compares numbers with numbers and texts with texts; all others can only be equal.
func holds(operator string, a, b any) bool {
	order, ordered := 0, false
	switch x := a.(type) {
	case float64:
		if y, ok := b.(float64); ok {
			ordered = true
			switch {
			case x < y:
				order = -1
			case x > y:
				order = 1
			}
		}
	case string:
		if y, ok := b.(string); ok {
			order, ordered = strings.Compare(x, y), true
		}
	}
	equal := ordered && order == 0 || !ordered && a != nil && reflect.DeepEqual(a, b)
	switch operator {
	case "==":
		return equal
	case "!=":
		return !equal
	case "<":
		return ordered && order < 0
	case "<=":
		return ordered && order <= 0
	case ">":
		return ordered && order > 0
	}
	return ordered && order >= 0
}
