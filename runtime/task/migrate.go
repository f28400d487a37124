package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/column"
)

// migrations compare the states of a backend as they were saved with what the program declares now: one for each saved
// section, nil for what is left out. The error names everything that cannot be taken over.
func (r *restoring) migrations(b *checkpoint.Backend, declared []state.Section) (all []*state.Migration, err error) {
	var refused []error
	for _, s := range b.Sections {
		old, err := DecodeSection(s)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(declared, func(d state.Section) bool { return d.Name == old.Name })
		if i < 0 {
			if !r.IgnoreUnclaimed {
				refused = append(refused, fmt.Errorf("state %q: the program does not declare it any more; to leave it out use --allowNonRestoredState", old.Name))
			}
			all = append(all, nil)
			continue
		}
		m, err := state.Migrate(old, declared[i])
		if err != nil {
			return nil, err
		}
		all = append(all, m)
		if err := m.Err(); err != nil {
			refused = append(refused, err)
		}
	}
	return all, errors.Join(refused...)
}

// DecodeSection is the description of a saved state.
func DecodeSection(s *checkpoint.Section) (d state.Section, err error) {
	d = state.Section{Name: s.Name, Kind: s.Kind}
	if d.Key, err = DecodeSchema(s.Key); err == nil {
		d.Row, err = DecodeSchema(s.Row)
	}
	if err == nil && (d.Key == nil || d.Row == nil) {
		err = fmt.Errorf("its types are not there: %w", checkpoint.ErrCorrupt)
	}
	if err != nil {
		return d, fmt.Errorf("state %q: %w", s.Name, err)
	}
	return d, nil
}

// DecodeSchema is the type of rows that was saved with them; nil for none.
func DecodeSchema(data []byte) (*column.Schema, error) {
	if len(data) == 0 {
		return nil, nil
	}
	s := new(column.Schema)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("the type of a state: %w: %w", checkpoint.ErrCorrupt, err)
	}
	return s, nil
}
