package operator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/statetest"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
)

// hasty is a clock that goes on by step whenever it is looked at.
type hasty struct {
	*clock.Virtual
	step time.Duration
}

func (h hasty) Now() time.Time {
	h.Advance(h.step)
	return h.Virtual.Now()
}

// hurry gives the operator of a rig a clock by which every look at the time is most of a slice.
func (r *rig) hurry() *rig {
	r.ctx.Clock = hasty{r.clock, sliceTime * 2 / 3}
	return r
}

// TestTimersResume fires many timers: the operator asks for more after each slice, in both modes, and each fires once.
func TestTimersResume(t *testing.T) {
	const timers = 150 * fireStep
	for _, mode := range []Mode{Streaming, Batch} {
		fired := 0
		p := &KeyedProcess[row, string, string]{Keys: rowKeys(), Function: &counting{n: timers, fired: &fired}}
		var op Operator = p
		if mode == Batch {
			op = NewSortedInput(p, SortBy(rowKeys()))
		}
		r := newRig(t, mode, 1, op, 1<<20).hurry()
		require.NoError(t, op.Open(r.ctx))
		require.NoError(t, r.call(op.Process(0, r.batch([]string{"a:1@1", "b:1@2"}))))
		r.slices = 0
		require.NoError(t, r.end())
		require.Equal(t, 2*timers, fired)
		require.Greater(t, r.slices, timers/fireStep/4, mode)
		require.NoError(t, op.Close())
	}
}

// counting registers n timers for a record and counts those that fire.
type counting struct {
	n     int
	fired *int
	last  int64
}

func (c *counting) ProcessElement(ctx *KeyedContext[string], _ row, _ *Collector[string]) error {
	for i := range c.n {
		ctx.RegisterEventTimeTimer(int64(i*7919%c.n + 1))
	}
	return nil
}

func (c *counting) OnTimer(ctx *KeyedContext[string], timestamp int64, _ *Collector[string]) error {
	*c.fired++
	if ctx.Mode() == Streaming && timestamp < c.last {
		return fmt.Errorf("timer %d after %d", timestamp, c.last)
	}
	c.last = timestamp
	return nil
}

// TestJoinResume joins one record with many: the operator asks for more and goes on where it stopped.
func TestJoinResume(t *testing.T) {
	const partners = 2000
	op := &IntervalJoin[row, row, string, string]{Keys1: rowKeys(), Keys2: rowKeys(), Function: joined(), Lower: 0, Upper: partners}
	r := newRig(t, Streaming, 2, op, 1<<20).hurry()
	require.NoError(t, op.Open(r.ctx))
	var rows []string
	for i := range partners {
		rows = append(rows, fmt.Sprintf("a:%d@%d", 100+i, i))
	}
	require.NoError(t, r.call(op.Process(1, r.batch(rows))))
	r.slices = 0
	require.NoError(t, r.call(op.Process(0, r.batch([]string{"a:1@0", "a:2@5"}))))
	require.GreaterOrEqual(t, r.slices, partners/probeStep)
	require.Len(t, r.out, 2*partners-5)
	slices.Sort(r.out)
	require.Len(t, slices.Compact(r.out), 2*partners-5)
	require.NoError(t, op.Close())
}

// TestSortedInputSpills sorts far more than its memory, of two inputs, against sorting in one piece.
func TestSortedInputSpills(t *testing.T) {
	var got [2][]string
	for i, memory := range []int64{64 << 20, 64 << 10} {
		op := &KeyedCoProcess[row, row, string, string]{Keys1: rowKeys(), Keys2: rowKeys(), Function: echo{}}
		r := newRig(t, Batch, 2, NewSortedInput(op, SortBy(rowKeys()), SortBy(rowKeys())), memory)
		require.NoError(t, r.op.Open(r.ctx))
		for n := range 40 {
			var rows []string
			for k := range 500 {
				rows = append(rows, fmt.Sprintf("k%d:%d@%d", (n*k*31+k)%97, n*500+k, k*13%50))
			}
			require.NoError(t, r.call(r.op.Process(n%2, r.batch(rows))))
		}
		require.NoError(t, r.end())
		require.NoError(t, r.op.Close())
		require.Equal(t, int64(0), r.ctx.Memory.Used())
		if i == 1 {
			require.Positive(t, r.ctx.Memory.Spills())
		}
		got[i] = r.out
	}
	require.Len(t, got[0], 20_000)
	require.Equal(t, got[0], got[1])
	seen := map[string]bool{}
	for i, s := range got[0] {
		key, _, _ := strings.Cut(s, ":")
		if i > 0 && !strings.HasPrefix(got[0][i-1], key+":") {
			require.False(t, seen[key], "key %s comes twice", key)
		}
		seen[key] = true
	}
}

