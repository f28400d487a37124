package operator

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
	"github.com/leatproject/leat/storage/spill/spilltest"
)

func rowNumber(r *row) *int64 { return &r.N }

func addRow(acc, v *row) error {
	if v.N < 0 {
		return errors.New("negative")
	}
	acc.N += v.N
	return nil
}

func firstRow(acc, v *row) error { *acc = *v; return nil }

func rowOf(_ string, acc *row) row { return *acc }

// asResult makes a result function of one that cannot fail.
func asResult[K, A, O any](f func(K, *A) O) func(K, *A) (O, error) {
	return func(key K, acc *A) (O, error) { return f(key, acc), nil }
}

// underTest returns the operator that a test names.
func underTest(t *testing.T, name string) (op Operator, inputs int) {
	switch name {
	case "sum":
		return &KeyedAggregate[row, string, row, row]{Keys: rowKeys(), Init: firstRow, Add: addRow, Result: asResult(rowOf),
			Kernel: SumKernel[row, string](rowNumber), Retains: true}, 1
	case "reduce":
		return &KeyedAggregate[row, string, row, row]{Keys: rowKeys(), Init: firstRow, Add: addRow, Result: asResult(rowOf), Retains: true}, 1
	case "min":
		return &KeyedAggregate[row, string, row, row]{Keys: rowKeys(), Init: firstRow, Result: asResult(rowOf), Kernel: MinKernel[row, string](rowNumber),
			Add: func(acc, v *row) error { acc.N = min(acc.N, v.N); return nil }}, 1
	case "max":
		return &KeyedAggregate[row, string, row, row]{Keys: rowKeys(), Init: firstRow, Result: asResult(rowOf), Kernel: MaxKernel[row, string](rowNumber),
			Add: func(acc, v *row) error { acc.N = max(acc.N, v.N); return nil }}, 1
	case "count":
		count := func(n *int64, _ *row) error { *n++; return nil }
		result := func(key string, n *int64) row { return row{key, *n} }
		return &KeyedAggregate[row, string, int64, row]{Keys: rowKeys(), Init: count, Add: count, Result: asResult(result),
			Kernel: CountKernel[row](result)}, 1
	case "combine":
		return &Combine[row, string, row, row]{Keys: rowKeys(), Init: firstRow, Add: addRow, Partial: rowOf}, 1
	case "distinct":
		return &Distinct[row, string]{Keys: rowKeys()}, 1
	case "sort":
		return &SortPartition[row]{Order: spill.SortOptions[row]{Prefix: func(rows []row, out []uint64) {
			for i := range rows {
				out[i] = spill.Int64Prefix(rows[i].N)
			}
		}}}, 1
	case "mappartition":
		return &MapPartition[row, row]{Function: MapPartitionFunc[row, row](func(_ *FunctionContext, rows iter.Seq[row], out *Collector[row]) error {
			all := row{}
			for r := range rows {
				all = row{all.Key + r.Key, all.N + r.N}
			}
			out.Collect(all)
			return nil
		})}, 1
	}
	kinds := map[string]JoinKind{"inner": InnerJoin, "left": LeftOuterJoin, "right": RightOuterJoin, "full": FullOuterJoin}
	kind, ok := kinds[name]
	require.True(t, ok, "operator %q", name)
	return &Join[row, row, string, string]{Kind: kind, Left: rowKeys(), Right: rowKeys(),
		Function: BoundedJoinFunc[row, row, string](func(_ *FunctionContext, l, r *row, out *Collector[string]) error {
			left, right := "none", "none"
			if l != nil {
				left = l.String()
			}
			if r != nil {
				right = r.String()
			}
			out.Collect(left + "+" + right)
			return nil
		})}, 2
}

