package providertest

import (
	"context"
	"testing"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// Rig is a Provider under test.
type Rig struct {
	Provider resourcemanager.Provider
	// Kill ends a worker behind the Provider's back; nil where workers are not the Provider's.
	Kill func(name string)
}

// Run runs the suite. Each test gets a rig of its own.
func Run(t *testing.T, open func(*testing.T) Rig) {
	test := func(name string, f func(*testing.T, Rig)) {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			rig := open(t)
			f(t, rig)
			require.NoError(t, rig.Provider.Close())
			require.NoError(t, rig.Provider.Close(), "closing twice")
			_, open := <-rig.Provider.Lost()
			require.False(t, open, "Lost ends with the provider")
		})
	}
	test("releasing what is not there", func(t *testing.T, r Rig) {
		require.NoError(t, r.Provider.Release(t.Context(), "nobody"))
	})
	test("a cancelled call does nothing", func(t *testing.T, r Rig) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, r.Provider.Request(ctx, resourcemanager.Worker{Name: a}), context.Canceled)
		require.Empty(t, names(t, r.Provider))
	})
	test("requests are found until released", func(t *testing.T, r Rig) {
		if !r.Provider.Elastic() {
			require.NoError(t, r.Provider.Request(t.Context(), resourcemanager.Worker{Name: a}))
			require.Empty(t, names(t, r.Provider))
			return
		}
		for _, name := range []string{b, a, b} {
			require.NoError(t, r.Provider.Request(t.Context(), resourcemanager.Worker{Name: name, Size: resourcemanager.Size{Slots: 2}}))
		}
		require.Equal(t, []string{a, b}, names(t, r.Provider))
		require.NoError(t, r.Provider.Release(t.Context(), a))
		require.Equal(t, []string{b}, names(t, r.Provider))
		require.NoError(t, r.Provider.Request(t.Context(), resourcemanager.Worker{Name: a}))
		require.Equal(t, []string{b}, names(t, r.Provider), "a name is used once")
	})
	test("a lost worker is told of once", func(t *testing.T, r Rig) {
		if r.Kill == nil {
			t.Skip("workers are not the provider's")
		}
		require.NoError(t, r.Provider.Request(t.Context(), resourcemanager.Worker{Name: a}))
		go r.Kill(a)
		loss := <-r.Provider.Lost()
		require.Equal(t, a, loss.Name)
		require.NotEmpty(t, loss.Cause)
		require.Empty(t, names(t, r.Provider))
		require.NoError(t, r.Provider.Request(t.Context(), resourcemanager.Worker{Name: a}))
		require.Empty(t, names(t, r.Provider), "it never comes back")
	})
}

// Workers of one leader.
var a, b = resourcemanager.Name(1, 1, 1), resourcemanager.Name(1, 1, 2)

func names(t *testing.T, p resourcemanager.Provider) []string {
	t.Helper()
	found, err := p.Found(t.Context())
	require.NoError(t, err)
	var all []string
	for _, w := range found {
		all = append(all, w.Name)
	}
	return all
}
