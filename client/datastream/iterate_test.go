package datastream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/client/datastream"
)

type keyValue struct{ K, V int64 }

func keyOf(p keyValue) int64 { return p.K }

func iterationEnv(t testing.TB, parallelism int, memory string) *datastream.Environment {
	return datastream.NewEnvironment().SetParallelism(parallelism).Set("taskmanager.memory.managed.size", memory).Set("io.tmp.dirs", t.TempDir())
}

// TestIterate compares iterations whose body has every kind of operator that may stand there with a loop over maps.
func TestIterate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := rapid.IntRange(1, 5).Draw(rt, "parallelism")
		keys := rapid.Int64Range(1, 2000).Draw(rt, "keys")
		rows := rapid.IntRange(0, 3000).Draw(rt, "rows")
		steps := rapid.IntRange(1, 6).Draw(rt, "steps")
		turned := rapid.Bool().Draw(rt, "turned")
		env := iterationEnv(t, p, rapid.SampledFrom([]string{"16 kb", "32 mb"}).Draw(rt, "memory"))

		initial, factors := map[int64]int64{}, map[int64]int64{}
		var initialRows, factorRows []keyValue
		for k := range keys {
			initial[k] = k
			initialRows = append(initialRows, keyValue{k, k})
		}
		for i := range int64(rows) {
			k := i * 7919 % (keys + 10)
			factors[k] += i % 5
			factorRows = append(factorRows, keyValue{k, i % 5})
		}
		static := datastream.KeyBy(datastream.FromSlice(env, factorRows...), keyOf)
		out := datastream.Iterate(datastream.FromSlice(env, initialRows...), datastream.IterationOptions{MaxIterations: steps},
			func(_ *datastream.Iteration, s *datastream.Stream[keyValue]) *datastream.Stream[keyValue] {
				odd := datastream.Filter(s, func(v keyValue) bool { return v.V%2 != 0 })
				even := datastream.Map(datastream.Filter(datastream.Rebalance(s), func(v keyValue) bool { return v.V%2 == 0 }), func(v keyValue) keyValue { return keyValue{v.K, v.V + 1} }).Parallelism(1 + p/2)
				all := datastream.KeyBy(datastream.Union(odd, even), keyOf)
				var added *datastream.Stream[keyValue]
				if turned {
					added = datastream.OuterJoinBounded(datastream.RightOuterJoin, static, all, func(f, v *keyValue) keyValue { return sumOf(v, f) })
				} else {
					added = datastream.OuterJoinBounded(datastream.LeftOuterJoin, all, static, sumOf)
				}
				sums := datastream.Sum(datastream.KeyBy(added, keyOf), func(v *keyValue) *int64 { return &v.V })
				return datastream.Distinct(datastream.Union(sums, datastream.Map(sums, func(v keyValue) keyValue { return v })))
			})
		got, err := datastream.ExecuteAndCollect(t.Context(), out, "iterate")
		require.NoError(rt, err)

		partners := map[int64]int64{}
		for _, f := range factorRows {
			partners[f.K]++
		}
		var want []keyValue
		for k := range keys {
			v := initial[k]
			for range steps {
				if v%2 == 0 {
					v++
				}
				v = v*max(1, partners[k]) + factors[k]
			}
			want = append(want, keyValue{k, v})
		}
		slices.SortFunc(got, func(a, b keyValue) int { return int(a.K - b.K) })
		require.Equal(rt, want, got)
	})
}

func sumOf(v, f *keyValue) keyValue {
	if f == nil {
		return *v
	}
	return keyValue{v.K, v.V + f.V}
}

func TestIterateUntilEmpty(t *testing.T) {
	for _, p := range []int{1, 4} {
		env := iterationEnv(t, p, "1 mb")
		out := datastream.Iterate(datastream.FromSequence(env, 1, 100), datastream.IterationOptions{MaxIterations: 1000},
			func(it *datastream.Iteration, s *datastream.Stream[int64]) *datastream.Stream[int64] {
				next := datastream.Map(s, func(v int64) int64 { return min(2*v, 1000) })
				datastream.TerminateWhenEmpty(it, datastream.Filter(next, func(v int64) bool { return v < 1000 }))
				return next
			})
		values := datastream.Collect(out)
		result, err := env.Execute(t.Context(), "until empty")
		require.NoError(t, err)
		require.EqualValues(t, 10, result.Metric("Iteration", "supersteps"))
		require.Len(t, values.Rows(), 100)
		require.EqualValues(t, 1000, slices.Min(values.Rows()))
	}
}

