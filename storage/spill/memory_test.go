package spill_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/spill"
)

// holder is a consumer that holds so many bytes.
type holder struct {
	mem    *spill.Memory
	name   string
	bytes  int64
	err    error
	log    *[]string
	inside func()
}

func (h *holder) Spillable() int64 { return h.bytes }

func (h *holder) Spill() (int64, error) {
	*h.log = append(*h.log, h.name)
	if h.inside != nil {
		h.inside()
	}
	n := h.bytes
	h.bytes = 0
	h.mem.Release(n)
	return n, h.err
}

func TestMemorySpillsTheBiggestFirst(t *testing.T) {
	mem := spill.NewMemory(100)
	var log []string
	hold := func(name string, n int64) *holder {
		h := &holder{mem: mem, name: name, bytes: n, log: &log}
		require.True(t, mem.Reserve(n))
		mem.Register(h)
		return h
	}
	hold("small", 10)
	big := hold("big", 50)
	hold("middle", 40)
	require.False(t, mem.Reserve(1))
	require.Empty(t, log, "Reserve spills nothing")
	big.inside = func() { require.Error(t, mem.Acquire(1), "nothing is spilled from within Spill") }

	require.NoError(t, mem.Acquire(30))
	require.Equal(t, []string{"big"}, log)
	require.NoError(t, mem.Acquire(60))
	require.Equal(t, []string{"big", "middle"}, log)

	err := mem.Acquire(60)
	var e *spill.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, spill.Budget, e.Kind)
	require.ErrorContains(t, err, "60 bytes asked for, 90 of 100 in use and nothing left to spill: give the task more memory")
	require.Equal(t, []string{"big", "middle", "small"}, log)

	mem.Overdraw(20)
	require.EqualValues(t, 110, mem.Used())
	require.EqualValues(t, -10, mem.Free())
	require.EqualValues(t, 110, mem.Peak())
	require.EqualValues(t, 3, mem.Spills())
	mem.Unregister(big)
}

func TestMemoryPassesErrorsOfSpillOn(t *testing.T) {
	mem := spill.NewMemory(10)
	var log []string
	h := &holder{mem: mem, name: "h", bytes: 10, log: &log, err: errors.New("disk on fire")}
	require.True(t, mem.Reserve(10))
	mem.Register(h)
	require.ErrorContains(t, mem.Acquire(1), "disk on fire")
}
