package operator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/runtime/state/statetest"
	"github.com/leatproject/leat/runtime/window"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// slicingClock is a clock that moves on whenever it is looked at, so that operators run in many short slices.
type slicingClock struct {
	now  time.Time
	step time.Duration
}

func (h *slicingClock) Now() time.Time { h.now = h.now.Add(h.step); return h.now }

func (h *slicingClock) AfterFunc(time.Duration, func()) func() { return func() {} }

type click struct {
	Key   string
	Value int64
	At    int64
}

// windowProbe drives a window operator of clicks.
type windowProbe struct {
	t   require.TestingT
	op  Operator
	ctx *Context
	got []string
}

var lateClicks = NewOutputTag[click]("late")

func newWindowProbe(t require.TestingT, op Operator, step time.Duration, backend string) *windowProbe {
	p := &windowProbe{t: t, op: op}
	p.ctx = &Context{Context: context.Background(), Mode: Streaming, Inputs: 1, Clock: &slicingClock{time.UnixMilli(0), step}, Metrics: new(Metrics),
		Logger: slog.Default(), SideOutputs: []string{"late"}, WakeAt: func(int64) {}, State: state.Options{Backend: backend, Dir: func() string { return "" }}}
	show := func(name string) *Output {
		return &Output{Signal: func(shuffle.Element) {}, Send: func(b *column.Batch) {
			for i, v := range column.Rows[click](b) {
				p.got = append(p.got, fmt.Sprintf("%s%s=%d@%d", name, v.Key, v.Value, b.Time(i)))
			}
			b.Release()
		}}
	}
	p.ctx.Outputs = []*Output{show(""), show("late ")}
	require.NoError(t, op.Open(p.ctx))
	return p
}

func (p *windowProbe) do(more bool, err error) {
	for more && err == nil {
		p.ctx.Flush()
		more, err = p.op.Resume()
	}
	p.ctx.Flush()
	require.NoError(p.t, err)
}

// take returns what came out since the last call, sorted within each time.
func (p *windowProbe) take() []string {
	got := p.got
	p.got = nil
	slices.Sort(got)
	return got
}

func (p *windowProbe) push(rows []click) {
	b := column.BatchOf(slices.Clone(rows))
	for _, r := range rows {
		b.Times = append(b.Times, r.At)
	}
	p.do(p.op.Process(0, b))
}

func sumClicks() Fold[click, click] {
	add := func(_ *FunctionContext, acc, v *click) error { acc.Value += v.Value; return nil }
	return Fold[click, click]{Init: func(_ *FunctionContext, acc, v *click) error { *acc = *v; return nil }, Add: add, Merge: add}
}

func emitClick(_ *WindowContext, key string, acc *click, out *Collector[click]) error {
	out.Collect(click{Key: key, Value: acc.Value})
	return nil
}

func alignedProbe(t require.TestingT, a window.Aligned, lateness int64) *windowProbe {
	return newWindowProbe(t, alignedSum(a, lateness), 400*time.Microsecond, "")
}

// spilledProbe is alignedProbe where keys are put away as soon as they can be.
func spilledProbe(t require.TestingT, a window.Aligned, lateness int64) *windowProbe {
	return newWindowProbe(t, alignedSum(a, lateness), 400*time.Microsecond, "memory")
}

func alignedSum(a window.Aligned, lateness int64) Operator {
	return &AlignedWindow[click, string, click, click]{Keys: *NewKeys(func(c click) string { return c.Key }),
		Windows: a, Lateness: lateness, Late: lateClicks, Fold: sumClicks(), Emit: emitClick}
}

func generalProbe(t require.TestingT, a window.Assigner, lateness int64) *windowProbe {
	return newWindowProbe(t, &Window[click, string, click, click]{Keys: *NewKeys(func(c click) string { return c.Key }),
		Assigner: a, Trigger: a.DefaultTrigger(), Lateness: lateness, Late: lateClicks, Fold: sumClicks(), Emit: emitClick}, 300*time.Microsecond, "")
}

// naive computes windows by their definition: all windows of all records, one by one.
type naive struct {
	assigner  window.Assigner
	lateness  int64
	watermark int64
	sums      map[string]map[window.Window]int64
}