// TestIterateThroughOneSubtask leaves most sub-tasks of the body without input.
func TestIterateThroughOneSubtask(t *testing.T) {
	env := iterationEnv(t, 4, "1 mb")
	out := datastream.Iterate(datastream.Global(datastream.FromSequence(env, 1, 100)), datastream.IterationOptions{MaxIterations: 3},
		func(_ *datastream.Iteration, s *datastream.Stream[int64]) *datastream.Stream[int64] {
			return datastream.Map(datastream.Global(s), func(v int64) int64 { return v + 1 })
		})
	got, err := datastream.ExecuteAndCollect(t.Context(), out, "global")
	require.NoError(t, err)
	require.Len(t, got, 100)
	require.EqualValues(t, 4, slices.Min(got))
}

// TestIterateManyRows has more rows in the ring than its channels hold, and little memory.
func TestIterateManyRows(t *testing.T) {
	const n = 200_000
	env := iterationEnv(t, 2, "64 kb")
	out := datastream.Iterate(datastream.FromSequence(env, 1, n), datastream.IterationOptions{MaxIterations: 3},
		func(_ *datastream.Iteration, s *datastream.Stream[int64]) *datastream.Stream[int64] {
			return datastream.Map(datastream.Rebalance(s), func(v int64) int64 { return v + n })
		})
	got, err := datastream.ExecuteAndCollect(t.Context(), out, "many")
	require.NoError(t, err)
	slices.Sort(got)
	require.Len(t, got, n)
	require.EqualValues(t, 3*n+1, got[0])
	require.EqualValues(t, 4*n, got[n-1])
}

func TestIterateFailureAndCancel(t *testing.T) {
	env := iterationEnv(t, 3, "1 mb")
	datastream.Iterate(datastream.FromSequence(env, 1, 10), datastream.IterationOptions{MaxIterations: 5},
		func(_ *datastream.Iteration, s *datastream.Stream[int64]) *datastream.Stream[int64] {
			return datastream.MapContext(s, func(_ *datastream.Context, v int64) (int64, error) {
				if v > 12 {
					return 0, errors.New("too large")
				}
				return v + 1, nil
			})
		}).Discard()
	_, err := env.Execute(t.Context(), "fails")
	require.ErrorContains(t, err, "too large")

	ctx, cancel := context.WithCancel(t.Context())
	env = iterationEnv(t, 3, "1 mb")
	datastream.Iterate(datastream.FromSequence(env, 1, 10), datastream.IterationOptions{MaxIterations: 1 << 40},
		func(_ *datastream.Iteration, s *datastream.Stream[int64]) *datastream.Stream[int64] {
			return datastream.Map(datastream.Rebalance(s), func(v int64) int64 {
				if v == 100 {
					cancel()
				}
				return v + 1
			})
		}).Discard()
	_, err = env.Execute(ctx, "cancelled")
	require.ErrorIs(t, err, context.Canceled)
}

func TestIterateDelta(t *testing.T) {
	for _, p := range []int{1, 4} {
		env := iterationEnv(t, p, "1 mb")
		initial := datastream.Map(datastream.FromSequence(env, 0, 99), func(k int64) keyValue { return keyValue{k, k % 7} })
		out := datastream.IterateDelta(datastream.KeyBy(initial, keyOf), initial, datastream.IterationOptions{MaxIterations: 100},
			func(it *datastream.DeltaIteration[keyValue, int64], s *datastream.Stream[keyValue]) (changes, next *datastream.Stream[keyValue]) {
				changes = datastream.JoinWithSolution(it, datastream.KeyBy(s, keyOf), func(v keyValue, known *keyValue, out *datastream.Collector[keyValue]) {
					switch {
					case known == nil:
						out.Collect(v)
					case known.V < 10:
						out.Collect(keyValue{v.K, known.V + 1})
						out.Collect(keyValue{v.K + 1000, 10}) // added once
					}
				})
				return datastream.MinBy(datastream.KeyBy(changes, keyOf), func(v keyValue) int64 { return v.V }), changes
			})
		rows := datastream.Collect(out)
		result, err := env.Execute(t.Context(), "delta")
		require.NoError(t, err)
		require.EqualValues(t, 11, result.Metric("Delta Iteration", "supersteps"))
		require.Len(t, rows.Rows(), 200)
		for _, r := range rows.Rows() {
			require.EqualValues(t, 10, r.V, "%+v", r)
		}
	}
}

func TestSolutionSetBeyondMemory(t *testing.T) {
	env := iterationEnv(t, 1, "64 kb")
	initial := datastream.Map(datastream.FromSequence(env, 0, 99_999), func(k int64) keyValue { return keyValue{k, k} })
	datastream.IterateDelta(datastream.KeyBy(initial, keyOf), initial, datastream.IterationOptions{MaxIterations: 1},
		func(_ *datastream.DeltaIteration[keyValue, int64], s *datastream.Stream[keyValue]) (changes, next *datastream.Stream[keyValue]) {
			next = datastream.Map(s, func(p keyValue) keyValue { return p })
			return next, next
		}).Discard()
	_, err := env.Execute(t.Context(), "too large")
	require.ErrorContains(t, err, "raise taskmanager.memory.managed.size")
}

