package pebble_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/pebble"
	"github.com/leatproject/leat/runtime/state/statetest"
)

// TestStore compares a store with maps of Go: writes of any size, look-ups, and views that are read while it goes on.
func TestStore(t *testing.T) {
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		store, err := pebble.OpenTiny(state.StoreOptions{Dir: filepath.Join(dir, fmt.Sprint(n))}, pebble.OS)
		require.NoError(t, err)
		s := &stores{store: store, model: statetest.NewMemoryStore()}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				s.openView(t)
			case 1:
				s.compareView(t)
			case 2, 3:
				s.get(t)
			default:
				s.write(t, rapid.SampledFrom([]int{1, 5, 20, 60}).Draw(t, "records"))
			}
		}
		s.openView(t)
		s.compareView(t)
		require.NoError(t, s.close())
	})
}

// stores are a store and its model, and a view of both.
type stores struct {
	store, model state.Store
	views        [2]state.View
}

// drawKey draws one of a few keys, some of which share their hash.
func drawKey(t *rapid.T) []byte {
	n := rapid.IntRange(0, 200).Draw(t, "key")
	return fmt.Append(binary.BigEndian.AppendUint64(nil, uint64(n/3)<<50), n%3)
}

func (s *stores) write(t *rapid.T, n int) {
	var records []state.Record
	for range n {
		r := state.Record{Key: drawKey(t)}
		if size := rapid.SampledFrom([]int{-1, 0, 1, 8, 8, 8, 30, 300}).Draw(t, "size"); size >= 0 {
			r.Value = append([]byte{}, fmt.Sprintf("%0*d", size, rapid.IntRange(0, 1<<20).Draw(t, "value"))...)
		}
		records = append(records, r)
	}
	require.NoError(t, s.store.Write(records))
	require.NoError(t, s.model.Write(records))
}

func (s *stores) get(t *rapid.T) {
	var keys [][]byte
	for n := range 201 {
		if rapid.IntRange(0, 3).Draw(t, "asked") == 0 {
			keys = append(keys, fmt.Append(binary.BigEndian.AppendUint64(nil, uint64(n/3)<<50), n%3))
		}
	}
	var all [2]map[int]string
	for i, store := range []state.Store{s.store, s.model} {
		all[i] = map[int]string{}
		require.NoError(t, store.Get(keys, func(at int, record []byte) error {
			require.NotContains(t, all[i], at)
			all[i][at] = string(record)
			return nil
		}))
	}
	require.Equal(t, all[1], all[0])
}

func (s *stores) closeViews() error {
	for i, v := range s.views {
		if v != nil {
			if err := v.Close(); err != nil {
				return err
			}
		}
		s.views[i] = nil
	}
	return nil
}

func (s *stores) openView(t *rapid.T) {
	require.NoError(t, s.closeViews())
	for i, store := range []state.Store{s.store, s.model} {
		var err error
		s.views[i], err = store.View()
		require.NoError(t, err)
	}
}

// compareView reads from some key on, and goes on at others now and then.
func (s *stores) compareView(t *rapid.T) {
	if s.views[0] == nil {
		return
	}
	from := drawKey(t)
	skips := map[string][]byte{}
	for range rapid.IntRange(0, 5).Draw(t, "skips") {
		skips[string(drawKey(t))] = drawKey(t)
	}
	var all [2][]string
	for i, view := range s.views {
		require.NoError(t, view.Scan(from, func(key, record []byte) (next []byte, done bool, err error) {
			all[i] = append(all[i], string(key)+"="+string(record))
			if next = skips[string(key)]; string(next) <= string(key) {
				next = nil
			}
			return next, len(all[i]) == 500, nil
		}))
	}
	require.Equal(t, all[1], all[0])
}

func (s *stores) close() error {
	if err := s.closeViews(); err != nil {
		return err
	}
	return s.store.Close()
}

// A record may be empty: it is there all the same.
func TestEmptyRecords(t *testing.T) {
	s, err := pebble.Open(state.StoreOptions{Dir: t.TempDir() + "/s"}, pebble.OS)
	require.NoError(t, err)
	key := []byte("12345678key")
	require.NoError(t, s.Write([]state.Record{{Key: key, Value: []byte{}}}))
	v, err := s.View()
	require.NoError(t, err)
	var seen []string
	require.NoError(t, v.Scan(nil, func(key, record []byte) ([]byte, bool, error) {
		seen = append(seen, string(key)+"="+string(record))
		return nil, false, nil
	}))
	require.Equal(t, []string{"12345678key="}, seen)
	require.NoError(t, v.Close())
	require.NoError(t, s.Close())
}
