package operator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/leatproject/leat/runtime/state"
)

// script is a keyed process function out of the words of a test's first line; each record runs them in turn.
type script struct {
	words []string
	side  *OutputTag[string]
	value *state.Value[int64]
	list  *state.List[int64]
	m     *state.Map[string, int64]
	sum   *state.Reducing[int64]
	mean  *state.Aggregating[int64, [2]int64, string]
}

func (s *script) Open(ctx *FunctionContext) error {
	d := func(name string) state.Descriptor {
		d := state.Descriptor{Name: name}
		for _, w := range s.words {
			switch w {
			case "ttl":
				d.TTL.Duration = 10 * time.Millisecond
			case "on-read":
				d.TTL.Update = state.OnReadAndWrite
			case "show-expired":
				d.TTL.Visibility = state.ReturnExpiredIfNotCleanedUp
			case "event-time":
				d.TTL.Time = state.EventTime
			}
		}
		return d
	}
	s.value = ValueState[int64](ctx, d("value"))
	s.list = ListState[int64](ctx, d("list"))
	s.m = MapState[string, int64](ctx, d("map"))
	s.sum = ReducingState(ctx, d("sum"), func(a, b int64) int64 { return a + b })
	s.mean = AggregatingState(ctx, d("mean"), mean{})
	if slices.Contains(s.words, "twice") {
		ListState[int64](ctx, d("value"))
	}
	if slices.Contains(s.words, "chan") {
		ValueState[chan int](ctx, d("chan"))
	}
	return nil
}

type mean struct{}

func (mean) CreateAccumulator() [2]int64        { return [2]int64{} }
func (mean) Add(v int64, acc [2]int64) [2]int64 { return [2]int64{acc[0] + v, acc[1] + 1} }
func (mean) GetResult(acc [2]int64) string      { return fmt.Sprintf("%d/%d", acc[0], acc[1]) }

func (s *script) ProcessElement(ctx *KeyedContext[string], v row, out *Collector[string]) error {
	for _, w := range s.words {
		switch w {
		case "event":
			ctx.RegisterEventTimeTimer(v.N)
		case "delete-event":
			ctx.DeleteEventTimeTimer(v.N)
		case "processing":
			ctx.RegisterProcessingTimeTimer(v.N)
		case "delete-processing":
			ctx.DeleteProcessingTimeTimer(v.N)
		case "toggle": // a timer at n, deleted by a record with -n
			if v.N < 0 {
				ctx.DeleteEventTimeTimer(-v.N)
			} else {
				ctx.RegisterEventTimeTimer(v.N)
			}
		case "value": // 0 reads, negative clears
			s.useValue(v, out)
		case "list":
			if v.N > 0 {
				s.list.Add(v.N)
			}
			out.Collect(fmt.Sprint(v.Key, s.list.Get()))
		case "map":
			s.useMap(v, out)
		case "sum":
			s.sum.Add(v.N)
			sum, _ := s.sum.Get()
			out.Collect(fmt.Sprint(v.Key, " sum ", sum))
		case "mean":
			s.mean.Add(v.N)
			m, _ := s.mean.Get()
			out.Collect(fmt.Sprint(v.Key, " mean ", m))
		case "see":
			at, ok := ctx.Timestamp()
			out.Collect(fmt.Sprint(v, " key ", ctx.CurrentKey(), " at ", at, ok))
		case "side":
			EmitTo(ctx.FunctionContext, s.side, "late "+v.String())
		case "panic":
			if v.N == 13 {
				panic("unlucky")
			}
		case "fail":
			if v.N == 13 {
				return errors.New("unlucky")
			}
		case "late-state":
			ValueState[int64](ctx.FunctionContext, state.Descriptor{Name: "late"})
		}
	}
	return nil
}

func (s *script) useValue(v row, out *Collector[string]) {
	switch {
	case v.N > 0:
		s.value.Update(v.N)
	case v.N < 0:
		s.value.Clear()
	}
	n, ok := s.value.Value()
	out.Collect(fmt.Sprintf("%s=%d %v", v.Key, n, ok))
}

func (s *script) useMap(v row, out *Collector[string]) {
	k := fmt.Sprint("k", max(v.N, -v.N)%10)
	switch {
	case v.N > 0:
		s.m.Put(k, v.N)
	case v.N < 0:
		s.m.Remove(k)
	}
	var all []string
	for k, v := range s.m.All() {
		all = append(all, fmt.Sprint(k, "=", v))
	}
	out.Collect(v.Key + "{" + strings.Join(all, " ") + "}")
}

func (s *script) OnTimer(ctx *KeyedContext[string], timestamp int64, out *Collector[string]) error {
	n, ok := s.value.Value()
	out.Collect(fmt.Sprintf("%s %v timer %d value %d %v", ctx.CurrentKey(), ctx.TimeDomain(), timestamp, n, ok))
	if slices.Contains(s.words, "renew") {
		ctx.RegisterEventTimeTimer(timestamp + 10)
		ctx.RegisterProcessingTimeTimer(timestamp + 10)
	}
	if slices.Contains(s.words, "panic-timer") {
		panic("unlucky")
	}
	return nil
}

// TestKeyedProcess runs scripts: the arguments of the command are the words of the function. In both modes the outputs of a
// script are shown; "keys" is the number of keys that are left at the end in STREAMING.
func TestKeyedProcess(t *testing.T) {
	datadriven.Walk(t, "testdata/keyedprocess", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			mode := Streaming
			if d.Cmd == "batch" {
				mode = Batch
			}
			var words []string
			for _, a := range d.CmdArgs {
				words = append(words, a.Key)
			}
			p := &KeyedProcess[row, string, string]{Keys: rowKeys(), Function: &script{words: words, side: NewOutputTag[string]("side")}}
			var op Operator = p
			if mode == Batch {
				op = NewSortedInput(p, SortBy(rowKeys()))
			}
			r := newRig(t, mode, 1, op, 1<<20)
			keys := -1
			p.k.Backend = func() (state.Backend[string], error) {
				b, err := state.NewKeyed[string]()
				return &watched{Keyed: b, closed: func(n int) { keys = n }}, err
			}
			r.run(d.Input)
			if slices.Contains(words, "keys") {
				r.out = append(r.out, fmt.Sprint("keys ", keys))
			}
			return strings.Join(append(r.out, ""), "\n")
		})
	})
}

// watched tells how many keys are left when it is closed.
type watched struct {
	*state.Keyed[string]
	closed func(keys int)
}

func (w *watched) Close() error {
	w.closed(w.Len())
	return w.Keyed.Close()
}
