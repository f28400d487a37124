package state

import (
	"encoding/binary"
	"fmt"

	"github.com/leatproject/leat/storage/column"
)

// Migration is what becomes of a state in the hands of a program that declares it with another type. See column.Evolution for
// what may change; keys, those of a map state included, and the kind of a state may not.
type Migration struct {
	// Changes are the differences; none if the state fits as it is.
	Changes []column.Change

	state string
	rows  *column.Evolution
}

// Migrate compares a state as it was saved with what the program declares. State without keys has no Key.
func Migrate(old, now Section) (*Migration, error) {
	m := &Migration{state: now.Name}
	if old.Kind != now.Kind {
		m.refuse("", old.Kind, now.Kind, "the kind of a state cannot change")
		return m, nil
	}
	if old.Key != nil && old.Key.String() != now.Key.String() {
		m.refuse("[key]", old.Key.String(), now.Key.String(), "the type of the keys cannot change: state lies where the hash of its key says")
	}
	var err error
	if m.rows, err = column.Evolve(old.Row, now.Row, now.Name); err != nil {
		return nil, fmt.Errorf("state %q: %w", now.Name, err)
	}
	m.Changes = append(m.Changes, m.rows.Changes...)
	if from, to := userKey(old), userKey(now); from != nil && to != nil && from.String() != to.String() {
		m.refuse("."+from.Name, from.String(), to.String(), "the type of a map's keys cannot change")
	}
	return m, nil
}

func (m *Migration) refuse(path, from, to, why string) {
	m.Changes = append(m.Changes, column.Change{Path: m.state + path, Outcome: column.Refused, From: from, To: to, Why: why})
}

// userKey is the key of the rows of a map state.
func userKey(s Section) *column.Schema {
	if s.Kind != kindMap {
		return nil
	}
	for _, f := range s.Row.Fields {
		if f.Name == "Key" {
			return f
		}
	}
	return nil
}

// Err is an error that names the state and all that is refused, nil if it can be taken over.
func (m *Migration) Err() error {
	if err := column.Refusal(m.Changes); err != nil {
		return fmt.Errorf("state %q: %w", m.state, err)
	}
	return nil
}

// Convert makes a block of the old state one of the new. Any goroutine may call it.
func (m *Migration) Convert(block []byte) ([]byte, error) {
	if err := m.Err(); err != nil || len(m.Changes) == 0 {
		return block, err
	}
	keys, rows, err := SplitBlock(block)
	if err != nil {
		return nil, fmt.Errorf("state %q: %w", m.state, err)
	}
	to := binary.LittleEndian.AppendUint32(nil, uint32(len(keys)))
	to = append(append(to, keys...), 0, 0, 0, 0)
	n := len(to)
	if to, err = m.ConvertRows(to, rows); err != nil {
		return nil, err
	}
	binary.LittleEndian.PutUint32(to[n-4:], uint32(len(to)-n))
	return to, nil
}

// ConvertRows appends to dst a block of package column with the rows of such a block of the old state.
func (m *Migration) ConvertRows(dst, rows []byte) ([]byte, error) {
	dst, err := m.rows.Convert(dst, rows)
	if err != nil {
		return nil, fmt.Errorf("state %q: %w", m.state, err)
	}
	return dst, nil
}

// SplitBlock returns the two blocks of package column that a block of state consists of: the keys and their rows.
func SplitBlock(block []byte) (keys, rows []byte, err error) {
	if keys, block, err = cut(block); err != nil {
		return nil, nil, err
	}
	if rows, block, err = cut(block); err != nil {
		return nil, nil, err
	}
	if len(block) > 0 {
		return nil, nil, fmt.Errorf("%d bytes too many in a block of state: %w", len(block), column.ErrCorrupt)
	}
	return keys, rows, nil
}

// cut cuts bytes with their length in front off.
func cut(src []byte) (head, rest []byte, err error) {
	if len(src) < 4 || int(binary.LittleEndian.Uint32(src)) > len(src)-4 {
		return nil, nil, fmt.Errorf("a block of state of %d bytes is cut off: %w", len(src), column.ErrCorrupt)
	}
	n := 4 + int(binary.LittleEndian.Uint32(src))
	return src[4:n], src[n:], nil
}
