package parquet

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/vector"
)

// step is a level of a nested column on the way to a leaf.
type step struct {
	required bool
	child    int // where the way goes on
	list     bool
	rep      int // of a list, the repetition level of its elements
}

// levels are those of the entries of a page of a nested column.
type levels struct {
	reps, defs             []byte
	highestRep, highestDef int
}

// levelsOf are the levels that entries of the leaf behind some steps can have.
func levelsOf(steps []step) (l levels) {
	for _, s := range steps {
		if !s.required {
			l.highestDef++
		}
		if s.list {
			l.highestDef++
			l.highestRep++
		}
	}
	return l
}

func (l *levels) reset() { l.reps, l.defs = l.reps[:0], l.defs[:0] }

// append writes the levels, each kind with its length before it.
func (l *levels) append(dst []byte) []byte {
	if l.highestRep > 0 {
		dst = appendLevelRuns(dst, l.reps, bits.Len(uint(l.highestRep)))
	}
	if l.highestDef > 0 {
		dst = appendLevelRuns(dst, l.defs, bits.Len(uint(l.highestDef)))
	}
	return dst
}

// appendLevelRuns writes levels of a width as runs of equal ones, where there are 16 or more, and of packed ones.
func appendLevelRuns(dst, values []byte, width int) []byte {
	begin := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for len(values) > 0 {
		n := same(values)
		if n >= 16 || n == len(values) {
			dst = append(binary.AppendUvarint(dst, uint64(n)<<1), values[0])
			values = values[n:]
			continue
		}
		n = 8
		for n+8 <= len(values) && same(values[n:]) < 16 {
			n += 8
		}
		n = min(n, len(values))
		dst = appendPacked(dst, values[:n], width)
		values = values[n:]
	}
	binary.LittleEndian.PutUint32(dst[begin:], uint32(len(dst)-begin-4))
	return dst
}

// same is how many of the first values are equal.
func same(values []byte) int {
	n := 1
	for n < len(values) && values[n] == values[0] {
		n++
	}
	return n
}

// appendPacked writes one packed run; what it lacks to whole groups of eight is 0.
func appendPacked(dst, values []byte, width int) []byte {
	groups := (len(values) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	for g := range groups {
		var word uint64
		for i, x := range values[8*g : min(8*g+8, len(values))] {
			word |= uint64(x) << (i * width)
		}
		for range width {
			dst = append(dst, byte(word))
			word >>= 8
		}
	}
	return dst
}

// maxLevel bounds definition levels, which are bytes; eight of them are packed in a word.
const maxLevel = 255

// addSchema adds a column, or what is within one, to the schema, and a columnWriter for each leaf. Lists and maps are written as the format
// recommends it.
func (w *writer) addSchema(name string, t datatype.Type, path []string, steps []step) error {
	path = append(path[:len(path):len(path)], name)
	if !t.IsNested() {
		e, err := elementOf(name, t)
		if err != nil {
			return err
		}
		steps = append(steps[:len(steps):len(steps)], step{required: t.NotNull})
		if levelsOf(steps).highestDef > maxLevel {
			return errors.New("it has too many levels")
		}
		w.meta.schema = append(w.meta.schema, e)
		w.columns = append(w.columns, newColumnWriter(e, t, path, steps, w.options.Codec))
		return nil
	}
	group := schemaElement{name: name, physical: -1, repetition: optional, converted: convertedNone}
	if t.NotNull {
		group.repetition = required
	}
	inner := schemaElement{physical: -1, repetition: repeated, converted: convertedNone}
	var fields []datatype.Field
	switch t.Kind {
	case datatype.KindArray:
		group.children, group.converted, group.logical = 1, convertedList, logicalList
		inner.name, inner.children = "list", 1
		fields = []datatype.Field{{Name: "element", Type: *t.Element}}
	case datatype.KindMap:
		fields = []datatype.Field{{Name: "key", Type: t.Key.Required()}, {Name: "value", Type: *t.Element}}
	case datatype.KindMultiset:
		fields = []datatype.Field{{Name: "key", Type: t.Element.Required()}, {Name: "value", Type: datatype.Int.Required()}}
	default:
		fields = t.Fields
		group.children = len(fields)
	}
	if t.Kind == datatype.KindMap || t.Kind == datatype.KindMultiset {
		group.children, group.converted, group.logical = 1, convertedMap, logicalMap
		inner.name, inner.children = "key_value", 2
	}
	w.meta.schema = append(w.meta.schema, group)
	s := step{required: t.NotNull, list: t.Kind != datatype.KindRow, rep: levelsOf(steps).highestRep + 1}
	if s.list {
		w.meta.schema = append(w.meta.schema, inner)
		path = append(path, inner.name)
	}
	if len(fields) == 0 {
		return errors.New("a row without fields cannot be written")
	}
	for k, f := range fields {
		s.child = k
		if err := w.addSchema(f.Name, f.Type, path, append(steps[:len(steps):len(steps)], s)); err != nil {
			return err
		}
	}
	return nil
}

// shred adds the entries of a row: of v, which is at step k.
func (c *columnWriter) shred(v *vector.Vector, row, k int, rep, def byte) error {
	s := &c.steps[k]
	switch null := v.IsNull(row); {
	case null && s.required:
		return errNull
	case null:
		c.addLevels(rep, def)
		c.nulls++
		return nil
	case !s.required:
		def++
	}
	switch {
	case k == len(c.steps)-1:
		err := c.addValue(v, row)
		c.addLevels(rep, def)
		return err
	case !s.list:
		return c.shred(v.Children[s.child], v.At(row), k+1, rep, def)
	}
	lo, hi := v.Elements(row)
	if lo == hi {
		c.addLevels(rep, def)
		c.nulls++
		return nil
	}
	for ; lo < hi; lo++ {
		if err := c.shred(v.Children[s.child], lo, k+1, rep, def+1); err != nil {
			return err
		}
		rep = byte(s.rep)
	}
	return nil
}

func (c *columnWriter) addLevels(rep, def byte) {
	c.levels.reps, c.levels.defs = append(c.levels.reps, rep), append(c.levels.defs, def)
	c.rows++
}
