package avro

import (
	"fmt"

	"github.com/leatproject/leat/storage/datatype"
	"github.com/leatproject/leat/storage/format/columnar"
	"github.com/leatproject/leat/storage/vector"
)

// putNullable is how values of a schema that may be a union with null become those of a type. Of a ROW only parts may be wanted.
func putNullable(n *node, t datatype.Type, parts datatype.Parts) (put, error) {
	of, null := n.nullable()
	p, err := putFor(of, t, parts)
	if err != nil || null < 0 {
		return p, err
	}
	return func(c *cursor, v *vector.Vector, row int) error {
		switch branch := c.long(); branch {
		case int64(null):
			if v.Type.NotNull && !c.bad {
				return errNull
			}
			v.SetNull(row)
		case int64(1 - null):
			return p(c, v, row)
		default:
			c.fail()
		}
		return nil
	}, nil
}

// putNested is nil where the schema has no values of the type.
func putNested(n *node, t datatype.Type, parts datatype.Parts) (put, error) {
	switch {
	case t.Kind == datatype.KindRow && n.Kind == "record":
		return putRecord(n, t, parts)
	case t.Kind == datatype.KindArray && n.Kind == "array":
		item, err := putNullable(n.items, *t.Element, nil)
		return putItems(item), err
	case t.Kind == datatype.KindMap && n.Kind == "map" && t.Key.IsCharacter():
		value, err := putNullable(n.items, *t.Element, nil)
		return putEntries(value), err
	case t.Kind == datatype.KindMultiset && n.Kind == "map" && t.Element.IsCharacter():
		value, err := putNullable(n.items, datatype.Int.Required(), nil)
		return putEntries(value), err
	}
	return nil, nil
}

// member is a field of a record: where it goes among the fields of the ROW, -1 where it is left out.
type member struct {
	of   *node
	to   int
	name string
	put  put
}

// members binds the fields that are wanted to those of a record, by their names.
func members(n *node, wanted []columnar.Field) ([]member, error) {
	var names []string
	out := make([]member, len(n.fields))
	for i, f := range n.fields {
		out[i] = member{of: f.of, to: -1, name: f.name}
		names = append(names, f.name)
	}
	for i, w := range wanted {
		if w.Name == "" {
			continue
		}
		at := columnar.Find(names, w.Name)
		if at < 0 {
			return nil, fieldError{w.Name, fmt.Errorf("the file has no such column; it has %v", names)}
		}
		if out[at].to >= 0 {
			return nil, fieldError{w.Name, fmt.Errorf("two columns are bound to field %s", names[at])}
		}
		p, err := putNullable(n.fields[at].of, w.Type, w.Parts)
		if err != nil {
			return nil, fieldError{w.Name, err}
		}
		out[at].to, out[at].put = i, p
	}
	return out, nil
}

// fieldError is an error about a column, or a field of a ROW.
type fieldError struct {
	name string
	err  error
}

// Error implements error.
func (e fieldError) Error() string { return e.name + ": " + e.err.Error() }

// Unwrap returns the cause.
func (e fieldError) Unwrap() error { return e.err }

func putRecord(n *node, t datatype.Type, parts datatype.Parts) (put, error) {
	wanted := make([]columnar.Field, len(t.Fields)) // without a name where nobody wants it
	for i, f := range t.Fields {
		if of, some := parts[i]; some || parts == nil {
			wanted[i] = columnar.Field{Name: f.Name, Type: f.Type, Parts: of}
		}
	}
	fields, err := members(n, wanted)
	if err != nil {
		return nil, err
	}
	return func(c *cursor, v *vector.Vector, row int) error {
		for i := range fields {
			f := &fields[i]
			if f.to < 0 {
				c.skip(f.of, 0)
			} else if err := f.put(c, v.Children[f.to], row); err != nil {
				return fieldError{f.name, err}
			}
		}
		return nil
	}, nil
}

// putItems reads an array: blocks of items.
func putItems(item put) put {
	return func(c *cursor, v *vector.Vector, row int) error {
		items := v.Children[0]
		for n := c.count(); n > 0; n = c.count() {
			at := items.Len()
			items.Extend(n)
			for i := range n {
				if err := item(c, items, at+i); err != nil || c.bad {
					return err
				}
			}
		}
		v.PutEnd(row, items.Len())
		return nil
	}
}

// putEntries reads a map: blocks of entries. Of those of one key the last counts.
func putEntries(value put) put {
	return func(c *cursor, v *vector.Vector, row int) error {
		keys, values := v.Children[0], v.Children[1]
		from := keys.Len()
		for n := c.count(); n > 0; n = c.count() {
			at := keys.Len()
			keys.Extend(n)
			values.Extend(n)
			for i := range n {
				keys.PutBytes(at+i, c.text())
				if err := value(c, values, at+i); err != nil || c.bad {
					return err
				}
			}
		}
		values.Finish()
		v.KeepLast(from)
		v.PutEnd(row, keys.Len())
		return nil
	}
}
