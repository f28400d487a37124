package avro

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leatproject/leat/storage/datatype"
)

// kind is a type of Avro.
type kind string

// node is a schema: a type with what belongs to it.
type node struct {
	Kind      kind
	fields    []field  // of a record
	items     *node    // of an array or map
	branches  []*node  // of a union
	symbols   []string // of an enum
	size      int      // of a fixed
	logical   string
	precision int
	scale     int
}

type field struct {
	name string
	of   *node
}

// described is a schema as JSON has it.
type described struct {
	Type      json.RawMessage  `json:"type"`
	Name      string           `json:"name"`
	Namespace string           `json:"namespace"`
	Fields    []describedField `json:"fields"`
	Items     json.RawMessage  `json:"items"`
	Values    json.RawMessage  `json:"values"`
	Symbols   []string         `json:"symbols"`
	Size      int              `json:"size"`
	Logical   string           `json:"logicalType"`
	Precision int              `json:"precision"`
	Scale     int              `json:"scale"`
}

type describedField struct {
	Name string          `json:"name"`
	Type json.RawMessage `json:"type"`
}

var primitives = []kind{"null", "boolean", "int", "long", "float", "double", "bytes", "string"}

// parser knows the types that have names.
type parser struct{ named map[string]*node }

// maxNesting is how deep schemas and values may be nested.
const maxNesting = 100

func parseSchema(text []byte) (*node, error) {
	p := &parser{named: map[string]*node{}}
	n, err := p.parse(text, "", 0)
	switch {
	case err != nil:
		return nil, err
	case n.Kind != "record" || len(n.fields) == 0:
		return nil, fmt.Errorf("the schema is %s, not a record with fields", n.Kind)
	}
	return n, nil
}

func (p *parser) parse(text json.RawMessage, space string, depth int) (*node, error) {
	if depth > maxNesting {
		return nil, errors.New("the schema is nested too deeply")
	}
	var name string
	if json.Unmarshal(text, &name) == nil {
		return p.lookup(name, space)
	}
	var union []json.RawMessage
	if json.Unmarshal(text, &union) == nil {
		n := &node{Kind: "union"}
		for _, branch := range union {
			b, err := p.parse(branch, space, depth+1)
			if err != nil {
				return nil, err
			}
			n.branches = append(n.branches, b)
		}
		return n, nil
	}
	var d described
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("the schema cannot be read: %w", err)
	}
	if err := json.Unmarshal(d.Type, &name); err != nil {
		return p.parse(d.Type, space, depth+1)
	}
	return p.complex(d, kind(name), space, depth)
}

func (p *parser) lookup(name, space string) (*node, error) {
	if slices.Contains(primitives, kind(name)) {
		return &node{Kind: kind(name)}, nil
	}
	if n := p.named[name]; n != nil {
		return n, nil
	}
	if n := p.named[space+"."+name]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("the schema has no type %q", name)
}

func (p *parser) complex(d described, k kind, space string, depth int) (n *node, err error) {
	n = &node{Kind: k, logical: d.Logical, precision: d.Precision, scale: d.Scale, size: d.Size, symbols: d.Symbols}
	if d.Namespace != "" {
		space = d.Namespace
	}
	switch k {
	case "record", "error", "enum", "fixed":
		full := d.Name
		if !strings.Contains(full, ".") && space != "" {
			full = space + "." + full
		}
		p.named[full] = n
		if i := strings.LastIndexByte(full, '.'); i >= 0 {
			space = full[:i]
		}
		if n.Kind == "error" {
			n.Kind = "record"
		}
		if k == "fixed" && (d.Size < 0 || d.Size > 1<<20) {
			return nil, fmt.Errorf("type %s has %d bytes", d.Name, d.Size)
		}
		for _, f := range d.Fields {
			of, err := p.parse(f.Type, space, depth+1)
			if err != nil {
				return nil, err
			}
			n.fields = append(n.fields, field{f.Name, of})
		}
	case "array":
		n.items, err = p.parse(d.Items, space, depth+1)
	case "map":
		n.items, err = p.parse(d.Values, space, depth+1)
	default:
		base, err := p.lookup(string(k), space)
		if err != nil {
			return nil, err
		}
		if n.Kind = base.Kind; !slices.Contains(primitives, k) {
			return base, nil
		}
	}
	return n, err
}

