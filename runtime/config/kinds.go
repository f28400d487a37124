package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var errNotOfKind = errors.New("not of this kind")

var text = kind[string]{
	name:   "text",
	parse:  func(s string) (string, error) { return s, nil },
	format: func(s string) string { return s },
}

var boolean = kind[bool]{
	name: "true or false",
	parse: func(s string) (bool, error) {
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return false, errNotOfKind
	},
	format: strconv.FormatBool,
}

// integer is a whole number of at least low and at most high.
func integer(low, high int) kind[int] {
	name := fmt.Sprintf("a whole number from %d to %d", low, high)
	if high == math.MaxInt32 {
		name = fmt.Sprintf("a whole number of at least %d", low)
	}
	return kind[int]{
		name: name,
		parse: func(s string) (int, error) {
			n, err := strconv.Atoi(strings.TrimSpace(s))
			if err != nil || n < low || n > high {
				return 0, errNotOfKind
			}
			return n, nil
		},
		format: strconv.Itoa,
	}
}

var port = integer(0, 65535)

// number is a decimal number of at least low and at most high.
func number(low, high float64) kind[float64] {
	name := fmt.Sprintf("a number from %g to %g", low, high)
	if math.IsInf(high, 1) {
		name = fmt.Sprintf("a number of at least %g", low)
	}
	return kind[float64]{
		name: name,
		parse: func(s string) (float64, error) {
			x, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
			if err != nil || !(x >= low && x <= high) {
				return 0, errNotOfKind
			}
			return x, nil
		},
		format: func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) },
	}
}

var duration = kind[time.Duration]{
	name:   "a duration such as 200 ms, 5 s, 1 min or 2 h",
	parse:  ParseDuration,
	format: FormatDuration,
}

var memory = kind[MemorySize]{
	name:   "a size such as 64 mb or 1 gb",
	parse:  ParseMemorySize,
	format: MemorySize.String,
}

// enum is one of the given values, in any case.
func enum[T ~string](values ...T) kind[T] {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	fold := func(s string) string { return strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(s)), "-", "_") }
	return kind[T]{
		name: "one of " + strings.Join(names, ", "),
		parse: func(s string) (T, error) {
			for _, v := range values {
				if fold(string(v)) == fold(s) {
					return v, nil
				}
			}
			return "", errNotOfKind
		},
		format: func(v T) string { return string(v) },
	}
}

// list is texts separated by any of the given bytes, or a YAML sequence.
func list(separators string) kind[[]string] {
	return kind[[]string]{
		name: fmt.Sprintf("a list separated by one of %q, or in YAML's form [a, b]", separators),
		parse: func(s string) ([]string, error) {
			var items []string
			if strings.HasPrefix(strings.TrimSpace(s), "[") {
				if yaml.Unmarshal([]byte(s), &items) != nil {
					return nil, errNotOfKind
				}
				return items, nil
			}
			for item := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
				if item = strings.TrimSpace(item); item != "" {
					items = append(items, item)
				}
			}
			return items, nil
		},
		format: flowSequence,
	}
}

// dictionary is entries "name:value" separated by commas, or a YAML mapping.
var dictionary = kind[map[string]string]{
	name: "entries such as a:1,b:2, or YAML's form {a: 1, b: 2}",
	parse: func(s string) (map[string]string, error) {
		entries := map[string]string{}
		s = strings.TrimSpace(s)
		if strings.HasPrefix(s, "{") {
			if yaml.Unmarshal([]byte(s), &entries) != nil {
				return nil, errNotOfKind
			}
			return entries, nil
		}
		for entry := range strings.SplitSeq(s, ",") {
			if strings.TrimSpace(entry) == "" {
				continue
			}
			name, value, ok := strings.Cut(entry, ":")
			if !ok {
				return nil, errNotOfKind
			}
			entries[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
		return entries, nil
	},
	format: flowMapping,
}

func flowSequence(items []string) string {
	if len(items) == 0 {
		return ""
	}
	node := yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, item := range items {
		node.Content = append(node.Content, textNode(item))
	}
	return oneLine(&node)
}

func flowMapping(entries map[string]string) string {
	if len(entries) == 0 {
		return ""
	}
	node := yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		node.Content = append(node.Content, textNode(name), textNode(entries[name]))
	}
	return oneLine(&node)
}

// textNode is a scalar that reads back as the same text, with double quotes where it needs any.
func textNode(value string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
	if strings.ContainsAny(value, "\n\r,[]{}:#'\"") {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}

func oneLine(node *yaml.Node) string {
	node.Style |= yaml.FlowStyle
	encoded, err := yaml.Marshal(node)
	if err != nil {
		panic(fmt.Sprintf("config: encoding %d texts as YAML: %v", len(node.Content), err))
	}
	return strings.ReplaceAll(strings.TrimSpace(string(encoded)), "\n", " ")
}