func TestIterationsThatCannotRun(t *testing.T) {
	type stream = *datastream.Stream[int64]
	identity := func(s stream) stream { return datastream.Map(s, func(v int64) int64 { return v }) }
	o := datastream.IterationOptions{MaxIterations: 2}
	for name, c := range map[string]struct {
		build func(env *datastream.Environment, in stream)
		want  string
	}{
		"no supersteps": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, datastream.IterationOptions{}, func(_ *datastream.Iteration, s stream) stream { return identity(s) }).Discard()
		}, "set MaxIterations to at least 1"},
		"operator": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(_ *datastream.Iteration, s stream) stream {
				return datastream.SortPartition(s, func(v int64) int64 { return v }, datastream.Ascending)
			}).Discard()
		}, `"Sort Partition" cannot stand in the body of an iteration`},
		"sink": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(_ *datastream.Iteration, s stream) stream { s.Print(); return identity(s) }).Discard()
		}, "write the result of the iteration"},
		"constant": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(*datastream.Iteration, stream) stream { return identity(in) }).Discard()
		}, "not made of the one that the body is given"},
		"nothing": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(*datastream.Iteration, stream) stream { return nil }).Discard()
		}, "returns no stream"},
		"unused": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(_ *datastream.Iteration, s stream) stream {
				identity(s).Name("Lost")
				return identity(s)
			}).Discard()
		}, `made of what "Lost" in it emits`},
		"leak": {func(_ *datastream.Environment, in stream) {
			var inner stream
			datastream.Iterate(in, o, func(_ *datastream.Iteration, s stream) stream { inner = identity(s); return inner }).Discard()
			inner.Print()
		}, "read the result of the iteration"},
		"union": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(_ *datastream.Iteration, s stream) stream { return identity(datastream.Union(s, in)) }).Discard()
		}, "in the first superstep only"},
		"nested": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(_ *datastream.Iteration, s stream) stream {
				return datastream.Iterate(s, o, func(_ *datastream.Iteration, s stream) stream { return identity(s) })
			}).Discard()
		}, "cannot be nested"},
		"two criteria": {func(_ *datastream.Environment, in stream) {
			datastream.Iterate(in, o, func(it *datastream.Iteration, s stream) stream {
				s = identity(s)
				datastream.TerminateWhenEmpty(it, s)
				datastream.TerminateWhenEmpty(it, s)
				return s
			}).Discard()
		}, "two termination criteria"},
		"streaming": {func(env *datastream.Environment, in stream) {
			env.SetRuntimeMode("STREAMING")
			datastream.Iterate(in, o, func(_ *datastream.Iteration, s stream) stream { return identity(s) }).Discard()
		}, "set execution.runtime-mode to BATCH"},
		"unbounded": {func(env *datastream.Environment, _ stream) {
			lines := datastream.SocketText(env, "localhost", 1)
			datastream.Iterate(lines, o, func(_ *datastream.Iteration, s *datastream.Stream[string]) *datastream.Stream[string] {
				return datastream.Map(s, strings.ToUpper)
			}).Discard()
		}, "needs bounded input"},
	} {
		t.Run(name, func(t *testing.T) {
			env := datastream.NewEnvironment()
			c.build(env, datastream.FromSequence(env, 1, 3))
			_, err := env.Execute(t.Context(), name)
			var rejected *datastream.RejectedError
			require.ErrorAs(t, err, &rejected)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func ExampleIterate() {
	env := datastream.NewEnvironment().SetParallelism(1)
	numbers := datastream.FromSlice(env, 10.0, 1000.0)
	// Newton's method: each superstep improves the guess of a square root.
	type guess struct{ Number, Root float64 }
	first := datastream.Map(numbers, func(n float64) guess { return guess{n, n} })
	roots := datastream.Iterate(first, datastream.IterationOptions{MaxIterations: 12}, func(_ *datastream.Iteration, g *datastream.Stream[guess]) *datastream.Stream[guess] {
		return datastream.Map(g, func(g guess) guess { return guess{g.Number, (g.Root + g.Number/g.Root) / 2} })
	})
	datastream.Map(roots, func(g guess) string { return fmt.Sprintf("%.4f", g.Root) }).Print()
	if _, err := env.Execute(context.Background(), "Roots"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 3.1623
	// 31.6228
}