// TestBoundedOperators runs the scripts of testdata/aggregate and testdata/bounded: an operator, and "streaming" or a
// memory budget. See rig.run for the calls.
func TestBoundedOperators(t *testing.T) {
	for _, file := range []string{"aggregate", "bounded"} {
		datadriven.RunTest(t, "testdata/"+file, func(t *testing.T, d *datadriven.TestData) string {
			mode, memory := Batch, int64(1<<20)
			for _, a := range d.CmdArgs {
				switch a.Key {
				case "streaming":
					mode = Streaming
				case "memory":
					memory = number(t, a.Vals[0])
				}
			}
			op, inputs := underTest(t, d.Cmd)
			r := newRig(t, mode, inputs, op, memory)
			r.run(d.Input)
			require.Zero(t, r.ctx.Memory.Used(), "memory was not given back")
			return strings.Join(r.out, "\n") + "\n"
		})
	}
}

// much feeds an operator with rows of many keys.
func much(r *rig) error {
	if err := r.op.Open(r.ctx); err != nil {
		return err
	}
	for in := range r.ended {
		for batch := range 40 {
			rows := make([]row, 1000)
			for i := range rows {
				n := (batch*1000 + i) % 20000
				rows[i] = row{fmt.Sprint("a key that takes some memory ", n), int64(n)}
			}
			if err := r.call(r.op.Process(in, column.BatchOf(rows))); err != nil {
				return err
			}
		}
	}
	return r.end()
}

// TestSpillFaults breaks the disk under each operator that spills: the error names the place, and nothing is left open.
func TestSpillFaults(t *testing.T) {
	faults := map[string]func(fs *spilltest.FaultFS){
		"no space":     func(fs *spilltest.FaultFS) { fs.Space = 100 << 10 },
		"damaged":      func(fs *spilltest.FaultFS) { fs.Flip = 50 << 10 },
		"cut off":      func(fs *spilltest.FaultFS) { fs.Truncate = 50 << 10 },
		"cannot open":  func(fs *spilltest.FaultFS) { fs.FailOpen = errors.New("denied") },
		"no fault":     func(*spilltest.FaultFS) {},
		"budget alone": nil,
	}
	names := []string{"sum", "distinct", "sort", "inner", "full"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		for fault, set := range faults {
			op, inputs := underTest(t, name)
			r := newRig(t, Batch, inputs, op, 128<<10)
			fs := spilltest.New()
			if set == nil {
				fs.Space = -1
			} else {
				set(fs)
			}
			dir, err := spill.OpenDir([]string{t.TempDir()}, spill.DirOptions{FS: fs})
			require.NoError(t, err)
			r.ctx.Spill = dir
			err = much(r)
			require.NoError(t, op.Close())
			if fault == "no fault" || fault == "budget alone" {
				require.NoError(t, err, name)
				require.Positive(t, dir.BytesSpilled(), "%s did not spill", name)
				require.GreaterOrEqual(t, len(r.out), 20000)
			} else {
				var failed *spill.Error
				require.ErrorAs(t, err, &failed, "%s: %s", name, fault)
			}
			require.Zero(t, fs.OpenFiles(), "%s: %s", name, fault)
			require.Zero(t, dir.Live(), "%s: %s", name, fault)
			require.Zero(t, r.ctx.Memory.Used(), "%s: %s", name, fault)
			require.NoError(t, dir.Close())
		}
	}
}

// TestCombineLetsPass feeds a combiner with keys that seldom repeat, then with few.
func TestCombineLetsPass(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, many rows")
	}
	op, _ := underTest(t, "combine")
	r := newRig(t, Batch, 1, op, 1<<20)
	require.NoError(t, op.Open(r.ctx))
	out := 0
	r.ctx.Outputs[0].Send = func(b *column.Batch) { out += b.Len(); b.Release() }
	feed := func(rows, keys int) {
		for lo := 0; lo < rows; lo += 1000 {
			batch := make([]row, 1000)
			for i := range batch {
				batch[i] = row{fmt.Sprint((lo + i) % keys), 1}
			}
			require.NoError(t, r.call(op.Process(0, column.BatchOf(batch))))
		}
	}
	feed(combineTrial+1000, 1<<30)
	require.Equal(t, (combineTrial/1000+2)*1000, out, "groups come out when they are too many")
	before := out
	feed(10000, 10)
	require.Equal(t, before+10000, out, "rows pass")
	feed(combinePause, 10)
	before = out
	feed(10000, 10)
	require.Equal(t, before, out, "rows are combined again")
	require.NoError(t, r.end())
	require.Equal(t, before+10, out)
	require.NoError(t, op.Close())
}

