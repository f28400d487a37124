package config

import (
	"fmt"
	"strings"
)

// Option is a configuration key, the type of its values, and the value it has when nobody sets it.
type Option[T any] struct {
	Key         string
	Default     T
	Aliases     []string // older spellings of Key that are accepted in its place
	Description string

	kind kind[T]
}

// Format writes a value of the option the way that Set reads it.
func (o Option[T]) Format(value T) string { return o.kind.format(value) }

// kind is a type of values: how they are read, written, and described to a user whose value is wrong.
type kind[T any] struct {
	name   string // completes "expected ..."
	parse  func(string) (T, error)
	format func(T) string
}

// spec is what the table holds of an option: the same as Option, without its type.
type spec struct {
	section     string
	key         string
	aliases     []string
	description string
	typeName    string
	unset       string // the default value as text
	defaultText string // the default as documented
	isMap       bool   // values may also be given one entry at a time, as "key.entry"
	pending     string // why a value other than the default has no effect in this version; empty when it has
	parse       func(string) (any, error)
	format      func(any) string
}

// table is every declared option by key and by alias.
type table struct {
	specs   []*spec
	byKey   map[string]*spec
	byLower map[string]*spec // by the key in lower case, for LEAT_* variables
}

var declared = &table{byKey: map[string]*spec{}, byLower: map[string]*spec{}}

func (t *table) add(s *spec) {
	for _, name := range append([]string{s.key}, s.aliases...) {
		lower := strings.ToLower(name)
		if _, taken := t.byLower[lower]; taken {
			panic(fmt.Sprintf("config: %q is declared twice", name))
		}
		t.byKey[name] = s
		t.byLower[lower] = s
	}
	t.specs = append(t.specs, s)
}

// attribute is something that few options have.
type attribute func(*spec)

func aliases(names ...string) attribute { return func(s *spec) { s.aliases = names } }

// pending marks an option that is known and checked, but in this version has no effect: whoever sets another value than the
// default gets a warning.
func pending(why string) attribute { return func(s *spec) { s.pending = why } }

// defaultText is the default as documented, where the value itself would not tell.
func defaultText(text string) attribute { return func(s *spec) { s.defaultText = text } }

// declare adds an option to the table. Declaring a key or an alias twice is a mistake of ours and panics at start.
func declare[T any](section string, k kind[T], key string, def T, description string, attributes ...attribute) Option[T] {
	_, isMap := any(def).(map[string]string)
	s := &spec{
		section:     section,
		key:         key,
		description: description,
		typeName:    k.name,
		unset:       k.format(def),
		defaultText: k.format(def),
		isMap:       isMap,
		parse:       func(text string) (any, error) { return k.parse(text) },
		format:      func(value any) string { return k.format(value.(T)) },
	}
	for _, set := range attributes {
		set(s)
	}
	declared.add(s)
	return Option[T]{Key: key, Default: def, Aliases: s.aliases, Description: description, kind: k}
}

// Get is the option's value: what was set, else the default.
func Get[T any](c *Configuration, o Option[T]) T {
	if value, ok := Lookup(c, o); ok {
		return value
	}
	return o.Default
}

// Lookup is the value that was set, and whether one was.
func Lookup[T any](c *Configuration, o Option[T]) (T, bool) {
	if e, ok := c.entries[o.Key]; ok {
		return e.value.(T), true
	}
	var none T
	return none, false
}

// Put sets an option from code, over whatever file, environment and command line say.
func Put[T any](c *Configuration, o Option[T], value T) error { return c.Set(o.Key, o.Format(value)) }
