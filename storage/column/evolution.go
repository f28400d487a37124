package column

import (
	"fmt"
	"reflect"
	"strings"
)

// Outcome says what becomes of a part of a schema.
type Outcome string

// The outcomes.
const (
	Added   Outcome = "added"   // the field has its zero value
	Dropped Outcome = "dropped" // what was stored is left out
	Widened Outcome = "widened" // each value fits into the new type
	Refused Outcome = "refused" // values could be lost
)

// Change is a difference of two schemas. Path leads to it by names of fields; elements of lists are [], keys and values of maps
// [key] and [value].
type Change struct {
	Path    string  `json:"path"`
	Outcome Outcome `json:"outcome"`
	From    string  `json:"from,omitempty"` // the old type
	To      string  `json:"to,omitempty"`   // the new type
	Why     string  `json:"why,omitempty"`  // it is refused
}

// String is one line.
func (c Change) String() string {
	switch c.Outcome {
	case Added:
		return fmt.Sprintf("%s (%s) is new and has its zero value", c.Path, c.To)
	case Dropped:
		return fmt.Sprintf("%s (%s) is dropped", c.Path, c.From)
	case Widened:
		return fmt.Sprintf("%s becomes %s (was %s)", c.Path, c.To, c.From)
	}
	return fmt.Sprintf("%s is %s and was %s: %s", c.Path, c.To, c.From, c.Why)
}

// Evolution turns blocks of one schema into blocks of another.
//
// Fields of structs are matched by the names in their schemas, which the tag leat:"name" keeps when a field is renamed in Go: new
// ones are zero, old ones are dropped. Numbers may become wider ones that hold each old value exactly, arrays lists of their
// elements, values pointers to them, strings bytes, and numbers of nanoseconds durations. Everything else is refused, and so is
// each change of the key of a map.
type Evolution struct {
	// Changes is empty if both schemas describe the same encoding.
	Changes  []Change
	from, to *dynamic
	convert  conversion
}

// conversion sets the value to from the value from, of the Go types that stand for two schemas.
type conversion func(to, from reflect.Value)

// Evolve compares two schemas. root names the whole value in paths. The error says that a schema is not known to this version.
func Evolve(from, to *Schema, root string) (*Evolution, error) {
	e := &Evolution{}
	var err error
	if e.from, err = dynamicOf(from); err != nil {
		return nil, err
	}
	if e.to, err = dynamicOf(to); err != nil {
		return nil, err
	}
	e.convert = e.compare(root, from, to)
	return e, nil
}

