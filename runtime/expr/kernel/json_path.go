package kernel

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// jsonPath is a path of SQL/JSON: lax or strict, then steps as Jayway's JsonPath has them: .name, ['name'], [0], [-1], [0,2], [1:3],
// [*], .*, ..name, [?(@.price < 10)], .size().
type jsonPath struct {
	lax   bool
	steps []jsonStep
}

// jsonStep gives of a value the values behind it.
type jsonStep struct {
	of   func(dst []any, v any) []any
	many bool // it may find any number of values, which become an array
}

var errFilterEnd = errors.New("a filter is not closed")

func compileJSONPath(text string) (p jsonPath, err error) {
	s := strings.TrimSpace(text)
	mode, rest, _ := strings.Cut(s, "$")
	switch strings.ToLower(strings.TrimSpace(mode)) {
	case "lax":
		p.lax = true
	case "", "strict":
	default:
		return p, fmt.Errorf("the JSON path '%s' does not begin with $, lax $ or strict $", text)
	}
	if p.steps, err = jsonSteps(rest); err != nil {
		return p, fmt.Errorf("the JSON path '%s': %w", text, err)
	}
	return p, nil
}

func jsonSteps(s string) (steps []jsonStep, err error) {
	for s != "" {
		var step jsonStep
		deep := strings.HasPrefix(s, "..")
		if deep {
			if s = s[1:]; strings.HasPrefix(s, ".[") {
				s = s[1:]
			}
		}
		if step, s, err = jsonPathStep(s); err != nil {
			return nil, err
		}
		if deep {
			inner := step.of
			step = jsonStep{many: true, of: func(dst []any, v any) []any { return descend(dst, v, inner) }}
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// jsonPathStep takes one step from the text.
func jsonPathStep(s string) (step jsonStep, rest string, err error) {
	switch {
	case strings.HasPrefix(s, ".["):
		return jsonPathStep(s[1:])
	case s[0] == '.':
		end := strings.IndexAny(s[1:], ".[")
		if end < 0 {
			end = len(s) - 1
		}
		name := strings.TrimSpace(s[1 : 1+end])
		switch name {
		case "":
			return step, "", errors.New("a name is missing behind a point")
		case "*":
			return jsonStep{of: allOf, many: true}, s[1+end:], nil
		case "size()", "length()":
			return jsonStep{of: sizeOf}, s[1+end:], nil
		}
		return fieldsAt([]string{strings.Trim(name, `"`)}), s[1+end:], nil
	case strings.HasPrefix(s, "[?"):
		f := filterParser{rest: s[2:]}
		of, err := f.parse()
		return jsonStep{of: of, many: true}, f.rest, err
	case s[0] == '[':
		return jsonBrackets(s[1:])
	}
	return step, "", fmt.Errorf("%q is neither a field nor an index", s)
}

// jsonBrackets takes what stands in brackets: names in quotes, indices, a range or *.
func jsonBrackets(s string) (step jsonStep, rest string, err error) {
	s = strings.TrimSpace(s)
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		var names []string
		for s != "" && (s[0] == '\'' || s[0] == '"') {
			name, after, ok := strings.Cut(s[1:], s[:1])
			if !ok {
				break
			}
			names = append(names, name)
			s = strings.TrimSpace(after)
			if more, ok := strings.CutPrefix(s, ","); ok {
				s = strings.TrimSpace(more)
			}
		}
		rest, ok := strings.CutPrefix(s, "]")
		if !ok {
			return step, "", errors.New("a bracket is not closed")
		}
		return fieldsAt(names), rest, nil
	}
	inner, rest, ok := strings.Cut(s, "]")
	if !ok {
		return step, "", errors.New("a bracket is not closed")
	}
	if inner = strings.TrimSpace(inner); inner == "*" {
		return jsonStep{of: allOf, many: true}, rest, nil
	}
	if from, to, ok := strings.Cut(inner, ":"); ok {
		lo, err := pathBound(from, 0)
		hi, err2 := pathBound(to, 1<<31)
		return jsonStep{of: func(dst []any, v any) []any { return sliceOf(dst, v, lo, hi) }, many: true}, rest, errors.Join(err, err2)
	}
	var indices []int
	for part := range strings.SplitSeq(inner, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return step, "", fmt.Errorf("[%s is no index", inner)
		}
		indices = append(indices, n)
	}
	return jsonStep{of: func(dst []any, v any) []any { return elementsOf(dst, v, indices) }, many: len(indices) > 1}, rest, nil
}

func pathBound(s string, missing int) (int, error) {
	if s = strings.TrimSpace(s); s == "" {
		return missing, nil
	}
	return strconv.Atoi(s)
}

// fieldsAt gives the value of a name, of several an object.
func fieldsAt(names []string) jsonStep {
	return jsonStep{of: func(dst []any, v any) []any {
		object, _ := v.(map[string]any)
		if x, ok := object[names[0]]; ok && len(names) == 1 {
			return append(dst, x)
		}
		if object == nil || len(names) == 1 {
			return dst
		}
		part := map[string]any{}
		for _, name := range names {
			if x, ok := object[name]; ok {
				part[name] = x
			}
		}
		return append(dst, part)
	}}
}

func elementsOf(dst []any, v any, indices []int) []any {
	list, _ := v.([]any)
	for _, i := range indices {
		if i < 0 {
			i += len(list)
		}
		if i >= 0 && i < len(list) {
			dst = append(dst, list[i])
		}
	}
	return dst
}

func sliceOf(dst []any, v any, lo, hi int) []any {
	list, _ := v.([]any)
	if lo < 0 {
		lo += len(list)
	}
	if hi < 0 {
		hi += len(list)
	}
	if lo, hi = max(lo, 0), min(hi, len(list)); lo < hi {
		return append(dst, list[lo:hi]...)
	}
	return dst
}

func allOf(dst []any, v any) []any {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			dst = append(dst, v[name])
		}
	case []any:
		return append(dst, v...)
	}
	return dst
}

func sizeOf(dst []any, v any) []any {
	switch v := v.(type) {
	case map[string]any:
		return append(dst, json.Number(strconv.Itoa(len(v))))
	case []any:
		return append(dst, json.Number(strconv.Itoa(len(v))))
	}
	return dst
}

// descend applies a step to a value and everything in it.
func descend(dst []any, v any, of func(dst []any, v any) []any) []any {
	dst = of(dst, v)
	for _, x := range allOf(nil, v) {
		dst = descend(dst, x, of)
	}
	return dst
}

// find gives the value at the path; behind a step that finds many an array of what it finds. Nothing there is found = false where the
// path is lax, an error where it is strict.
func (p *jsonPath) find(v any) (found any, ok bool, err error) {
	values, many := walk(p.steps, v)
	switch {
	case many && values == nil:
		return []any{}, true, nil
	case many:
		return values, true, nil
	case len(values) == 1:
		return values[0], true, nil
	case p.lax:
		return nil, false, nil
	}
	return nil, false, errors.New("there is nothing at the strict JSON path")
}

func walk(steps []jsonStep, v any) (values []any, many bool) {
	values = []any{v}
	for _, step := range steps {
		many = many || step.many
		var next []any
		for _, v := range values {
			next = step.of(next, v)
		}
		values = next
	}
	return values, many
}