// nullable is the type of values that are not null, and which branch of the union is null; -1: there is no union.
func (n *node) nullable() (of *node, null int) {
	if n.Kind != "union" {
		return n, -1
	}
	null = slices.IndexFunc(n.branches, func(b *node) bool { return b.Kind == "null" })
	if len(n.branches) == 2 && null >= 0 {
		return n.branches[1-null], null
	}
	return n, -1
}

// typer finds types of schemas. A type that has itself as a part, and one of very many parts, is none.
type typer struct {
	open  []*node // of which parts are looked at
	parts int
}

// maxParts is how many parts a type may have.
const maxParts = 10_000

// sqlType is the type of the values; it is not ok with those that SQL has no type for.
func (y *typer) sqlType(n *node) (t datatype.Type, ok bool) {
	of, null := n.nullable()
	t, ok = y.valueType(of)
	return t.WithNull(null >= 0), ok
}

// nested is the type of an array, a map or a record.
func (y *typer) nested(n *node) (datatype.Type, bool) {
	if y.parts += 1 + len(n.fields); y.parts > maxParts || slices.Contains(y.open, n) || n.Kind == "record" && len(n.fields) == 0 {
		return datatype.String, false
	}
	y.open = append(y.open, n)
	defer func() { y.open = y.open[:len(y.open)-1] }()
	if n.Kind != "record" {
		item, ok := y.sqlType(n.items)
		if n.Kind == "map" {
			return datatype.Map(datatype.String.Required(), item), ok
		}
		return datatype.Array(item), ok
	}
	fields := make([]datatype.Field, len(n.fields))
	for i, f := range n.fields {
		t, ok := y.sqlType(f.of)
		if !ok {
			return datatype.String, false
		}
		fields[i] = datatype.Field{Name: f.name, Type: t}
	}
	return datatype.Row(fields...), true
}

func (y *typer) valueType(n *node) (datatype.Type, bool) {
	if n.isDecimal() {
		return datatype.Decimal(n.precision, n.scale), true
	}
	if digits, local, ok := n.instant(); ok {
		if local {
			return datatype.Timestamp(digits), true
		}
		return datatype.TimestampLTZ(digits), true
	}
	switch n.Kind {
	case "boolean":
		return datatype.Boolean, true
	case "int":
		switch n.logical {
		case "date":
			return datatype.Date, true
		case "time-millis":
			return datatype.Time(3), true
		}
		return datatype.Int, true
	case "long":
		if n.logical == "time-micros" {
			return datatype.Time(3), true
		}
		return datatype.BigInt, true
	case "float":
		return datatype.Float, true
	case "double":
		return datatype.Double, true
	case "string", "enum":
		return datatype.String, true
	case "bytes":
		return datatype.Bytes, true
	case "fixed":
		return datatype.Binary(max(1, n.size)), n.size > 0
	case "array", "map", "record":
		return y.nested(n)
	}
	return datatype.String, false
}

func (n *node) isDecimal() bool {
	return n.logical == "decimal" && (n.Kind == "bytes" || n.Kind == "fixed") && n.precision >= 1 && n.precision <= datatype.MaxPrecision &&
		n.scale >= 0 && n.scale <= n.precision
}

// instant is the digits of a timestamp and whether it is one without a zone.
func (n *node) instant() (digits int, local, ok bool) {
	unit, local := strings.CutPrefix(n.logical, "local-")
	digits, ok = map[string]int{"timestamp-millis": 3, "timestamp-micros": 6, "timestamp-nanos": 9}[unit]
	return digits, local, ok && n.Kind == "long"
}
