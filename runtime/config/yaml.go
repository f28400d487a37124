package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// assignment is one key of a file with its value as text.
type assignment struct {
	key, value string
	line       int
}

func (c *Configuration) setFromFile(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	assignments, err := parseYAML(path, content)
	if err != nil {
		return err
	}
	// A key wins over its older spellings, wherever in the file they stand.
	slices.SortStableFunc(assignments, func(a, b assignment) int { return rank(a.key) - rank(b.key) })
	var failures []error
	for _, a := range assignments {
		failures = append(failures, c.set(a.key, a.value, fmt.Sprintf("%s:%d", path, a.line)))
	}
	return errors.Join(failures...)
}

func rank(key string) int {
	if s, ok := declared.byKey[key]; ok && s.key != key {
		return 0
	}
	return 1
}

// parseYAML flattens nested keys: {a: {b.c: 1}} sets a.b.c. Keys without a value set nothing. A key that is set twice is an
// error.
func parseYAML(path string, content []byte) ([]assignment, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s: not YAML: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(document.Content) == 0 {
		return nil, nil
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: expected keys and values, such as parallelism.default: 4", path, root.Line)
	}
	f := flattener{path: path, lines: map[string]int{}}
	f.mapping("", root)
	return f.found, errors.Join(f.failures...)
}

type flattener struct {
	path     string
	found    []assignment
	lines    map[string]int // where each key was set
	failures []error
}

func (f *flattener) fail(line int, format string, args ...any) {
	f.failures = append(f.failures, fmt.Errorf("%s:%d: %w", f.path, line, fmt.Errorf(format, args...)))
}

func (f *flattener) mapping(prefix string, node *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		if name.Kind != yaml.ScalarNode || name.Tag == "!!merge" {
			f.fail(name.Line, "%sa key must be a single word", prefix)
			continue
		}
		f.value(prefix+name.Value, name.Line, value)
	}
}

func (f *flattener) value(key string, line int, node *yaml.Node) {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	s, isOption := declared.byKey[key]
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
	case node.Kind == yaml.ScalarNode:
		f.set(key, line, node.Value)
	case node.Kind == yaml.SequenceNode:
		f.sequence(key, line, node)
	case isOption && s.isMap:
		f.dictionary(key, line, node)
	default:
		f.mapping(key+".", node)
	}
}

func (f *flattener) sequence(key string, line int, node *yaml.Node) {
	items := make([]string, 0, len(node.Content))
	for _, item := range node.Content {
		if item.Kind != yaml.ScalarNode {
			f.set(key, line, oneLine(node))
			return
		}
		items = append(items, item.Value)
	}
	f.set(key, line, flowSequence(items))
}

func (f *flattener) dictionary(key string, line int, node *yaml.Node) {
	entries := map[string]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i+1].Kind != yaml.ScalarNode {
			f.fail(node.Content[i+1].Line, "%s.%s: expected a single value", key, node.Content[i].Value)
			return
		}
		entries[node.Content[i].Value] = node.Content[i+1].Value
	}
	f.set(key, line, flowMapping(entries))
}

func (f *flattener) set(key string, line int, value string) {
	if earlier, twice := f.lines[key]; twice {
		f.fail(line, "%s is set twice, before in line %d: remove one", key, earlier)
		return
	}
	f.lines[key] = line
	f.found = append(f.found, assignment{key: key, value: value, line: line})
}

// YAML is the configuration as a file, secrets included, without the keys that drop names.
func (c *Configuration) YAML(drop func(key string) bool) []byte {
	var file bytes.Buffer
	for _, v := range c.All() {
		if !drop(v.Key) {
			key, _ := json.Marshal(v.Key) // texts always can be, and are YAML then
			value, _ := json.Marshal(c.entries[v.Key].text)
			fmt.Fprintf(&file, "%s: %s\n", key, value)
		}
	}
	return file.Bytes()
}