func (n *naive) push(rows []click) (out []string) {
	for _, r := range rows {
		ws, _ := n.assigner.Assign(nil, &r, r.At, 0)
		taken := false
		for _, w := range ws {
			if w.MaxTimestamp()+n.lateness <= n.watermark {
				continue
			}
			taken = true
			if n.sums[r.Key] == nil {
				n.sums[r.Key] = map[window.Window]int64{}
			}
			n.sums[r.Key][w] += r.Value
			if w.MaxTimestamp() <= n.watermark {
				out = append(out, fmt.Sprintf("%s=%d@%d", r.Key, n.sums[r.Key][w], w.MaxTimestamp()))
			}
		}
		if !taken {
			out = append(out, fmt.Sprintf("late %s=%d@%d", r.Key, r.Value, r.At))
		}
	}
	slices.Sort(out)
	return out
}

func (n *naive) advance(to int64) (out []string) {
	for key, ws := range n.sums {
		for w, sum := range ws {
			if w.MaxTimestamp() > n.watermark && w.MaxTimestamp() <= to {
				out = append(out, fmt.Sprintf("%s=%d@%d", key, sum, w.MaxTimestamp()))
			}
		}
	}
	n.watermark = to
	slices.Sort(out)
	return out
}

// cumulative assigns cumulative windows by their definition.
type cumulative struct {
	window.Assigner
	windows window.Aligned
}

func (c cumulative) Assign(dst []window.Window, _ any, at, _ int64) ([]window.Window, error) {
	start := window.StartOf(at, c.windows.Offset, c.windows.Size)
	for end := start + c.windows.Size; end > at; end -= c.windows.Slide {
		dst = append(dst, window.Window{Start: start, End: end})
	}
	return dst, nil
}

// TestAlignedWindowIsWindow compares, step by step, the kernel with the general operator and with the definition, for random windows, disorder and lateness.
func TestAlignedWindowIsWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slide := rapid.Int64Range(1, 12).Draw(t, "slide")
		size := slide + rapid.Int64Range(0, 40).Draw(t, "more")
		if rapid.Bool().Draw(t, "tumbling") {
			size = slide
		}
		offset := rapid.Int64Range(-slide+1, slide-1).Draw(t, "offset")
		lateness := rapid.SampledFrom([]int64{0, 0, 3, 25}).Draw(t, "lateness")
		d := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
		times := window.Sliding(d(size), d(slide), d(offset), true)
		assigner, windows := window.Assigner(times), times.Aligned
		if rapid.IntRange(0, 3).Draw(t, "cumulative") == 0 {
			windows.Size, windows.Cumulative = slide*rapid.Int64Range(1, 7).Draw(t, "steps"), true
			assigner = cumulative{times, windows}
		}
		require.NoError(t, windows.Validate())
		general := generalProbe(t, assigner, lateness)
		aligned, spilled := alignedProbe(t, windows, lateness), spilledProbe(t, windows, lateness)
		reference := &naive{assigner: assigner, lateness: lateness, watermark: shuffle.MinWatermark, sums: map[string]map[window.Window]int64{}}
		now := rapid.Int64Range(-50, 50).Draw(t, "now")
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			var want []string
			if rapid.IntRange(0, 2).Draw(t, "step") > 0 {
				var rows []click
				for range rapid.IntRange(1, 12).Draw(t, "rows") {
					at := now + rapid.Int64Range(-60, 20).Draw(t, "at")
					rows = append(rows, click{rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key"), rapid.Int64Range(1, 99).Draw(t, "value"), at})
				}
				want = reference.push(rows)
				general.push(rows)
				aligned.push(rows)
				spilled.push(rows)
			} else {
				now += rapid.SampledFrom([]int64{1, 2, 5, 9, 20, 70, 500}).Draw(t, "by")
				want = reference.advance(now)
				for _, p := range []*windowProbe{general, aligned, spilled} {
					p.do(p.op.Advance(now))
				}
			}
			require.Equal(t, want, general.take(), "general")
			require.Equal(t, want, aligned.take(), "aligned")
			require.Equal(t, want, spilled.take(), "spilled")
		}
		want := reference.advance(shuffle.MaxWatermark)
		for _, p := range []*windowProbe{general, aligned, spilled} {
			p.do(p.op.Advance(shuffle.MaxWatermark))
			require.Equal(t, want, p.take())
			require.NoError(t, p.op.Close())
		}
		require.Empty(t, aligned.op.(*AlignedWindow[click, string, click, click]).slices.starts)
		require.Zero(t, general.op.(*Window[click, string, click, click]).backend.Len())
	})
}

