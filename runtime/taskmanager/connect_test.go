package taskmanager

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSearch(t *testing.T) {
	masters := []string{"a", "b", "c"}
	var s search
	require.Empty(t, s.next(nil, ""))
	require.Equal(t, "a", s.next(masters, ""))
	require.Equal(t, "b", s.next(masters, ""))
	require.Equal(t, "a", s.next(masters, "a"), "named by b")
	s.lost("a")
	require.Equal(t, "c", s.next(masters, ""))
	require.Equal(t, "b", s.next(masters, "a"), "c does not know yet that a is lost")
	require.Equal(t, "c", s.next(masters, "c"), "b knows the new leader")
	s.lost("c")
	require.Equal(t, "a", s.next(masters, ""), "after c, whose turn it was")
	require.Equal(t, "b", s.next(masters, "c"))
	require.Equal(t, "c", s.next(masters, "c"), "the others were asked")
	require.Equal(t, "c", s.next(masters, "c"), "named, and not lost any more")

	var alone search
	require.Equal(t, "a", alone.next(masters[:1], ""))
	alone.lost("a")
	require.Equal(t, "a", alone.next(masters[:1], ""))
}

// A leader that is silent for a lease is left, and asked after all others, who name it at first.
func TestSilentLeader(t *testing.T) {
	c := newCluster(t)
	first, second, third := c.lead(1, 1), c.lead(1, 2), c.lead(1, 3)
	first.lease = 5 * time.Second
	second.redirect = first.address
	c.manager("a", first.address, func(o *Options) { o.Masters = []string{first.address, second.address, third.address} })
	c.registered(1)
	c.update(func() { first.silent, c.asked = true, nil })
	var asked []*member
	c.await("the new leader", func() bool {
		asked = slices.Clone(c.asked)
		return slices.Contains(asked, third)
	})
	require.False(t, slices.Contains(asked, first), "it is asked after all others")
}
