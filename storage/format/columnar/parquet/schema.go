package parquet

import (
	"strings"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
)

// leaf is a column that has values of its own.
type leaf struct {
	name     string // its path, with dots
	top      string // the column at the top that it belongs to
	element  schemaElement
	levels   int // the definition level of a value that is not NULL
	repeats  int // the highest repetition level
	repeated bool
	nested   bool
}

// node is a column at the top, or what is within one. Of a LIST or MAP the group that it repeats is no node of its own.
type node struct {
	name     string
	typ      datatype.Type
	required bool
	leaf     int     // its place in leaves; -1: it is an ARRAY, MAP or ROW
	children []*node // of an ARRAY the element, of a MAP key and value, of a ROW the fields

	// Levels. In what is repeated at level rep an entry of a leaf below begins a place of this node if its repetition level is at most rep
	// and its definition level at least placeDef; it is not NULL from definition level def on.
	rep, placeDef, def int
}

// elementLevels are the repetition level of the elements of an ARRAY or MAP, and the definition level from which there is one.
func (n *node) elementLevels() (rep, def int) { return n.rep + 1, n.def + 1 }

// readSchema makes fields, nodes and leaves of the flat list of elements.
func (f *File) readSchema() error {
	if len(f.meta.schema) == 0 {
		return corrupt("there is no schema")
	}
	s := schemaReader{file: f, at: 1}
	for range f.meta.schema[0].children {
		n, err := s.read(nil, &node{required: true}, 0)
		if err != nil {
			return err
		}
		f.nodes = append(f.nodes, n)
		f.fields = append(f.fields, columnar.Field{Name: n.name, Type: n.typ})
	}
	if len(f.leaves) == 0 {
		return corrupt("there are no columns")
	}
	return nil
}

// schemaReader reads the elements of a schema in order.
type schemaReader struct {
	file *File
	at   int // of the next
}

func (s *schemaReader) next() (*schemaElement, error) {
	if s.at >= len(s.file.meta.schema) {
		return nil, corrupt("the schema has fewer columns than it says")
	}
	s.at++
	return &s.file.meta.schema[s.at-1], nil
}

// read reads an element with all below it; in tells the levels of what it stands in.
func (s *schemaReader) read(path []string, in *node, depth int) (*node, error) {
	e, err := s.next()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, corrupt("the schema has too many levels")
	}
	path = append(path[:len(path):len(path)], e.name)
	if e.repetition != repeated {
		return s.readOne(e, path, in, depth)
	}
	list := &node{name: e.name, required: true, leaf: -1, rep: in.rep, placeDef: in.placeDef, def: in.def} // a list without a group around it
	element, err := s.readOne(e, path, list.inside(), depth)
	if err != nil {
		return nil, err
	}
	list.children, list.typ = []*node{element}, datatype.Array(element.typ).Required()
	return list, nil
}

// inside are the levels of the elements of a list.
func (n *node) inside() *node {
	rep, def := n.elementLevels()
	return &node{rep: rep, placeDef: def, def: def}
}

// readOne reads what is below an element, which may itself be what a list repeats.
func (s *schemaReader) readOne(e *schemaElement, path []string, in *node, depth int) (*node, error) {
	n := &node{name: e.name, required: e.repetition != optional, leaf: -1, rep: in.rep, placeDef: in.placeDef, def: in.def}
	if !n.required {
		n.def++
	}
	if n.def > 255 || n.rep > 255 {
		return nil, corrupt("the schema has too many levels")
	}
	if e.children == 0 && e.physical >= 0 {
		return n, s.readLeaf(e, path, n)
	}
	if e.children == 1 && s.at < len(s.file.meta.schema) && s.file.meta.schema[s.at].repetition == repeated {
		switch inner := &s.file.meta.schema[s.at]; {
		case e.isMap() && inner.children == 2:
			return n, s.readMap(path, n, depth)
		case e.logical == logicalList || e.converted == convertedList:
			return n, s.readList(e, path, n, depth)
		}
	}
	var fields []datatype.Field
	for range e.children {
		child, err := s.read(path, n, depth+1)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, child)
		fields = append(fields, datatype.Field{Name: child.name, Type: child.typ})
	}
	if len(fields) == 0 {
		return nil, corrupt("column %s has no fields", strings.Join(path, "."))
	}
	n.typ = datatype.Row(fields...).WithNull(!n.required)
	return n, nil
}

func (e *schemaElement) isMap() bool {
	return e.logical == logicalMap || e.converted == convertedMap || e.converted == convertedMapKV
}

func (s *schemaReader) readLeaf(e *schemaElement, path []string, n *node) error {
	if e.physical > physicalFixed || e.physical == physicalFixed && (e.length <= 0 || e.length > 1<<20) {
		return corrupt("column %s has a type that does not exist", strings.Join(path, "."))
	}
	n.leaf, n.typ = len(s.file.leaves), e.leafType().WithNull(!n.required)
	s.file.leaves = append(s.file.leaves, leaf{
		name: strings.Join(path, "."), top: path[0], element: *e, levels: n.def, repeats: n.rep, repeated: n.rep > 0, nested: len(path) > 1,
	})
	return nil
}

