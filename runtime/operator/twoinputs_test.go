package operator

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/leatproject/leat/runtime/state"
)

// TestTwoInputs runs scripts on the operators with two inputs, of rows each. Arguments: the operator, its options.
func TestTwoInputs(t *testing.T) {
	for _, name := range []string{"connect", "broadcast", "intervaljoin"} {
		datadriven.RunTest(t, "testdata/"+name, func(t *testing.T, d *datadriven.TestData) string {
			mode := Streaming
			if d.HasArg("batch") {
				mode = Batch
			}
			r := newRig(t, mode, 2, twoInputs(t, d, mode), 1<<20)
			r.run(d.Input)
			if n := r.ctx.Metrics.Counter("numLateRecordsDropped").Load(); n > 0 {
				r.out = append(r.out, fmt.Sprint("dropped ", n))
			}
			return strings.Join(append(r.out, ""), "\n")
		})
	}
}

func twoInputs(t *testing.T, d *datadriven.TestData, mode Mode) Operator {
	switch d.Cmd {
	case "process":
		side := NewOutputTag[row]("side")
		return &Process[row, string]{Function: ProcessFunc[row, string](func(ctx *FunctionContext, v row, out *Collector[string]) error {
			if v.N%2 == 0 {
				EmitTo(ctx, side, v)
				return oddly(v)
			}
			out.Collect(fmt.Sprint(v, " watermark ", ctx.Watermark()))
			return oddly(v)
		})}
	case "co-flat-map":
		return &CoProcess[row, row, string]{Function: CoFlatMap(&repeat{})}
	case "co-map":
		return &CoProcess[row, row, string]{Function: CoMap(CoMapFuncs[row, row, string]{
			First:  func(_ *FunctionContext, v row) (string, error) { return "first " + v.String(), nil },
			Second: func(_ *FunctionContext, v row) (string, error) { return "second " + v.String(), oddly(v) },
		})}
	case "keyed-co-process":
		op := &KeyedCoProcess[row, row, string, string]{Keys1: rowKeys(), Keys2: rowKeys(), Function: &door{}}
		if mode == Batch {
			return NewSortedInput(op, SortBy(rowKeys()), SortBy(rowKeys()))
		}
		return op
	case "broadcast":
		op := &BroadcastProcess[row, row, string]{Function: priced(), Descriptors: []BroadcastDescriptor{prices}}
		if mode == Batch {
			return NewBroadcastFirst[row](op)
		}
		return op
	case "keyed-broadcast":
		op := &KeyedBroadcastProcess[row, row, string, string]{Function: &billing{}, Descriptors: []BroadcastDescriptor{prices}}
		op.Keys = rowKeys()
		if mode == Batch {
			return NewSortedInput(op, SortBy(rowKeys()), nil)
		}
		return op
	case "interval-join":
		op := &IntervalJoin[row, row, string, string]{Keys1: rowKeys(), Keys2: rowKeys(), Function: joined()}
		d.ScanArgs(t, "from", &op.Lower)
		d.ScanArgs(t, "to", &op.Upper)
		if d.HasArg("late") {
			op.LateLeft, op.LateRight = NewOutputTag[row]("late left"), NewOutputTag[row]("late right")
		}
		if mode == Batch {
			return NewSortedInput(op, SortBy(rowKeys()), SortBy(rowKeys()))
		}
		return op
	}
	t.Fatalf("unknown operator %s", d.Cmd)
	return nil
}

// repeat emits the records of the first stream as often as the last record of the second stream says.
type repeat struct{ times int64 }

func (f *repeat) Open(*FunctionContext) error {
	f.times = 1
	return nil
}

func (f *repeat) FlatMap1(_ *FunctionContext, v row, out *Collector[string]) error {
	for range f.times {
		out.Collect(v.String())
	}
	return nil
}

func (f *repeat) FlatMap2(_ *FunctionContext, v row, _ *Collector[string]) error {
	f.times = v.N
	return oddly(v)
}

func oddly(v row) error {
	if v.N == 13 {
		return errors.New("unlucky")
	}
	return nil
}

// door lets the records of the first stream pass while the last record of the second one of their key is positive. A record
// of the second stream closes the door after that time.
type door struct{ open *state.Value[bool] }

