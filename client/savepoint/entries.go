package savepoint

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
)

// Entry is what a state holds for one key, of a map state for one key of the map; of a state without keys an element.
type Entry struct {
	// Key is the key; HasKey is false for state without keys.
	Key    column.Value
	HasKey bool
	// UserKey is the key in a map or a broadcast state.
	UserKey    column.Value
	HasUserKey bool
	// Value is the value; of a list state, a list is Values. What only the operator can read is Raw.
	Value  column.Value
	Values []column.Value
	IsList bool
	Raw    []byte

	row column.Value
}

// entryOf takes a row apart.
func entryOf(kind string, row column.Value) (e Entry) {
	e.row, e.Value = row, row
	switch kind {
	case "list":
		if values, ok := row.Field("Values"); ok {
			e.Values, e.IsList = values.Elements(), true
		}
	case "map", Broadcast:
		if key, ok := row.Field("Key"); ok {
			e.UserKey, e.HasUserKey = key, true
			e.Value, _ = row.Field("Value")
		}
	case "value", "reducing", "aggregating":
		if value, ok := row.Field("Value"); ok {
			e.Value = value
		}
	}
	return e
}

// MarshalJSON implements json.Marshaler: an object with key, map-key and value, as there are.
func (e Entry) MarshalJSON() ([]byte, error) {
	var x struct {
		Key    *column.Value `json:"key,omitempty"`
		MapKey *column.Value `json:"map-key,omitempty"`
		Value  any           `json:"value"`
	}
	if e.HasKey {
		x.Key = &e.Key
	}
	if e.HasUserKey {
		x.MapKey = &e.UserKey
	}
	switch {
	case e.Raw != nil:
		x.Value = e.Raw
	case e.IsList && e.Values == nil:
		x.Value = []column.Value{}
	case e.IsList:
		x.Value = e.Values
	default:
		x.Value = e.Value
	}
	return json.Marshal(x)
}

// Entries reads a state. The order is that of the stored blocks. The error ends it.
func (s *Savepoint) Entries(ctx context.Context, operator, state string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		o, st, err := s.find(operator, state)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for part := range s.partsOf(o, st) {
			if !s.partEntries(ctx, o, st, part, yield) {
				return
			}
		}
	}
}

// Parts is how many parts a state has, which can be read at the same time: one for each sub-task of the operator, but only one of a
// broadcast state, which all of them hold alike.
func (s *Savepoint) Parts(operator, state string) (int, error) {
	o, st, err := s.find(operator, state)
	if err != nil {
		return 0, err
	}
	return s.partsOf(o, st), nil
}

// PartEntries is Entries for one part.
func (s *Savepoint) PartEntries(ctx context.Context, operator, state string, part int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		o, st, err := s.find(operator, state)
		if err == nil && (part < 0 || part >= s.partsOf(o, st)) {
			err = fmt.Errorf("operator %q, state %q: it has no part %d", o.Name, st.Name, part)
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		s.partEntries(ctx, o, st, part, yield)
	}
}

func (s *Savepoint) find(operator, state string) (o *Operator, st *State, err error) {
	if o, err = s.Operator(operator); err == nil {
		st, err = o.State(state)
	}
	return o, st, err
}

func (s *Savepoint) partsOf(o *Operator, st *State) int {
	n := len(s.parts[o.ID])
	if st.Kind == Broadcast {
		n = min(n, 1)
	}
	return n
}

// partEntries reads what one sub-task has of a state; it is false if that is to be the end.
func (s *Savepoint) partEntries(ctx context.Context, o *Operator, st *State, i int, yield func(Entry, error) bool) bool {
	files := newFiles(ctx, s.saved)
	defer files.close()
	r := reading{files: files, state: st, part: s.parts[o.ID][i]}
	more := true
	each := func(e Entry) bool {
		more = ctx.Err() == nil && yield(e, nil)
		return more
	}
	var err error
	if st.Key == nil {
		err = r.elements(each)
	} else {
		err = r.keyed(each)
	}
	if err == nil && more {
		err = ctx.Err()
	}
	if err != nil && more {
		yield(Entry{}, fmt.Errorf("operator %q, state %q: %w", o.Name, st.Name, err))
		return false
	}
	return more && err == nil
}

// reading reads a state of one sub-task.
type reading struct {
	files *files
	state *State
	part  part
}

// block is a block of keyed state.
type block struct {
	file    string
	section *checkpoint.Section
	*checkpoint.Block
}

