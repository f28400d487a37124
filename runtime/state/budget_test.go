package state

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBudget: two operators of two slots each share what is there; who needs more than an even part gets what others leave, until
// they need it.
func TestBudget(t *testing.T) {
	b := NewBudget(100)
	first := b.join(0)
	require.EqualValues(t, 100, first.allowed(90))
	second := b.join(0)
	require.EqualValues(t, 50, second.allowed(0), "an even part, although the first has more")
	require.EqualValues(t, 100, first.allowed(90), "what the second leaves")
	require.EqualValues(t, 50, second.allowed(50))
	require.EqualValues(t, 50, first.allowed(90))
	third, fourth := b.join(1), b.join(1)
	require.EqualValues(t, 150, first.allowed(90), "200 for two slots, of which the second has 50")
	for _, s := range []*share{second, third, fourth} {
		s.leave()
	}
	require.EqualValues(t, 100, first.allowed(60))
	first.leave()
	require.Zero(t, b.used)
	require.Empty(t, b.members)
}