type echo struct{}

func (echo) ProcessElement1(_ *KeyedContext[string], v row, out *Collector[string]) error {
	out.Collect(v.String() + " first")
	return nil
}

func (echo) ProcessElement2(_ *KeyedContext[string], v row, out *Collector[string]) error {
	out.Collect(v.String() + " second")
	return nil
}

// TestKeysAreForgotten streams ever-new keys whose states are cleared: neither keys nor timers pile up.
func TestKeysAreForgotten(t *testing.T) {
	p := &KeyedProcess[row, string, string]{Keys: rowKeys(), Function: &visit{}}
	r := newRig(t, Streaming, 1, p, 1<<20)
	require.NoError(t, p.Open(r.ctx))
	for i := range 100 {
		var rows []string
		for k := range 100 {
			rows = append(rows, fmt.Sprintf("k%d:0@%d", i*100+k, i))
		}
		require.NoError(t, r.call(p.Process(0, r.batch(rows))))
		require.NoError(t, r.advance(int64(i)))
		require.LessOrEqual(t, p.k.backend.Len(), 200)
	}
	require.NoError(t, r.advance(1000))
	require.Zero(t, p.k.backend.Len())
	require.Zero(t, p.k.event.Len())
	require.Empty(t, p.k.event.heap)
	require.NoError(t, p.Close())
}

// visit keeps a value until a timer one millisecond later.
type visit struct{ v *state.Value[string] }

func (f *visit) Open(ctx *FunctionContext) error {
	f.v = ValueState[string](ctx, state.Descriptor{Name: "v"})
	return nil
}

func (f *visit) ProcessElement(ctx *KeyedContext[string], v row, _ *Collector[string]) error {
	f.v.Update(v.Key)
	at, _ := ctx.Timestamp()
	ctx.RegisterEventTimeTimer(at + 1)
	return nil
}

func (f *visit) OnTimer(*KeyedContext[string], int64, *Collector[string]) error {
	f.v.Clear()
	return nil
}

// TestBackendErrors fails the backend: the operator hands the error on and can be closed.
func TestBackendErrors(t *testing.T) {
	p := &KeyedProcess[row, string, string]{Keys: rowKeys(), Function: &visit{}}
	broken := fmt.Errorf("disk is gone")
	p.k.Backend = func() (state.Backend[string], error) {
		b, err := state.NewKeyed[string]()
		return statetest.NewFaulty[string](b, 2, broken), err
	}
	r := newRig(t, Streaming, 1, p, 1<<20)
	require.NoError(t, p.Open(r.ctx))
	require.NoError(t, r.call(p.Process(0, r.batch([]string{"a:1"}))))
	require.ErrorIs(t, r.call(p.Process(0, r.batch([]string{"a:1"}))), broken)
	require.NoError(t, p.Close())
}

// BenchmarkTimers registers and fires one event timer for each record.
func BenchmarkTimers(b *testing.B) {
	hash, err := column.Hasher[uint64]()
	require.NoError(b, err)
	op := &KeyedProcess[uint64, uint64, int64]{Function: timing{},
		Keys: Keys[uint64, uint64]{Key: func(v uint64) uint64 { return v }, Hash: hash}}
	ctx := &Context{Context: context.Background(), Clock: clock.Real, Metrics: new(Metrics), WakeAt: func(int64) {}}
	require.NoError(b, op.Open(ctx))
	run := func(more bool, err error) {
		for more && err == nil {
			more, err = op.Resume()
		}
		require.NoError(b, err)
	}
	batches := benchBatches()
	b.ResetTimer()
	b.ReportAllocs()
	for i, n := 0, 0; n < b.N; i, n = i+1, n+column.MaxRows {
		run(op.Process(0, column.BatchOf(batches[i%len(batches)])))
		if i%100 == 99 {
			run(op.Advance(int64(i) << 20))
		}
	}
	run(op.Advance(shuffle.MaxWatermark))
}

type timing struct{}

func (timing) ProcessElement(ctx *KeyedContext[uint64], v uint64, _ *Collector[int64]) error {
	ctx.RegisterEventTimeTimer(ctx.Watermark() + int64(v) + 1<<40)
	return nil
}

func (timing) OnTimer(*KeyedContext[uint64], int64, *Collector[int64]) error { return nil }