// blocks are those that count, in the order in which they apply.
func (r *reading) blocks() (all []block, increments bool) {
	first := -1
	for i, index := range r.part.indexes {
		for _, b := range index.Backends {
			if b.Name != r.state.backend || superseded(r.part.indexes[i+1:], b.Name) {
				continue
			}
			for _, x := range b.Blocks {
				if int(x.Section) >= len(b.Sections) || b.Sections[x.Section].Name != r.state.Name {
					continue
				}
				all = append(all, block{r.part.files[i], b.Sections[x.Section], x})
				if first < 0 {
					first = i
				}
				increments = increments || i != first || x.Removed
			}
		}
	}
	return all, increments
}

// decode reads the entries of a block.
func (r *reading) decode(b block) (all []Entry, err error) {
	data, err := r.files.read(b.file, b.Offset, b.Length)
	if err != nil {
		return nil, err
	}
	keys, rows, err := state.SplitBlock(data)
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w", b.file, err)
	}
	k, err := column.DecodeValues(r.state.Key, keys)
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w", b.file, err)
	}
	v, err := column.DecodeValues(r.state.Row, rows)
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w", b.file, err)
	}
	if len(k) != len(v) {
		return nil, fmt.Errorf("state file %s: %d keys and %d rows: %w", b.file, len(k), len(v), checkpoint.ErrCorrupt)
	}
	for i := range k {
		e := entryOf(r.state.Kind, v[i])
		e.Key, e.HasKey = k[i], true
		all = append(all, e)
	}
	return all, nil
}

func (r *reading) keyed(yield func(Entry) bool) error {
	blocks, increments := r.blocks()
	if increments {
		return r.merged(blocks, yield)
	}
	for _, b := range blocks {
		entries, err := r.decode(b)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !yield(e) {
				return nil
			}
		}
	}
	return nil
}

// merged reads blocks of which later ones replace, add to or take back rows of earlier ones.
func (r *reading) merged(blocks []block, yield func(Entry) bool) error {
	rows := map[string]*Entry{}
	var order []*Entry
	for _, b := range blocks {
		entries, err := r.decode(b)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name, err := r.name(&e)
			if err != nil {
				return err
			}
			old := rows[name]
			more, _ := e.row.Field("More")
			switch {
			case b.Removed:
				if old != nil {
					*old = Entry{}
					delete(rows, name)
				}
			case old == nil:
				rows[name] = &e
				order = append(order, &e)
			case r.state.Kind == "list" && more.IsTrue():
				old.Values = append(old.Values, e.Values...)
			default:
				*old = e
			}
		}
	}
	for _, e := range order {
		if e.HasKey && !yield(*e) {
			return nil
		}
	}
	return nil
}

// name is what tells the rows of a state apart.
func (r *reading) name(e *Entry) (string, error) {
	name, err := e.Key.AppendRow(nil)
	switch {
	case err != nil:
		return "", err
	case e.HasUserKey:
		name, err = e.UserKey.AppendRow(name)
	case !oneRowAKey[r.state.Kind]:
		name, err = e.row.AppendRow(name)
	}
	return string(name), err
}

// oneRowAKey are the kinds of which a key has one row; of others, rows are told apart by all that they hold.
var oneRowAKey = map[string]bool{"value": true, "list": true, "reducing": true, "aggregating": true}

// elements reads state without keys.
func (r *reading) elements(yield func(Entry) bool) error {
	if len(r.part.indexes) == 0 {
		return nil
	}
	last := len(r.part.indexes) - 1
	for _, l := range r.part.indexes[last].Lists {
		if l.Name != r.state.Name {
			continue
		}
		for _, b := range l.Elements {
			data, err := r.files.read(r.part.files[last], b.Offset, b.Length)
			if err != nil {
				return err
			}
			for len(data) > 0 {
				n, k := binary.Uvarint(data)
				if k <= 0 || n > uint64(len(data)-k) {
					return fmt.Errorf("state file %s: %w", r.part.files[last], checkpoint.ErrCorrupt)
				}
				if more, err := r.element(data[k:k+int(n)], yield); err != nil || !more {
					return err
				}
				data = data[k+int(n):]
			}
		}
	}
	return nil
}

// element yields what an element holds.
func (r *reading) element(data []byte, yield func(Entry) bool) (more bool, err error) {
	if r.state.Row == nil {
		return yield(Entry{Raw: data}), nil
	}
	rows, err := column.DecodeValues(r.state.Row, data)
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		if !yield(entryOf(r.state.Kind, row)) {
			return false, nil
		}
	}
	return true, nil
}
