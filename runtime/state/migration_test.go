package state_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/storage/column"
)

// order and orderNow are two versions of a type: a field is widened, one is new, one is dropped, one has another name in Go.
type (
	order struct {
		Amount int32
		Note   string
		Buyer  string
	}
	orderNow struct {
		Customer string `leat:"Buyer"`
		Amount   int64
		Paid     bool
	}
)

// program is a program with one state of each kind.
type program[V any] struct {
	backend     *state.Keyed[string]
	value       *state.Value[V]
	list        *state.List[V]
	entries     *state.Map[string, V]
	reducing    *state.Reducing[V]
	aggregating *state.Aggregating[V, V, V]
}

type last[V any] struct{}

func (last[V]) CreateAccumulator() (v V) { return v }
func (last[V]) Add(v, _ V) V             { return v }
func (last[V]) GetResult(v V) V          { return v }

func newProgram[V any](t *testing.T) *program[V] {
	b, err := state.NewKeyed[string]()
	require.NoError(t, err)
	p := &program[V]{backend: b}
	s := b.States()
	named := func(name string) state.Descriptor { return state.Descriptor{Name: name} }
	p.value, err = state.NewValue[V](s, named("value"))
	require.NoError(t, err)
	p.list, err = state.NewList[V](s, named("list"))
	require.NoError(t, err)
	p.entries, err = state.NewMap[string, V](s, named("map"))
	require.NoError(t, err)
	p.reducing, err = state.NewReducing(s, named("reducing"), func(_, v V) V { return v })
	require.NoError(t, err)
	p.aggregating, err = state.NewAggregating(s, named("aggregating"), last[V]{})
	require.NoError(t, err)
	b.Follow()
	return p
}

// at makes a key the current one.
func (p *program[V]) at(t *testing.T, key string) {
	slots := make([]uint32, 1)
	require.NoError(t, p.backend.Acquire([]string{key}, hashes(t, key), slots))
	p.backend.SetCurrent(slots[0])
}

func TestMigration(t *testing.T) {
	old := newProgram[order](t)
	for _, key := range []string{"a", "b"} {
		old.at(t, key)
		v := order{7, "gone", key}
		old.value.Update(v)
		old.list.AddAll([]order{v, {Amount: 8}})
		old.entries.Put("x", v)
		old.reducing.Add(v)
		old.aggregating.Add(v)
	}
	var blocks []*state.Block
	snapshot, err := old.backend.Snapshot(state.SnapshotOptions{Extent: state.Full, Range: state.AllKeys, Out: func(b *state.Block) { blocks = append(blocks, b) }})
	require.NoError(t, err)
	require.True(t, snapshot.Save(1000))

	now := newProgram[orderNow](t)
	sections := now.backend.Sections()
	was := old.backend.Sections()
	for _, b := range blocks {
		i := slices.IndexFunc(sections, func(s state.Section) bool { return s.Name == b.Section })
		m, err := state.Migrate(was[i], sections[i])
		require.NoError(t, err)
		require.Len(t, m.Changes, 3, b.Section)
		data, err := m.Convert(b.Append(nil))
		require.NoError(t, err)
		apply, err := now.backend.Restore(b.Section, b.Removed, data)
		require.NoError(t, err)
		apply(state.AllKeys)
	}
	for _, key := range []string{"a", "b"} {
		now.at(t, key)
		want := orderNow{Customer: key, Amount: 7}
		v, _ := now.value.Value()
		require.Equal(t, want, v)
		require.Equal(t, []orderNow{want, {Amount: 8}}, now.list.Get())
		v, _ = now.entries.Get("x")
		require.Equal(t, want, v)
		v, _ = now.reducing.Get()
		require.Equal(t, want, v)
		v, _ = now.aggregating.Get()
		require.Equal(t, want, v)
	}
}

func TestMigrationRefused(t *testing.T) {
	section := func(declare func(s *state.Slots) error) state.Section {
		b, err := state.NewKeyed[string]()
		require.NoError(t, err)
		require.NoError(t, declare(b.States()))
		return b.Sections()[0]
	}
	name := state.Descriptor{Name: "s"}
	value := section(func(s *state.Slots) error { _, err := state.NewValue[int64](s, name); return err })
	list := section(func(s *state.Slots) error { _, err := state.NewList[int64](s, name); return err })
	short := section(func(s *state.Slots) error { _, err := state.NewValue[int32](s, name); return err })
	byText := section(func(s *state.Slots) error { _, err := state.NewMap[string, int64](s, name); return err })
	byNumber := section(func(s *state.Slots) error { _, err := state.NewMap[int32, int64](s, name); return err })
	byLong := section(func(s *state.Slots) error { _, err := state.NewMap[int64, int64](s, name); return err })
	b, err := state.NewKeyed[int64]()
	require.NoError(t, err)
	_, err = state.NewValue[int64](b.States(), name)
	require.NoError(t, err)
	for _, c := range []struct {
		old, now state.Section
		want     string
	}{
		{value, value, ""},
		{short, value, ""},
		{value, short, "s.Value is int32 and was int64: old values may not fit"},
		{value, list, "the kind of a state cannot change"},
		{byText, byNumber, "s.Key is int32 and was string"},
		{byNumber, byLong, "the type of a map's keys cannot change"},
		{value, b.Sections()[0], "the type of the keys cannot change"},
	} {
		m, err := state.Migrate(c.old, c.now)
		require.NoError(t, err)
		if c.want == "" {
			require.NoError(t, m.Err())
			continue
		}
		require.ErrorContains(t, m.Err(), `state "s": `)
		require.ErrorContains(t, m.Err(), c.want)
		_, err = m.Convert(nil)
		require.Error(t, err)
	}
	m, err := state.Migrate(short, value)
	require.NoError(t, err)
	_, err = m.Convert([]byte{1, 0, 0})
	require.ErrorContains(t, err, "cut off")
}

func hashes(t *testing.T, keys ...string) []uint64 {
	hash, err := column.Hasher[string]()
	require.NoError(t, err)
	out := make([]uint64, len(keys))
	hash(keys, out)
	return out
}