// Refusal is an error with all changes that are refused, nil if none is.
func Refusal(changes []Change) error {
	var lines []string
	for _, c := range changes {
		if c.Outcome == Refused {
			lines = append(lines, c.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("the type has changed in a way that loses values: %s (give what has changed another name)", strings.Join(lines, "; "))
}

// Convert appends a block of the new schema with the rows of a block of the old one. Errors are those of Codec.DecodeBatch, and
// Refusal's.
func (e *Evolution) Convert(dst, block []byte) ([]byte, error) {
	if err := Refusal(e.Changes); err != nil {
		return dst, err
	}
	old, err := e.from.decode(block)
	if err != nil {
		return dst, err
	}
	rows := reflect.MakeSlice(reflect.SliceOf(e.to.of), old.Len(), old.Len())
	for i := range old.Len() {
		e.convert(rows.Index(i), old.Index(i))
	}
	return e.to.encode(dst, rows), nil
}

func (e *Evolution) add(path string, o Outcome, from, to *Schema, why string) {
	c := Change{Path: path, Outcome: o, Why: why}
	if from != nil {
		c.From = from.typeName()
	}
	if to != nil {
		c.To = to.typeName()
	}
	e.Changes = append(e.Changes, c)
}

func (e *Evolution) refuse(path string, from, to *Schema, why string) conversion {
	e.add(path, Refused, from, to, why)
	return nil
}

// typeName is the Go type if it is known, else what the encoding is.
func (s *Schema) typeName() string {
	if s.Type != "" {
		return s.Type
	}
	return string(s.Kind)
}

func assign(to, from reflect.Value) { to.Set(from) }

func sameEncoding(a, b *Schema) bool {
	x, y := *a, *b
	x.Name, y.Name = "", ""
	return x.String() == y.String()
}

func (e *Evolution) compare(path string, from, to *Schema) conversion {
	if sameEncoding(from, to) {
		return assign
	}
	if from.Kind == to.Kind {
		switch from.Kind {
		case KindStruct:
			return e.structs(path, from, to)
		case KindList:
			return lists(e.compare(path+"[]", from.Fields[0], to.Fields[0]))
		case KindOptional:
			return optionals(e.compare(path, from.Fields[0], to.Fields[0]))
		case KindMap:
			return e.maps(path, from, to)
		case KindArray:
			if from.Len != to.Len {
				return e.refuse(path, from, to, "the length of an array cannot change, a slice takes arrays of every length")
			}
			return arrays(e.compare(path+"[]", from.Fields[0], to.Fields[0]))
		}
	}
	switch {
	case from.Kind == KindArray && to.Kind == KindList:
		e.add(path, Widened, from, to, "")
		return sliced(e.compare(path+"[]", from.Fields[0], to.Fields[0]))
	case to.Kind == KindOptional && from.Kind != KindOptional:
		e.add(path, Widened, from, to, "")
		return present(e.compare(path, from, to.Fields[0]))
	}
	if c := widening(from.Kind, to.Kind); c != nil {
		e.add(path, Widened, from, to, "")
		return c
	}
	return e.refuse(path, from, to, "old values may not fit")
}

// structs matches fields by name.
func (e *Evolution) structs(path string, from, to *Schema) conversion {
	old := map[string]int{}
	for i, f := range from.Fields {
		old[f.Name] = i
	}
	type pair struct {
		to, from int
		convert  conversion
	}
	var pairs []pair
	for i, f := range to.Fields {
		at := path + "." + f.Name
		j, ok := old[f.Name]
		if !ok {
			e.add(at, Added, nil, f, "")
			continue
		}
		delete(old, f.Name)
		pairs = append(pairs, pair{i, j, e.compare(at, from.Fields[j], f)})
	}
	for _, f := range from.Fields {
		if _, dropped := old[f.Name]; dropped {
			e.add(path+"."+f.Name, Dropped, f, nil, "")
		}
	}
	if len(pairs) == 0 && len(from.Fields) > 0 {
		return e.refuse(path, from, to, "no field of the old type is left")
	}
	return func(to, from reflect.Value) {
		for _, p := range pairs {
			p.convert(to.Field(p.to), from.Field(p.from))
		}
	}
}

func (e *Evolution) maps(path string, from, to *Schema) conversion {
	if !sameEncoding(from.Fields[0], to.Fields[0]) {
		return e.refuse(path+"[key]", from.Fields[0], to.Fields[0], "the type of a key cannot change: entries could become one")
	}
	value := e.compare(path+"[value]", from.Fields[1], to.Fields[1])
	return func(to, from reflect.Value) {
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeMapWithSize(to.Type(), from.Len()))
		for iter := from.MapRange(); iter.Next(); {
			v := reflect.New(to.Type().Elem()).Elem()
			value(v, iter.Value())
			to.SetMapIndex(iter.Key(), v)
		}
	}
}

func lists(elem conversion) conversion {
	return func(to, from reflect.Value) {
		if !from.IsNil() {
			sliced(elem)(to, from)
		}
	}
}

// sliced makes a slice of a slice or array.
func sliced(elem conversion) conversion {
	return func(to, from reflect.Value) {
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		arrays(elem)(to, from)
	}
}

func arrays(elem conversion) conversion {
	return func(to, from reflect.Value) {
		for i := range from.Len() {
			elem(to.Index(i), from.Index(i))
		}
	}
}

func optionals(elem conversion) conversion {
	return func(to, from reflect.Value) {
		if !from.IsNil() {
			present(elem)(to, from.Elem())
		}
	}
}

// present makes a pointer to a value.
func present(elem conversion) conversion {
	return func(to, from reflect.Value) {
		to.Set(reflect.New(to.Type().Elem()))
		elem(to.Elem(), from)
	}
}