func (d *door) Open(ctx *FunctionContext) error {
	d.open = ValueState[bool](ctx, state.Descriptor{Name: "open"})
	return nil
}

func (d *door) ProcessElement1(ctx *KeyedContext[string], v row, out *Collector[string]) error {
	if open, _ := d.open.Value(); open {
		out.Collect(v.String())
	}
	return nil
}

func (d *door) ProcessElement2(ctx *KeyedContext[string], v row, out *Collector[string]) error {
	d.open.Update(v.N > 0)
	at, _ := ctx.Timestamp()
	ctx.RegisterEventTimeTimer(at + v.N)
	return nil
}

func (d *door) OnTimer(ctx *KeyedContext[string], timestamp int64, out *Collector[string]) error {
	d.open.Clear()
	out.Collect("closed " + ctx.CurrentKey())
	return nil
}

var prices = NewBroadcastDescriptor[string, int64]("prices")

// priced multiplies the number of a record by the price of its key, which the broadcast stream sets.
func priced() BroadcastProcessFunction[row, row, string] {
	return BroadcastProcessFuncs[row, row, string]{
		Element: func(ctx *ReadOnlyContext, v row, out *Collector[string]) error {
			if p, ok := ReadOnlyBroadcastState(ctx, prices).Get(v.Key); ok {
				out.Collect(fmt.Sprint(v.Key, " costs ", p*v.N))
				return nil
			}
			out.Collect(v.Key + " has no price")
			return nil
		},
		Broadcast: func(ctx *BroadcastContext, v row, out *Collector[string]) error {
			all := BroadcastState(ctx, prices)
			switch {
			case v.Key == "clear":
				all.Clear()
			case v.N < 0:
				all.Remove(v.Key)
			default:
				all.Put(v.Key, v.N)
			}
			for k, p := range all.All() {
				out.Collect(fmt.Sprint("price of ", k, " is ", p))
			}
			return nil
		},
	}
}

// billing sums up the numbers of each key. A broadcast record bills all keys: "sum" adds its number to them, "bill" emits.
type billing struct{ sum *state.Value[int64] }

func (f *billing) Open(ctx *FunctionContext) error {
	f.sum = ValueState[int64](ctx, state.Descriptor{Name: "sum"})
	return nil
}

func (f *billing) ProcessElement(ctx *KeyedReadOnlyContext[string], v row, out *Collector[string]) error {
	n, _ := f.sum.Value()
	p, _ := ReadOnlyBroadcastState(ctx, prices).Get(v.Key)
	f.sum.Update(n + v.N*p)
	ctx.RegisterEventTimeTimer(100)
	return nil
}

func (f *billing) ProcessBroadcastElement(ctx *KeyedBroadcastContext[string], v row, out *Collector[string]) error {
	switch v.Key {
	case "sum", "bill":
		return ApplyToKeyedState(ctx, f.sum, func(key string, sum *state.Value[int64]) error {
			n, _ := sum.Value()
			if v.Key == "sum" {
				sum.Update(n + v.N)
			} else {
				out.Collect(fmt.Sprint("bill ", key, " ", n))
				sum.Clear()
			}
			return nil
		})
	case "touch":
		f.sum.Update(1)
	}
	BroadcastState(ctx, prices).Put(v.Key, v.N)
	return nil
}

func (f *billing) OnTimer(ctx *KeyedReadOnlyContext[string], timestamp int64, out *Collector[string]) error {
	n, ok := f.sum.Value()
	out.Collect(fmt.Sprint(ctx.CurrentKey(), " at ", timestamp, ": ", n, " ", ok, ", prices ", ReadOnlyBroadcastState(ctx, prices).Len()))
	return nil
}

func joined() ProcessJoinFunction[row, row, string] {
	return ProcessJoinFunc[row, row, string](func(ctx *JoinContext, l, r row, out *Collector[string]) error {
		at, _ := ctx.Timestamp()
		out.Collect(fmt.Sprintf("%v@%d + %v@%d (%d)", l, ctx.LeftTimestamp(), r, ctx.RightTimestamp(), at))
		return oddly(r)
	})
}
