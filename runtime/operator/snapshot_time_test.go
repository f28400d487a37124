package operator

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/storage/column"
)

// big is an operator with much state of a kind.
type big struct {
	name string
	op   func() Operator
	fill func(r *rig, n int)
}

var bigs = []big{
	{"timers", func() Operator {
		return &KeyedProcess[row, string, row]{Keys: rowKeys(), Function: KeyedProcessFunc[string, row, row](
			func(ctx *KeyedContext[string], v row, _ *Collector[row]) error {
				ctx.RegisterEventTimeTimer(v.N)
				return nil
			})}
	}, feedBig},
	{"panes", func() Operator {
		return &Window[row, string, int64, int64]{Keys: rowKeys(), Assigner: window.Session(time.Millisecond, true), Trigger: window.EventTimeTrigger{},
			Fold: sumFold(), Emit: sumEmit}
	}, feedBig},
	{"slices", func() Operator {
		return &AlignedWindow[row, string, int64, int64]{Keys: rowKeys(), Windows: window.Aligned{Size: 1 << 40, Slide: 1 << 40}, Fold: sumFold(), Emit: sumEmit}
	}, feedBig},
}

func sumFold() Fold[row, int64] {
	add := func(_ *FunctionContext, acc *int64, v *row) error { *acc += v.N; return nil }
	return Fold[row, int64]{Init: add, Add: add}
}

func sumEmit(_ *WindowContext, _ string, acc *int64, out *Collector[int64]) error {
	out.Collect(*acc)
	return nil
}

// feedBig gives an operator n records of n/10 keys, far apart in time.
func feedBig(r *rig, n int) {
	for from := 0; from < n; from += column.MaxRows {
		var rows []row
		var times []int64
		for i := from; i < min(n, from+column.MaxRows); i++ {
			rows = append(rows, row{fmt.Sprint("key ", i%(n/10)), int64(i)})
			times = append(times, int64(i))
		}
		b := column.BatchOf(rows)
		b.Times = times
		require.NoError(r.t, r.call(r.op.Process(0, b)))
	}
}

// TestSnapshotBeginsAtOnce: what the task does at a barrier is a small part of what it takes to save the state, which is done
// between batches: the first snapshot holds all, the next one what has changed.
func TestSnapshotBeginsAtOnce(t *testing.T) {
	for _, b := range bigs {
		t.Run(b.name, func(t *testing.T) {
			r := newRig(t, Streaming, 1, b.op(), 1<<30)
			r.ctx.States.On = true
			require.NoError(t, r.op.Open(r.ctx))
			b.fill(r, 200_000)
			rows := 0
			snapshot := func(extent state.Extent) (begin, save time.Duration) {
				var begun []*state.Snapshot
				start := time.Now()
				for _, k := range r.ctx.States.Keyed {
					s, err := k.Snapshot(state.SnapshotOptions{Extent: extent, Range: state.AllKeys, Out: func(b *state.Block) { rows += b.Rows }})
					require.NoError(t, err)
					begun = append(begun, s)
				}
				begin = time.Since(start)
				for _, s := range begun {
					for !s.Save(1024) {
					}
					s.Confirm()
				}
				return begin, time.Since(start) - begin
			}
			best := 0.0
			for i := 0; i < 100 && best <= 20; i++ { // the machine may be busy
				begin, save := snapshot(state.Full)
				best = max(best, float64(save)/float64(begin))
			}
			require.Greater(t, best, 20.0, "times longer")
			rows = 0
			b.fill(r, 10)
			snapshot(state.Increment)
			require.Less(t, rows, 50)
			require.NoError(t, r.op.Close())
		})
	}
}

// BenchmarkSnapshotBegin is the time at the barrier with much state, of which 1 % has changed: the median.
func BenchmarkSnapshotBegin(b *testing.B) {
	for _, x := range bigs {
		for _, n := range []int{100_000, 1_000_000} {
			b.Run(fmt.Sprint(x.name, "/", n), func(b *testing.B) {
				r := newRig(&testing.T{}, Streaming, 1, x.op(), 1<<30)
				r.ctx.States.On = true
				require.NoError(b, r.op.Open(r.ctx))
				x.fill(r, n)
				var took []time.Duration
				for range b.N {
					x.fill(r, n/100)
					start := time.Now()
					var begun []*state.Snapshot
					for _, k := range r.ctx.States.Keyed {
						s, err := k.Snapshot(state.SnapshotOptions{Range: state.AllKeys, Out: func(*state.Block) {}})
						require.NoError(b, err)
						begun = append(begun, s)
					}
					took = append(took, time.Since(start))
					for _, s := range begun {
						for !s.Save(1 << 20) {
						}
						s.Confirm()
					}
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "us/begin")
			})
		}
	}
}
