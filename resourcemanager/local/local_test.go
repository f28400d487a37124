package local_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/leatproject/leat/resourcemanager"
	"github.com/leatproject/leat/resourcemanager/faulty"
	"github.com/leatproject/leat/resourcemanager/local"
	"github.com/leatproject/leat/resourcemanager/providertest"
	"github.com/stretchr/testify/require"
)

// crowd starts workers that do nothing until they are killed.
type crowd struct {
	mu    sync.Mutex
	kills map[string]chan struct{}
}

func (c *crowd) of(name string) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kills == nil {
		c.kills = map[string]chan struct{}{}
	}
	if c.kills[name] == nil {
		c.kills[name] = make(chan struct{})
	}
	return c.kills[name]
}

func (c *crowd) start(ctx context.Context, w resourcemanager.Worker) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.of(w.Name):
		return errors.New("killed")
	}
}

func TestProvider(t *testing.T) {
	providertest.Run(t, func(*testing.T) providertest.Rig {
		c := &crowd{}
		return providertest.Rig{Provider: local.New(8, c.start), Kill: func(name string) { close(c.of(name)) }}
	})
}

func TestFaultlessFaultyProvider(t *testing.T) {
	providertest.Run(t, func(*testing.T) providertest.Rig {
		c := &crowd{}
		p := faulty.New(local.New(8, c.start), nil)
		return providertest.Rig{Provider: p, Kill: p.Kill}
	})
}

func TestLimit(t *testing.T) {
	p := local.New(1, (&crowd{}).start)
	defer p.Close()
	require.NoError(t, p.Request(t.Context(), resourcemanager.Worker{Name: "a"}))
	require.ErrorIs(t, p.Request(t.Context(), resourcemanager.Worker{Name: "b"}), resourcemanager.ErrBusy)
	require.NoError(t, p.Release(t.Context(), "a"))
	require.NoError(t, p.Request(t.Context(), resourcemanager.Worker{Name: "b"}))
}

func TestInjectedFaults(t *testing.T) {
	broken := errors.New("no route")
	failing := map[faulty.Operation]bool{faulty.Request: true, faulty.Found: true}
	p := faulty.New(local.New(8, (&crowd{}).start), func(op faulty.Operation, _ string) error {
		if failing[op] {
			return broken
		}
		return nil
	})
	defer p.Close()
	require.ErrorIs(t, p.Request(t.Context(), resourcemanager.Worker{Name: "a"}), broken)
	_, err := p.Found(t.Context())
	require.ErrorIs(t, err, broken)
	require.NoError(t, p.Release(t.Context(), "a"))
}