// TestAlignedWindowManyKeys is TestAlignedWindowIsWindow for more keys than are worked on at once.
func TestAlignedWindowManyKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range []int64{10, 20, 45} {
		assigner := window.Sliding(time.Duration(size)*time.Millisecond, 10*time.Millisecond, 0, true)
		general, aligned, spilled := generalProbe(t, assigner, 15), alignedProbe(t, assigner.Aligned, 15), spilledProbe(t, assigner.Aligned, 15)
		for now := int64(0); now < 200; now += 1 + r.Int64N(15) {
			rows := make([]click, 3000)
			for i := range rows {
				rows[i] = click{fmt.Sprint(r.IntN(5000)), r.Int64N(9), now + 20 - r.Int64N(45)}
			}
			for _, p := range []*windowProbe{general, aligned, spilled} {
				p.push(rows)
				p.do(p.op.Advance(now))
			}
			want := general.take()
			require.Equal(t, want, aligned.take())
			require.Equal(t, want, spilled.take())
		}
	}
}

// TestSlidingWindowsOnABrokenDisk: whichever of the backends of slices and of what is merged of them fails, it is an error, and all is closed.
func TestSlidingWindowsOnABrokenDisk(t *testing.T) {
	broken := errors.New("disk is gone")
	for nth := 1; ; nth++ {
		op := alignedSum(window.Aligned{Size: 30, Slide: 10}, 0).(*AlignedWindow[click, string, click, click])
		p := newWindowProbe(t, op, 400*time.Microsecond, "memory")
		spill, made := op.slices.spill, 0
		op.slices.spill = func() (state.Backend[string], error) {
			b, err := spill()
			if made++; made == nth {
				b = statetest.NewFaulty(b, 1, broken)
			}
			return b, err
		}
		b := column.BatchOf([]click{{"a", 1, 1}, {"b", 2, 11}, {"a", 3, 21}})
		b.Times = []int64{1, 11, 21}
		more, err := op.Process(0, b)
		for advanced := false; err == nil && (more || !advanced); {
			if more {
				more, err = op.Resume()
			} else {
				advanced = true
				more, err = op.Advance(100)
			}
			p.ctx.Flush()
		}
		require.NoError(t, op.Close())
		if made < nth {
			require.NoError(t, err)
			require.Greater(t, nth, 3+5, "slices and windows")
			return
		}
		require.ErrorIs(t, err, broken, "backend %d", nth)
	}
}

// eagerTrigger is the default trigger under another type, so that sessions move their timers with each record.
type eagerTrigger struct{ window.EventTimeTrigger }

// TestLazySessions checks that sessions that leave their timers where they are have the same results.
func TestLazySessions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		session := window.Session(10*time.Millisecond, true)
		lazy, eager := generalProbe(t, session, 0), generalProbe(t, session, 0)
		eager.op.(*Window[click, string, click, click]).Trigger = eagerTrigger{}
		eager.op.(*Window[click, string, click, click]).lazy = false
		now := int64(0)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			var rows []click
			for range rapid.IntRange(0, 5).Draw(t, "rows") {
				rows = append(rows, click{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key"), 1, now + rapid.Int64Range(-30, 30).Draw(t, "at")})
			}
			now += rapid.Int64Range(0, 25).Draw(t, "by")
			for _, p := range []*windowProbe{lazy, eager} {
				if len(rows) > 0 {
					p.push(rows)
				}
				p.do(p.op.Advance(now))
			}
			require.Equal(t, eager.take(), lazy.take())
		}
	})
}
