package relational

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/hashtable"
	"github.com/leatproject/leat/storage/vector"
)

// groups gives keys of columns numbers, 0, 1, 2 and so on. One column of numbers or of texts is its own key, other columns are put together to
// rows (vector.RowFormat). Of one column that may be NULL, group 0 is NULL, whether there is one or not.
type groups struct {
	types []datatype.Type

	words  *hashtable.Table[uint64]
	texts  *hashtable.Table[string]
	format *vector.RowFormat // of texts, if they are rows
	null   int               // 1 if group 0 is NULL
	isNull bool              // there is a NULL

	hashes  []uint64
	keys    []uint64
	strings []string
	rows    []byte
	known   []uint32 // of rows that are not NULL
	chosen  []int32
	copies  []*vector.Vector
}

func newGroups(types []datatype.Type) (*groups, error) {
	g := &groups{types: types}
	if len(types) == 1 {
		switch t := types[0]; {
		case vector.Variable(t):
		case vector.Width(t) > 0 && vector.Width(t) <= 8 && !vector.HasNanos(t):
			g.words = new(hashtable.Table[uint64])
		default:
			return g.asRows()
		}
		if !types[0].NotNull {
			g.null = 1
		}
		return g, g.reset()
	}
	return g.asRows()
}

func (g *groups) asRows() (_ *groups, err error) {
	if g.format, err = vector.NewRowFormat(g.types); err != nil {
		return nil, fmt.Errorf("grouping: %w", err)
	}
	for range g.types {
		g.copies = append(g.copies, new(vector.Vector))
	}
	return g, g.reset()
}

// reset forgets all keys and gives their memory up.
func (g *groups) reset() (err error) {
	g.isNull = false
	if g.words != nil {
		g.words, err = hashtable.New[uint64](0)
	} else {
		g.texts, err = hashtable.New[string](0)
	}
	return err
}

// len is one more than the highest number.
func (g *groups) len() int {
	switch {
	case len(g.types) == 0:
		return 1
	case g.words != nil:
		return g.words.Len() + g.null
	}
	return g.texts.Len() + g.null
}

// has says whether there is a row of a group: not of that of NULL, perhaps.
func (g *groups) has(id uint32) bool { return g.null == 0 || id > 0 || g.isNull }

func (g *groups) bytes() int64 {
	if g.words != nil {
		return g.words.Bytes()
	}
	return g.texts.Bytes()
}

// hash is that of a group's key, as vector.Hash gives it.
func (g *groups) hash(id uint32) uint64 {
	switch {
	case id < uint32(g.null) || len(g.types) == 0:
		return 0
	case g.words != nil:
		return g.words.Hash(id - uint32(g.null))
	}
	return g.texts.Hash(id - uint32(g.null))
}

// find writes the groups of rows, counted as vector.Hash counts them, and makes those that are new.
func (g *groups) find(columns []*vector.Vector, rows int, selection []int32, ids []uint32) {
	if len(g.types) == 0 {
		clear(ids)
		return
	}
	if g.null == 1 && columns[0].Valid != nil {
		g.findSome(columns, rows, selection, ids)
		return
	}
	g.lookup(columns, rows, selection, ids)
}

// findSome is find of a column with NULL.
func (g *groups) findSome(columns []*vector.Vector, rows int, selection []int32, ids []uint32) {
	v := columns[0]
	if v.Constant {
		if !v.IsNull(0) {
			g.lookup(columns, rows, selection, ids)
			return
		}
		clear(ids[:rows])
		g.isNull = true
		return
	}
	g.chosen = g.chosen[:0]
	for i := range rows {
		row := int32(i)
		if selection != nil {
			row = selection[i]
		}
		if v.Valid.Has(int(row)) {
			g.chosen = append(g.chosen, row)
		}
	}
	g.isNull = g.isNull || len(g.chosen) < rows
	g.known = slices.Grow(g.known[:0], len(g.chosen))[:len(g.chosen)]
	g.lookup(columns, len(g.chosen), g.chosen, g.known)
	k := 0
	for i := range rows {
		row := int32(i)
		if selection != nil {
			row = selection[i]
		}
		if ids[i] = 0; v.Valid.Has(int(row)) {
			ids[i] = g.known[k]
			k++
		}
	}
}

// lookup is find of rows that are not NULL, unless keys are rows.
func (g *groups) lookup(columns []*vector.Vector, rows int, selection []int32, ids []uint32) {
	if rows == 0 {
		return
	}
	g.hashes = slices.Grow(g.hashes[:0], rows)[:rows]
	vector.Hash(columns, rows, selection, g.hashes)
	ids = ids[:rows]
	switch {
	case g.words != nil:
		g.keys = slices.Grow(g.keys[:0], rows)[:rows]
		columns[0].KeyWords(g.keys, selection)
		g.words.Lookup(g.keys, g.hashes, ids)
	case g.format != nil:
		g.lookupRows(columns, rows, selection, ids)
	default:
		g.strings = g.strings[:0]
		for i := range rows {
			row := i
			if selection != nil {
				row = int(selection[i])
			}
			g.strings = append(g.strings, text(columns[0].Bytes(row)))
		}
		g.texts.Lookup(g.strings, g.hashes, ids)
	}
	if g.null == 1 {
		for i := range ids {
			ids[i]++
		}
	}
}

// lookupRows makes rows of the columns first.
func (g *groups) lookupRows(columns []*vector.Vector, rows int, selection []int32, ids []uint32) {
	b := &vector.Batch{Length: rows, Columns: g.copies}
	plain := true
	for _, v := range columns {
		plain = plain && v.Valid == nil && !v.Type.IsApproximate() && !v.Type.IsNested()
	}
	if plain {
		b.Columns, b.Selection = columns, selection
	} else {
		for i, v := range columns {
			v.Canonical(g.copies[i], rows, selection)
		}
	}
	var ends []int
	g.rows, ends = g.format.Append(g.rows[:0], b)
	g.strings = g.strings[:0]
	from := 0
	for _, end := range ends[:rows] {
		g.strings = append(g.strings, text(g.rows[from:end]))
		from = end
	}
	g.texts.Lookup(g.strings, g.hashes, ids)
}

// text is bytes as a string that is not kept.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// read makes vectors of the keys of groups.
func (g *groups) read(ids []uint32, out []*vector.Vector) {
	switch {
	case len(g.types) == 0:
	case g.format != nil:
		g.strings = g.texts.AppendKeys(g.strings[:0], ids)
		g.format.Read(&vector.Batch{Columns: out}, g.strings)
		for _, v := range out {
			v.Finish()
		}
	default:
		v := out[0]
		v.Reset(g.types[0], len(ids))
		for i, id := range ids {
			switch {
			case id < uint32(g.null):
				v.SetNull(i)
			case g.words != nil:
				v.PutKeyWord(i, g.words.Key(id-uint32(g.null)))
			default:
				key := g.texts.Key(id - uint32(g.null))
				v.PutBytes(i, unsafe.Slice(unsafe.StringData(key), len(key)))
			}
		}
		v.Finish()
	}
}