// TestEqualHashes gives all keys one hash: what cannot be partitioned is kept in memory, and still right.
func TestEqualHashes(t *testing.T) {
	same := func(keys []string, out []uint64) {
		for i := range keys {
			out[i] = 42
		}
	}
	keys := rowKeys()
	keys.Hash = same
	for name, op := range map[string]Operator{
		"sum":      &KeyedAggregate[row, string, row, row]{Keys: keys, Init: firstRow, Add: addRow, Result: asResult(rowOf), Retains: true},
		"distinct": &Distinct[row, string]{Keys: keys},
	} {
		r := newRig(t, Batch, 1, op, 1)
		r.run("0 a:1 b:2 c:3\n0 d:4 a:1 e:5\n0 f:6 g:7 f:1\nend")
		require.Len(t, r.out, 7, name)
		require.Zero(t, r.ctx.Memory.Used())
	}
	op, _ := underTest(t, "full")
	join := op.(*Join[row, row, string, string])
	join.Left.Hash, join.Right.Hash = same, same
	r := newRig(t, Batch, 2, op, 1)
	r.run("0 a:1 b:2\n1 c:3 a:4\n0 d:5\n1 a:6 d:7\nend")
	require.ElementsMatch(t, []string{"a:1+a:4", "a:1+a:6", "b:2+none", "none+c:3", "d:5+d:7"}, r.out)
}

// TestCombineConverts lets rows pass whose partial results are of another type.
func TestCombineConverts(t *testing.T) {
	count := func(n *int64, _ *row) error { *n++; return nil }
	op := &Combine[row, string, int64, row]{Keys: rowKeys(), Init: count, Add: count,
		Partial: func(key string, n *int64) row { return row{key, *n} }}
	r := newRig(t, Batch, 1, op, 1<<20)
	require.NoError(t, op.Open(r.ctx))
	for lo := 0; lo < combineTrial; lo += 1024 {
		batch := make([]row, 1024)
		for i := range batch {
			batch[i] = row{fmt.Sprint(lo + i), 7}
		}
		require.NoError(t, r.call(op.Process(0, column.BatchOf(batch))))
	}
	r.out = nil
	require.NoError(t, r.call(op.Process(0, column.BatchOf([]row{{"a", 7}, {"a", 8}}))))
	require.Equal(t, []string{"a:1", "a:1"}, r.out)
	require.NoError(t, r.end())
	require.NoError(t, op.Close())
}

// TestAsyncIdleness passes the idleness of the input on behind the records before it.
func TestAsyncIdleness(t *testing.T) {
	release := make(chan struct{})
	op := &AsyncMap[int64, int64]{Capacity: 2, Function: func(_ context.Context, v int64) ([]int64, error) {
		<-release
		return []int64{v}, nil
	}}
	trace := new(markTrace)
	mail := make(chan func() (bool, error), 1)
	ctx := &Context{Context: context.Background(), Clock: clock.Real, Metrics: new(Metrics), Pause: func() {}, Outputs: []*Output{trace.output()},
		Post: func(f func() (bool, error)) { mail <- f }}
	require.NoError(t, op.Open(ctx))
	op.InputIdle(true)
	op.InputIdle(false)
	_, err := op.Process(0, column.BatchOf([]int64{7}))
	require.NoError(t, err)
	op.InputIdle(true)
	require.Equal(t, "idle\nactive\n", trace.String())
	close(release)
	_, err = (<-mail)()
	require.NoError(t, err)
	_, err = op.Resume()
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("idle\nactive\nrows 7@%d\nidle\n", column.NoTime), trace.String())
	require.NoError(t, op.Close())
}
