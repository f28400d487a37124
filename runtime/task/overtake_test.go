package task

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// stuck is a pipeline whose output nobody reads, with as many rows under way as it holds.
func stuck(t requirer, dir string, o rigOptions) *rig {
	o.rows, o.batch, o.memory = 1<<30, 500, 1<<20
	r := newRig(t, dir, o)
	r.open(t.(*testing.T).Context())
	r.settle()
	for _, s := range r.emitters {
		require.Positive(t, s.emitted)
	}
	return r
}

func (r *rig) trigger(id uint64, savepoint bool) {
	for _, s := range r.tasks[0] {
		s.Trigger(id, savepoint)
	}
}

// An aligned checkpoint waits for all rows to pass, an unaligned one for none.
func TestBarriersUnderBackPressure(t *testing.T) {
	const timeout = time.Minute
	for _, x := range []struct {
		name      string
		o         rigOptions
		savepoint bool
		prompt    bool
		late      bool
	}{
		{"aligned", rigOptions{}, false, false, false},
		{"unaligned", rigOptions{unaligned: true}, false, true, true},
		{"aligned with timeout", rigOptions{unaligned: true, timeout: timeout}, false, false, true},
		{"savepoint", rigOptions{unaligned: true}, true, false, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.o.parallelism = [3]int{2, 3, 2}
			r := stuck(t, t.TempDir(), x.o)
			defer r.close()
			r.trigger(1, x.savepoint)
			require.Equal(t, x.prompt, r.done(1))
			r.clock.Advance(timeout)
			require.Equal(t, x.late, r.done(1))
			for r.drain() {
				r.settle()
				if r.done(1) {
					break
				}
			}
			var persisted int64
			for _, a := range r.acks[1] {
				persisted += a.Persisted
			}
			require.Equal(t, x.late, persisted > 0, "%d bytes", persisted)
			require.Less(t, persisted, int64(32<<20))
		})
	}
}

// A barrier does not wait for the rest of a batch whose rows take long, and what is left of it is in the checkpoint.
func TestBarriersInTheMiddleOfBatches(t *testing.T) {
	const cost = 8 * time.Millisecond
	r := newRig(t, t.TempDir(), rigOptions{parallelism: [3]int{1, 1, 1}, unaligned: true, rows: 40_000, batch: 4_000, memory: 64 << 20, cost: cost})
	defer r.close()
	r.open(t.Context())
	for len(r.relays[1][0].seen) < 200 {
		for _, task := range r.all() {
			_, err := task.Turn()
			require.NoError(t, err)
		}
		r.drain()
	}
	began, seen := r.clock.Now(), len(r.relays[0][0].seen)
	r.trigger(1, false)
	for r.tasks[2][0].begun == 0 {
		for _, task := range r.all() {
			_, err := task.Turn()
			require.NoError(t, err)
		}
	}
	require.LessOrEqual(t, r.clock.Now().Sub(began), 6*portionTime)
	require.Less(t, len(r.relays[0][0].seen), seen+100)
	require.True(t, r.done(1))
	again := newRig(t, t.TempDir(), rigOptions{parallelism: [3]int{1, 2, 1}, memory: 64 << 20, restored: r.restored(1)})
	defer again.close()
	again.open(t.Context())
	again.settle()
	sequence(t, []int{r.emitters[0].at[1]}, r.relays[0][0].seen[:r.relays[0][0].at[1]], again.relays[0][0].seen, again.relays[0][1].seen)
}

func TestPortions(t *testing.T) {
	for _, x := range []struct {
		now, taken int
		spent      time.Duration
		next       int
	}{
		{64, 64, 0, 128},                           // too fast for the clock
		{64, 64, time.Millisecond, 128},            // fast
		{64, 64, 512 * time.Millisecond, 6},        // 8 ms a row
		{6, 6, 48 * time.Millisecond, 6},           //
		{6, 1, time.Second, 1},                     // never none
		{1, 1, 10 * time.Millisecond, 2},           // slowly back
		{8192, 8192, 10 * time.Millisecond, 8192},  // never more
		{8192, 4096, 100 * time.Millisecond, 2048}, // 24 us a row
		{8192, 10, 20 * time.Microsecond, 8192},    // few rows
	} {
		require.Equal(t, x.next, nextPortion(x.now, x.taken, x.spent), "%+v", x)
	}
}

// Whatever the parallelism, the sizes and the time of the checkpoint: a pipeline that is restored at another parallelism goes on with
// each row once, and those of a key in their order.
func TestRowsInFlightAreRestored(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := func(name string) [3]int {
			return [3]int{rapid.IntRange(1, 3).Draw(rt, name), rapid.IntRange(1, 5).Draw(rt, name), rapid.IntRange(1, 3).Draw(rt, name)}
		}
		o := rigOptions{parallelism: p("before"), unaligned: true, rows: 5_000, batch: rapid.IntRange(1, 1000).Draw(rt, "batch"),
			memory: rapid.SampledFrom([]int64{1, 1 << 20, 64 << 20}).Draw(rt, "memory"),
			cost:   rapid.SampledFrom([]time.Duration{0, time.Millisecond, 20 * time.Millisecond}).Draw(rt, "cost")}
		if rapid.Bool().Draw(rt, "timeout") {
			o.timeout = time.Second
		}
		dir := t.TempDir()
		r := newRig(rt, dir, o)
		r.open(t.Context())
		turns := func(name string) {
			for range rapid.IntRange(0, 100).Draw(rt, name) {
				all := r.all()
				_, err := all[rapid.IntRange(0, len(all)-1).Draw(rt, "task")].Turn()
				require.NoError(rt, err)
				if rapid.IntRange(0, 20).Draw(rt, "drain") == 0 {
					r.drain()
				}
			}
		}
		turns("before")
		r.trigger(1, false)
		turns("after")
		r.clock.Advance(time.Second)
		for !r.done(1) {
			require.True(rt, r.drain(), "stuck")
		}
		again := newRig(rt, dir, rigOptions{parallelism: p("restored"), memory: 64 << 20, restored: r.restored(1)})
		again.open(t.Context())
		for again.settle(); again.drain(); again.settle() {
		}
		var sent []int
		for _, s := range r.emitters {
			sent = append(sent, s.at[1])
		}
		for v := range 2 {
			var parts [][]row
			for _, x := range r.relays[v] {
				parts = append(parts, x.seen[:x.at[1]])
			}
			for i, x := range again.relays[v] {
				for _, row := range x.seen {
					if v == 0 {
						owner := ownerOf(row, len(again.relays[0]))
						require.Equal(rt, owner, i, "%+v", row)
					}
				}
				parts = append(parts, x.seen)
			}
			if v == 0 {
				sequence(rt, sent, parts...)
			} else {
				whole(rt, sent, parts...)
			}
		}
		r.close()
		again.close()
	})
}