// readMap reads the group of keys and values that a map repeats.
func (s *schemaReader) readMap(path []string, n *node, depth int) error {
	e, err := s.next()
	if err != nil {
		return err
	}
	path = append(path[:len(path):len(path)], e.name)
	for range 2 {
		child, err := s.read(path, n.inside(), depth+1)
		if err != nil {
			return err
		}
		n.children = append(n.children, child)
	}
	n.typ = datatype.Map(n.children[0].typ, n.children[1].typ).WithNull(!n.required)
	return nil
}

// readList reads what a list repeats: the element itself, as old writers have it, or a group of one field, which is the element.
func (s *schemaReader) readList(list *schemaElement, path []string, n *node, depth int) error {
	e, err := s.next()
	if err != nil {
		return err
	}
	path = append(path[:len(path):len(path)], e.name)
	var element *node
	if e.children == 1 && e.name != "array" && e.name != list.name+"_tuple" {
		element, err = s.read(path, n.inside(), depth+1)
	} else {
		element, err = s.readOne(e, path, n.inside(), depth+1)
	}
	if err != nil {
		return err
	}
	n.children = []*node{element}
	n.typ = datatype.Array(element.typ).WithNull(!n.required)
	return nil
}

// leafType is the SQL type of the values of a leaf.
func (e *schemaElement) leafType() datatype.Type {
	if e.isDecimal() {
		return datatype.Decimal(max(1, min(e.precision, 38)), max(0, min(e.scale, e.precision, 38)))
	}
	unit, utc := e.timeUnit()
	digits := 3 * unit
	switch e.physical {
	case physicalBoolean:
		return datatype.Boolean
	case physicalInt32:
		switch {
		case e.logical == logicalDate || e.converted == convertedDate:
			return datatype.Date
		case unit > 0:
			return datatype.Time(3)
		case e.intBits() == 8 && e.isSigned():
			return datatype.TinyInt
		case e.intBits() <= 16 && (e.isSigned() || e.intBits() == 8):
			return datatype.SmallInt
		case e.isSigned() || e.intBits() < 32:
			return datatype.Int
		}
		return datatype.BigInt
	case physicalInt64:
		switch {
		case unit > 0 && (e.logical == logicalTime || e.converted == convertedTimeUs):
			return datatype.Time(min(digits, 3))
		case unit > 0 && utc:
			return datatype.TimestampLTZ(digits)
		case unit > 0:
			return datatype.Timestamp(digits)
		case e.isUint64():
			return datatype.Decimal(20, 0)
		}
		return datatype.BigInt
	case physicalInt96:
		return datatype.Timestamp(9)
	case physicalFloat:
		return datatype.Float
	case physicalDouble:
		return datatype.Double
	case physicalFixed:
		if e.isHalf() {
			return datatype.Float
		}
		return datatype.Binary(e.length)
	}
	if e.logical == logicalString || e.logical == logicalEnum || e.logical == logicalJSON ||
		e.converted == convertedUTF8 || e.converted == convertedEnum || e.converted == convertedJSON {
		return datatype.String
	}
	return datatype.Bytes
}

func (e *schemaElement) isDecimal() bool {
	return (e.logical == logicalDecimal || e.converted == convertedDecimal) && e.physical != physicalBoolean && e.physical != physicalInt96
}

// isUint64 says whether it is an integer that BIGINT does not hold.
func (e *schemaElement) isUint64() bool {
	unit, _ := e.timeUnit()
	return e.physical == physicalInt64 && unit == 0 && !e.isDecimal() && !e.isSigned() && e.intBits() == 64
}

// isHalf says whether it is a floating-point number of 16 bits.
func (e *schemaElement) isHalf() bool {
	return e.logical == logicalFloat16 && e.physical == physicalFixed && e.length == 2
}

// timeUnit is the unit of times and timestamps, 0 for other types, and whether they are instants.
func (e *schemaElement) timeUnit() (unit int, utc bool) {
	switch {
	case e.logical == logicalTime || e.logical == logicalTimestamp:
		if e.unit >= unitMillis && e.unit <= unitNanos {
			return e.unit, e.utc
		}
	case e.converted == convertedTimeMs || e.converted == convertedMillis:
		return unitMillis, e.converted == convertedMillis
	case e.converted == convertedTimeUs || e.converted == convertedMicros:
		return unitMicros, e.converted == convertedMicros
	}
	return 0, false
}

// intBits is the width of an integer as it was meant.
func (e *schemaElement) intBits() int {
	switch {
	case e.logical == logicalInteger && (e.bits == 8 || e.bits == 16 || e.bits == 32 || e.bits == 64):
		return e.bits
	case e.converted >= convertedInt8 && e.converted <= convertedInt64:
		return 8 << (e.converted - convertedInt8)
	case e.converted >= convertedUint8 && e.converted <= convertedUint64:
		return 8 << (e.converted - convertedUint8)
	case e.physical == physicalInt32:
		return 32
	}
	return 64
}

func (e *schemaElement) isSigned() bool {
	if e.logical == logicalInteger {
		return e.signed
	}
	return e.converted < convertedUint8 || e.converted > convertedUint64
}
