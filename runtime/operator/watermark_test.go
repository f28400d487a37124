package operator

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
)

// punctuated makes a watermark of each record that is a multiple of 10, and one at each period that repeats the last.
type punctuated struct{ last int64 }

func (p *punctuated) OnEvent(v, timestamp int64) (int64, bool) {
	p.last = max(p.last, timestamp)
	return timestamp, v%10 == 0
}

func (p *punctuated) OnPeriodicEmit() (int64, bool) { return p.last - 100, true }

// markTrace writes down what an output emits.
type markTrace struct{ strings.Builder }

func (tr *markTrace) output() *Output {
	return &Output{
		Send: func(b *column.Batch) {
			fmt.Fprintf(tr, "rows")
			for i, v := range column.Rows[int64](b) {
				fmt.Fprintf(tr, " %d@%d", v, b.Time(i))
			}
			fmt.Fprintln(tr)
			b.Release()
		},
		Signal: func(e shuffle.Element) {
			switch e.Kind {
			case shuffle.Watermark:
				fmt.Fprintf(tr, "watermark %d\n", e.Time)
			case shuffle.Idle:
				fmt.Fprintln(tr, "idle")
			case shuffle.Active:
				fmt.Fprintln(tr, "active")
			}
		},
	}
}

// TestWatermarks runs the scripts of testdata/watermarks. "strategy" begins anew; the other commands are begin SPLIT, end
// SPLIT, batch SPLIT VALUES (the value is the time), pending SPLIT N, allow WATERMARK, wait MILLISECONDS, restored N (splits are
// awaited) and again SPLIT (one of them begins).
func TestWatermarks(t *testing.T) {
	datadriven.RunTest(t, "testdata/watermarks", func(t *testing.T, d *datadriven.TestData) string {
		var strategy WatermarkStrategy[int64]
		strategy.Timestamp = func(v, _ int64) int64 { return v }
		mode := Streaming
		for _, a := range d.CmdArgs {
			switch a.Key {
			case "bound":
				strategy.Bound = milliseconds(t, a.Vals[0])
			case "idleness":
				strategy = strategy.WithIdleness(milliseconds(t, a.Vals[0]))
			case "drift":
				strategy = strategy.WithWatermarkAlignment("group", milliseconds(t, a.Vals[0]), 0)
			case "punctuated":
				strategy.Generator = func() WatermarkGenerator[int64] { return new(punctuated) }
			case "none":
				strategy.None = true
			case "batch":
				mode = Batch
			}
		}
		require.NoError(t, strategy.Validate())
		clk := clock.NewVirtual(time.UnixMilli(0))
		trace := new(markTrace)
		var wake int64
		ctx := &Context{Clock: clk, Mode: mode, AutoWatermarkInterval: 200, Metrics: new(Metrics),
			WakeAt: func(at int64) { wake = at }}
		marks := newWatermarks(&strategy, ctx, trace.output())
		splits := map[string]*splitMarks[int64]{}
		for line := range strings.Lines(d.Input) {
			f := strings.Fields(line)
			fmt.Fprintf(trace, "> %s\n", strings.Join(f, " "))
			switch f[0] {
			case "begin":
				splits[f[1]] = &splitMarks[int64]{id: f[1]}
				marks.begin(splits[f[1]])
			case "restored": // so many splits, each of which is awaited until it begins
				marks.awaited = int(number(t, f[1]))
			case "again":
				marks.awaited--
				splits[f[1]] = &splitMarks[int64]{id: f[1]}
				marks.begin(splits[f[1]])
			case "end":
				marks.end(splits[f[1]])
			case "batch":
				var rows []int64
				for _, v := range f[2:] {
					rows = append(rows, number(t, v))
				}
				marks.batch(splits[f[1]], column.BatchOf(rows))
			case "pending":
				splits[f[1]].pending.Store(int32(number(t, f[2])))
			case "allow":
				marks.allow(number(t, f[1]))
			case "wait":
				end := ctx.Now() + number(t, f[1])
				for wake != 0 && wake <= end {
					clk.Advance(time.Duration(wake-ctx.Now()) * time.Millisecond)
					wake = 0
					marks.tick(ctx.Now())
				}
				clk.Advance(time.Duration(end-ctx.Now()) * time.Millisecond)
			default:
				d.Fatalf(t, "unknown command %q", f[0])
			}
			for _, s := range marks.splits {
				if s.paused {
					fmt.Fprintf(trace, "paused %s\n", s.id)
				}
			}
		}
		return trace.String()
	})
}

func number(t *testing.T, s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return n
}

func milliseconds(t *testing.T, s string) time.Duration {
	return time.Duration(number(t, s)) * time.Millisecond
}

// TestBackPressureIsNotIdleness keeps an operator back-pressured: the time does not count.
func TestBackPressureIsNotIdleness(t *testing.T) {
	clk := clock.NewVirtual(time.UnixMilli(0))
	trace := new(markTrace)
	var pressed time.Duration
	ctx := &Context{Clock: clk, AutoWatermarkInterval: 200, Metrics: new(Metrics), WakeAt: func(int64) {},
		BackPressured: func() time.Duration { return pressed }, Outputs: []*Output{trace.output()}}
	op := &TimestampsAndWatermarks[int64]{Strategy: WatermarkStrategy[int64]{}.WithIdleness(time.Second)}
	require.NoError(t, op.Open(ctx))
	for range 20 {
		clk.Advance(200 * time.Millisecond)
		pressed += 200 * time.Millisecond
		_, err := op.Tick(ctx.Now())
		require.NoError(t, err)
	}
	require.Empty(t, trace.String())
	for range 5 {
		require.Empty(t, trace.String())
		clk.Advance(200 * time.Millisecond)
		_, err := op.Tick(ctx.Now())
		require.NoError(t, err)
	}
	require.Equal(t, "idle\n", trace.String())
	_, err := op.Advance(shuffle.MaxWatermark)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("idle\nwatermark %d\n", shuffle.MaxWatermark), trace.String())
}

func TestWatermarkStrategyValidate(t *testing.T) {
	var s WatermarkStrategy[int]
	require.NoError(t, s.Validate())
	for want, bad := range map[string]WatermarkStrategy[int]{
		"out-of-orderness": {Bound: -1},
		"idleness":         s.WithIdleness(-1),
		"name of a group":  s.WithWatermarkAlignment("", time.Second, time.Second),
		"negative":         s.WithWatermarkAlignment("g", -time.Second, time.Second),
	} {
		require.ErrorContains(t, bad.Validate(), want)
	}
}

func BenchmarkBoundedOutOfOrderness(b *testing.B) {
	ctx := &Context{Clock: clock.Real, AutoWatermarkInterval: 200, Metrics: new(Metrics), WakeAt: func(int64) {}}
	marks := newWatermarks(&WatermarkStrategy[int64]{}, ctx, &Output{Send: func(*column.Batch) {}})
	split := new(splitMarks[int64])
	marks.begin(split)
	batch := column.BatchOf(make([]int64, column.MaxRows))
	for i := range column.MaxRows {
		batch.Times = append(batch.Times, int64(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		marks.batch(split, batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/column.MaxRows, "ns/row")
}
