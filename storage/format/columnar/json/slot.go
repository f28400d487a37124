package json

import (
	"encoding/binary"
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// class is what the values of a type are in JSON when they are written in the plainest way.
type class byte

const (
	others class = iota
	texts
	numbers
	booleans
	rows
	arrays
	maps // and multisets: elements as names, how often each is there as values
)

func classOf(t datatype.Type) class {
	switch {
	case t.IsCharacter():
		return texts
	case t.IsNumeric():
		return numbers
	case t.Kind == datatype.KindBoolean:
		return booleans
	case t.Kind == datatype.KindRow:
		return rows
	case t.Kind == datatype.KindArray:
		return arrays
	case t.IsNested():
		return maps
	}
	return others
}

// supported says why values of a type cannot be JSON.
func supported(t datatype.Type) error {
	if !t.IsNested() {
		return columnar.TextType(t)
	}
	key := t.Key
	if t.Kind == datatype.KindMultiset {
		key = t.Element
	}
	if classOf(t) == maps && !key.IsCharacter() {
		return fmt.Errorf("type %s cannot be read from or written to JSON, where names are texts; declare the keys STRING", t)
	}
	for _, inner := range t.Children() {
		if err := supported(inner); err != nil {
			return err
		}
	}
	return nil
}

// slot is where values go: those under one name of an object, the elements of a list, or keys or values of a map.
type slot struct {
	columnar.Column
	is     class
	path   string // from the record on, for messages
	object *object
	inner  []*slot // of arrays the elements, of maps keys and values
	used   int     // elements that are set; the children are longer
}

// object is the fields that are wanted of objects: of the records, or of a ROW.
type object struct {
	slots  []*slot
	places []int // of the slots among the fields of the ROW
	named  map[string]int32
	names  []expected // of the object before, by their order
	seen   []int64    // by slot, the object in which it was found
	count  int64      // of objects
}

// expected is a name that the next object probably has at the same place.
type expected struct {
	words   [2]uint64 // the first 16 bytes of how it is written, with its quotes and the colon
	masks   [2]uint64 // which of them it has
	written string
	size    int   // of what is written
	slot    int32 // -1: not wanted
}

// expect is the name that is written at the beginning of b, up to its colon.
func expect(b []byte, slot int32) expected {
	e := expected{written: string(b), size: len(b), slot: slot}
	var words, masks [16]byte
	for i := range masks[:min(len(b), len(masks))] {
		words[i], masks[i] = b[i], 0xff
	}
	for k := range e.words {
		e.words[k], e.masks[k] = binary.LittleEndian.Uint64(words[8*k:]), binary.LittleEndian.Uint64(masks[8*k:])
	}
	return e
}

// at says whether the name is at b[i], which has 16 more bytes.
func (e *expected) at(b []byte, i int) bool {
	b = b[i : i+16]
	return (binary.LittleEndian.Uint64(b)^e.words[0])&e.masks[0]|(binary.LittleEndian.Uint64(b[8:])^e.words[1])&e.masks[1] == 0
}

// behind says whether what the name has beyond its first 16 bytes is there as well.
func (e *expected) behind(b []byte, i int) bool {
	return len(b)-i >= e.size && string(b[i+16:i+e.size]) == e.written[16:]
}

// newObject makes slots for those fields of which parts are wanted; all where parts is nil.
func newObject(fields []columnar.Field, path string, parts datatype.Parts) *object {
	o := &object{named: map[string]int32{}}
	for i, f := range fields {
		of, wanted := parts[i]
		if parts != nil && !wanted {
			continue
		}
		if parts == nil {
			of = f.Parts
		}
		o.named[f.Name] = int32(len(o.slots))
		o.slots = append(o.slots, newSlot(f.Type, path+f.Name, of))
		o.places = append(o.places, i)
	}
	o.seen = make([]int64, len(o.slots))
	return o
}

func newSlot(t datatype.Type, path string, parts datatype.Parts) *slot {
	s := &slot{is: classOf(t), path: path}
	switch s.is {
	case rows:
		fields := make([]columnar.Field, len(t.Fields))
		for i, f := range t.Fields {
			fields[i] = columnar.Field{Name: f.Name, Type: f.Type}
		}
		s.object = newObject(fields, path+".", parts)
	case arrays:
		s.inner = []*slot{newSlot(*t.Element, path+"[]", nil)}
	case maps:
		value := datatype.Int
		if t.Kind == datatype.KindMap {
			value = *t.Element
		}
		s.inner = []*slot{newSlot(datatype.String, path+"{}", nil), newSlot(value, path+"{}", nil)}
	}
	return s
}

// bind makes vectors, of which nothing is set behind the elements that they have, those that are filled.
func (o *object) bind(columns []*vector.Vector) {
	for i, s := range o.slots {
		s.bind(columns[o.places[i]])
	}
}

func (s *slot) bind(v *vector.Vector) {
	s.rebind(v)
	switch s.is {
	case rows:
		s.object.bind(v.Children)
	case arrays, maps:
		s.used = v.Children[0].Len()
		for k, inner := range s.inner {
			inner.bind(v.Children[k])
		}
	}
}

// rebind is bind of a vector that has become longer.
func (s *slot) rebind(v *vector.Vector) {
	s.Bind(v)
	if s.is == rows {
		for i, inner := range s.object.slots {
			inner.rebind(v.Children[s.object.places[i]])
		}
	}
}

// next makes room for one more element and says where.
func (s *slot) next() int {
	if children := s.Vector.Children; s.used == children[0].Len() {
		for k, inner := range s.inner {
			children[k].Extend(max(16, s.used))
			inner.rebind(children[k])
		}
	}
	s.used++
	return s.used - 1
}

// unset makes a row as if it had not been set.
func (s *slot) unset(row int) {
	s.Vector.Unset(row)
	if s.is >= rows {
		s.bind(s.Vector)
	}
}
