package logtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leatproject/leat/scheduler/log"
	"github.com/stretchr/testify/require"
)

// Form is a form of log under test.
type Form struct {
	// Open opens the log; again after Close, it is the same log.
	Open func(t *testing.T, m log.Machine) log.Log
	// Durable is set when what was applied is applied again after the next Open.
	Durable bool
}

// Run tests the promises of log.Log. open returns a fresh form.
func Run(t *testing.T, fresh func(t *testing.T) Form) {
	for name, test := range map[string]func(*testing.T, Form){
		"order": order, "concurrent": concurrent, "refused": refused, "closed": closed, "broken": broken,
		"restore": restore, "reopen": reopen, "many": many, "leadership": leadership,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

// Lead waits until l leads.
func Lead(t *testing.T, l log.Log) log.Leadership {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		changed := l.Changed()
		if now := l.Leadership(); now.Leading {
			return now
		}
		select {
		case <-changed:
		case <-limit:
			require.FailNow(t, "nobody leads")
		}
	}
}

func (f Form) lead(t *testing.T, m log.Machine) log.Log {
	t.Helper()
	l := f.Open(t, m)
	t.Cleanup(func() { _ = l.Close() })
	Lead(t, l)
	return l
}

func order(t *testing.T, f Form) {
	m := new(Machine)
	l := f.lead(t, m)
	last := uint64(0)
	for i := range 20 {
		index, err := l.Propose(context.Background(), fmt.Append(nil, i))
		require.NoError(t, err)
		require.Greater(t, index, last)
		require.Equal(t, index, m.Indexes()[i], "applied when Propose returns")
		last = index
	}
	require.Equal(t, "19", m.Entries()[19])
	require.NoError(t, l.Verify(context.Background()))
}

func concurrent(t *testing.T, f Form) {
	m := new(Machine)
	l := f.lead(t, m)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 10 {
				_, err := l.Propose(context.Background(), fmt.Append(nil, i, "/", k))
				require.NoError(t, err)
			}
		})
	}
	wg.Wait()
	all := m.Entries()
	slices.Sort(all)
	require.Len(t, slices.Compact(all), 80)
	require.True(t, slices.IsSorted(m.Indexes()))
}

func refused(t *testing.T, f Form) {
	m := new(Machine)
	l := f.lead(t, m)
	_, err := l.Propose(context.Background(), make([]byte, log.MaxEntry+1))
	require.ErrorIs(t, err, log.ErrTooLarge)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = l.Propose(ctx, []byte("x"))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, m.Entries())
	_, err = l.Propose(context.Background(), []byte(strings.Repeat("x", log.MaxEntry)))
	require.NoError(t, err)
	require.Len(t, m.Entries(), 1)
}

func closed(t *testing.T, f Form) {
	m := new(Machine)
	l := f.lead(t, m)
	changed := l.Changed()
	require.NoError(t, l.Close())
	<-changed
	require.False(t, l.Leadership().Leading)
	_, err := l.Propose(context.Background(), []byte("x"))
	require.ErrorIs(t, err, log.ErrClosed)
	require.Error(t, l.Verify(context.Background()))
	require.NoError(t, l.Close(), "again")
	require.Empty(t, m.Entries())
}

// An entry that cannot be applied closes the log: going on would make the members differ.
func broken(t *testing.T, f Form) {
	m := new(Machine)
	l := f.lead(t, m)
	_, err := l.Propose(context.Background(), []byte("bad"))
	require.ErrorIs(t, err, log.ErrClosed)
	for changed := l.Changed(); l.Leadership().Leading; changed = l.Changed() {
		<-changed
	}
	_, err = l.Propose(context.Background(), []byte("x"))
	require.Error(t, err)
	require.Empty(t, m.Entries())
}

func restore(t *testing.T, f Form) {
	other := new(Machine)
	_, err := other.Apply(7, []byte("from elsewhere"))
	require.NoError(t, err)
	m := new(Machine)
	l := f.lead(t, m)
	before, err := l.Propose(context.Background(), []byte("gone"))
	require.NoError(t, err)
	require.NoError(t, l.Restore(context.Background(), other.Snapshot()))
	require.Equal(t, []string{"from elsewhere"}, m.Entries())
	index, err := l.Propose(context.Background(), []byte("next"))
	require.NoError(t, err)
	require.Greater(t, index, before)
	if !f.Durable {
		return
	}
	require.NoError(t, l.Close())
	again := new(Machine)
	f.lead(t, again)
	require.Equal(t, []string{"from elsewhere", "next"}, again.Entries())
}

func reopen(t *testing.T, f Form) {
	if !f.Durable {
		t.Skip("this form keeps nothing")
	}
	var want []string
	for round := range 4 {
		m := new(Machine)
		l := f.lead(t, m)
		require.Equal(t, want, m.Entries(), "round %d", round)
		for i := range 5 {
			entry := fmt.Sprint(round, "/", i)
			_, err := l.Propose(context.Background(), []byte(entry))
			require.NoError(t, err)
			want = append(want, entry)
		}
		require.NoError(t, l.Close())
	}
}

// Many entries pass through snapshots.
func many(t *testing.T, f Form) {
	m := new(Machine)
	l := f.lead(t, m)
	const n = 300
	for i := range n {
		_, err := l.Propose(context.Background(), fmt.Appendf(nil, "%d %s", i, strings.Repeat("x", 200)))
		require.NoError(t, err)
	}
	require.Len(t, m.Entries(), n)
	if !f.Durable {
		return
	}
	require.NoError(t, l.Close())
	again := new(Machine)
	f.lead(t, again)
	require.Equal(t, m.Entries(), again.Entries())
	require.Equal(t, m.Indexes(), again.Indexes())
}

func leadership(t *testing.T, f Form) {
	l := f.lead(t, new(Machine))
	first := l.Leadership()
	require.NotZero(t, first.Term)
	require.NotEmpty(t, first.Leader)
	require.NoError(t, l.Close())
	if f.Durable {
		again := f.lead(t, new(Machine))
		require.Greater(t, again.Leadership().Term, first.Term)
	}
}
