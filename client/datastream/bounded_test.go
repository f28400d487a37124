package datastream_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/leatproject/leat/client/datastream"
)

// setting is a way to run a program: the result must not depend on it.
type setting struct {
	mode, memory string
	parallelism  int
}

func (s setting) String() string { return fmt.Sprint(s.mode, " ", s.memory, " ", s.parallelism) }

var settings = []setting{{"BATCH", "64 mb", 1}, {"BATCH", "64 mb", 3}, {"BATCH", "1 mb", 1}, {"BATCH", "32 kb", 1}, {"BATCH", "32 kb", 4},
	{"STREAMING", "64 mb", 2}, {"STREAMING", "32 kb", 3}}

func (s setting) environment(t *testing.T) *datastream.Environment {
	return datastream.NewEnvironment().SetRuntimeMode(s.mode).SetParallelism(s.parallelism).
		Set("taskmanager.memory.managed.size", s.memory).Set("io.tmp.dirs", t.TempDir())
}

type order struct {
	ID       int64
	Customer string
}

type customer struct {
	Name string
	Row  int64
}

// wide makes batches of few rows, so that groups fill several.
type wide[T any] struct {
	Row T
	Pad [500]int64
}

func widen[T any](rows []T) []wide[T] {
	out := make([]wide[T], len(rows))
	for i, r := range rows {
		out[i].Row = r
	}
	return out
}

// orders and customers have keys with and without partners; one key has very many of both.
func joinInputs() (orders []order, customers []customer) {
	r := rand.New(rand.NewPCG(3, 4))
	name := func(i int) string { return fmt.Sprint("customer ", i) }
	for i := range 1000 {
		orders = append(orders, order{int64(i), name(r.IntN(300))})
	}
	for i := range 500 {
		customers = append(customers, customer{name(100 + r.IntN(300)), int64(i)})
	}
	for i := range 150 {
		orders = append(orders, order{int64(10000 + i), "hot"})
		customers = append(customers, customer{"hot", int64(20000 + i)})
	}
	return orders, customers
}

// joined is the nested-loop join, sorted.
func joined(kind datastream.JoinKind, orders []order, customers []customer) []string {
	byName := map[string][]customer{}
	for _, c := range customers {
		byName[c.Name] = append(byName[c.Name], c)
	}
	var out []string
	met := map[string]bool{}
	for _, o := range orders {
		met[o.Customer] = true
		for _, c := range byName[o.Customer] {
			out = append(out, pair(&o, &c))
		}
		if len(byName[o.Customer]) == 0 && (kind == datastream.LeftOuterJoin || kind == datastream.FullOuterJoin) {
			out = append(out, pair(&o, nil))
		}
	}
	for _, c := range customers {
		if !met[c.Name] && (kind == datastream.RightOuterJoin || kind == datastream.FullOuterJoin) {
			out = append(out, pair(nil, &c))
		}
	}
	slices.Sort(out)
	return out
}

func pair(o *order, c *customer) string {
	left, right := "-", "-"
	if o != nil {
		left = fmt.Sprint(*o)
	}
	if c != nil {
		right = fmt.Sprint(*c)
	}
	return left + right
}

func widePair(o *wide[order], c *wide[customer]) string {
	var left *order
	var right *customer
	if o != nil {
		left = &o.Row
	}
	if c != nil {
		right = &c.Row
	}
	return pair(left, right)
}

func TestJoinBounded(t *testing.T) {
	defer goleak.VerifyNone(t)
	orders, customers := joinInputs()
	for _, set := range settings {
		for _, kind := range []datastream.JoinKind{datastream.InnerJoin, datastream.LeftOuterJoin, datastream.RightOuterJoin, datastream.FullOuterJoin} {
			env := set.environment(t)
			left := datastream.KeyBy(datastream.FromSlice(env, widen(orders)...), func(o wide[order]) string { return o.Row.Customer })
			right := datastream.KeyBy(datastream.FromSlice(env, widen(customers)...), func(c wide[customer]) string { return c.Row.Name })
			got, err := datastream.ExecuteAndCollect(context.Background(), datastream.OuterJoinBounded(kind, left, right, widePair), "join")
			require.NoError(t, err, "%v %v", set, kind)
			slices.Sort(got)
			require.True(t, slices.Equal(joined(kind, orders, customers), got), "%v %v: %d rows", set, kind, len(got))
		}
	}
}

func TestJoinBoundedForms(t *testing.T) {
	env := datastream.NewEnvironment().SetParallelism(2)
	left := datastream.KeyBy(datastream.FromSlice(env, order{1, "a"}, order{2, "b"}), func(o order) string { return o.Customer })
	right := datastream.KeyBy(datastream.FromSlice(env, customer{"a", 7}), func(c customer) string { return c.Name })
	got, err := datastream.ExecuteAndCollect(context.Background(), datastream.JoinBounded(left, right, func(o order, c customer) int64 { return o.ID + c.Row }), "join")
	require.NoError(t, err)
	require.Equal(t, []int64{8}, got)

	left = datastream.KeyBy(datastream.FromSlice(env, order{1, "a"}), func(o order) string { return o.Customer })
	right = datastream.KeyBy(datastream.FromSlice(env, customer{"a", 7}), func(c customer) string { return c.Name })
	datastream.JoinBoundedContext(datastream.InnerJoin, left, right, func(*datastream.Context, *order, *customer, *datastream.Collector[int]) error {
		return fmt.Errorf("no such thing")
	}).Name("Match").Discard()
	_, err = env.Execute(context.Background(), "join")
	require.ErrorContains(t, err, "Match")
	require.ErrorContains(t, err, "no such thing; at record {Left:{ID:1 Customer:a} Right:{Name:a Row:7}}")
}

func TestDistinct(t *testing.T) {
	defer goleak.VerifyNone(t)
	r := rand.New(rand.NewPCG(5, 6))
	var words []string
	want := map[string]bool{}
	for range 20000 {
		w := fmt.Sprint("word ", r.IntN(5000))
		words = append(words, w)
		want[w] = true
	}
	for _, set := range settings {
		got, err := datastream.ExecuteAndCollect(context.Background(), datastream.Distinct(datastream.FromSlice(set.environment(t), words...)), "distinct")
		require.NoError(t, err, set)
		require.Len(t, got, len(want), set)
		for _, w := range got {
			require.True(t, want[w])
		}
	}
}

func TestSortPartition(t *testing.T) {
	defer goleak.VerifyNone(t)
	r := rand.New(rand.NewPCG(7, 8))
	var rows []order
	for i := range 20000 {
		rows = append(rows, order{r.Int64N(1000) - 500, strings.Repeat("x", r.IntN(20)) + fmt.Sprint(i)})
	}
	for _, set := range settings {
		check := func(sorted *datastream.Stream[order], compare func(a, b order) int) {
			got, err := datastream.ExecuteAndCollect(context.Background(), sorted, "sort")
			require.NoError(t, err, set)
			require.Len(t, got, len(rows))
			require.True(t, slices.IsSortedFunc(got, compare), set)
		}
		source := func() *datastream.Stream[order] {
			return datastream.Global(datastream.FromSlice(set.environment(t), rows...))
		}
		byID := func(o order) int64 { return o.ID }
		check(datastream.SortPartition(source(), byID, datastream.Ascending).Parallelism(1), func(a, b order) int { return cmp.Compare(a.ID, b.ID) })
		check(datastream.SortPartition(source(), byID, datastream.Descending).Parallelism(1), func(a, b order) int { return cmp.Compare(b.ID, a.ID) })
		byName := func(o order) string { return o.Customer }
		check(datastream.SortPartition(source(), byName, datastream.Descending).Parallelism(1), func(a, b order) int { return cmp.Compare(b.Customer, a.Customer) })
		both := func(a, b order) int {
			return cmp.Or(cmp.Compare(len(a.Customer), len(b.Customer)), cmp.Compare(a.Customer, b.Customer))
		}
		check(datastream.SortPartitionFunc(source(), both).Parallelism(1), both)
	}
}

// sortedBy sorts values by themselves. The stream is of their places, so that it has one type for all kinds of keys.
func sortedBy[N cmp.Ordered](t *testing.T, values ...N) (sorted []N) {
	env := datastream.NewEnvironment().SetParallelism(1)
	places, err := datastream.ExecuteAndCollect(context.Background(), datastream.SortPartition(datastream.FromSequence(env, 0, int64(len(values)-1)),
		func(at int64) N { return values[at] }, datastream.Ascending), "sort")
	require.NoError(t, err)
	for _, at := range places {
		sorted = append(sorted, values[at])
	}
	return sorted
}

type level int8

func TestSortPartitionKeys(t *testing.T) {
	require.Equal(t, []level{-128, -1, 0, 127}, sortedBy[level](t, 0, 127, -128, -1))
	require.Equal(t, []int16{-3, 4}, sortedBy[int16](t, 4, -3))
	require.Equal(t, []int32{-3, 4}, sortedBy[int32](t, 4, -3))
	require.Equal(t, []int{-3, 4}, sortedBy(t, 4, -3))
	require.Equal(t, []uint8{3, 255}, sortedBy[uint8](t, 255, 3))
	require.Equal(t, []uint16{3, 65535}, sortedBy[uint16](t, 65535, 3))
	require.Equal(t, []uint32{3, math.MaxUint32}, sortedBy[uint32](t, math.MaxUint32, 3))
	require.Equal(t, []uint64{3, math.MaxUint64}, sortedBy[uint64](t, math.MaxUint64, 3))
	require.Equal(t, []uint{3, math.MaxUint64}, sortedBy[uint](t, math.MaxUint64, 3))
	require.Equal(t, []float32{-1.5, 0, 2}, sortedBy[float32](t, 2, 0, -1.5))
	floats := sortedBy(t, 2, math.NaN(), math.Inf(-1), 0, math.Inf(1))
	require.Equal(t, []float64{math.Inf(-1), 0, 2, math.Inf(1)}, floats[:4])
	require.True(t, math.IsNaN(floats[4]))
	require.Equal(t, []string{"", "abcdefgh", "abcdefgha", "abcdefghb"}, sortedBy(t, "abcdefghb", "abcdefgh", "", "abcdefgha"))
}

func TestMapPartition(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, set := range settings {
		sums := datastream.MapPartition(datastream.FromSequence(set.environment(t), 1, 100000), func(rows iter.Seq[int64], out *datastream.Collector[int64]) {
			sum := int64(0)
			for v := range rows {
				sum += v
			}
			out.Collect(sum)
		})
		got, err := datastream.ExecuteAndCollect(context.Background(), sums, "sum")
		require.NoError(t, err, set)
		require.Len(t, got, set.parallelism)
		total := int64(0)
		for _, v := range got {
			total += v
		}
		require.Equal(t, int64(5000050000), total)
	}
}

func TestMapPartitionEndsEarlyAndEmitsMuch(t *testing.T) {
	defer goleak.VerifyNone(t)
	env := datastream.NewEnvironment().SetParallelism(1)
	s := datastream.MapPartition(datastream.FromSequence(env, 1, 100000), func(rows iter.Seq[int64], out *datastream.Collector[int64]) {
		for v := range rows {
			for range 100000 {
				out.Collect(v)
			}
			if v == 3 {
				return
			}
		}
	})
	got, err := datastream.ExecuteAndCollect(context.Background(), s, "much")
	require.NoError(t, err)
	require.Len(t, got, 300000)

	datastream.MapPartitionContext(datastream.FromSequence(env, 1, 10), func(_ *datastream.Context, rows iter.Seq[int64], _ *datastream.Collector[int64]) error {
		for v := range rows {
			if v == 4 {
				panic("four")
			}
		}
		return nil
	}).Discard()
	_, err = env.Execute(context.Background(), "panic")
	require.ErrorContains(t, err, "panic: four")
	require.ErrorContains(t, err, "at record 4")
	require.ErrorContains(t, err, "bounded_test.go")
}

// TestMapPartitionCancel cancels a job while its function waits for rows.
func TestMapPartitionCancel(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(context.Background())
	env := datastream.NewEnvironment().SetParallelism(1)
	slow := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{Count: 1 << 40})
	ended := false
	datastream.MapPartition(slow, func(rows iter.Seq[int64], _ *datastream.Collector[int64]) {
		for v := range rows {
			if v == 100 {
				cancel()
			}
		}
		ended = true
	}).Discard()
	_, err := env.Execute(ctx, "cancel")
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, ended)
}

func TestBoundedOperatorsRefuseUnboundedInput(t *testing.T) {
	env := datastream.NewEnvironment()
	ticks := datastream.Generate(env, func(i int64) int64 { return i }, datastream.GeneratorOptions{}).Name("Ticks")
	words := datastream.FromSlice[int64](env, 1)
	self := func(v int64) int64 { return v }
	datastream.SortPartition(datastream.Map(ticks, self), self, datastream.Ascending).Discard()
	datastream.Distinct(ticks).Discard()
	datastream.MapPartition(ticks, func(iter.Seq[int64], *datastream.Collector[int64]) {}).Discard()
	datastream.JoinBounded(datastream.KeyBy(words, self), datastream.KeyBy(ticks, self), func(a, b int64) int64 { return a }).Discard()
	_, err := env.Execute(context.Background(), "unbounded")
	var rejected *datastream.RejectedError
	require.ErrorAs(t, err, &rejected)
	for _, name := range []string{"Sort Partition", "Distinct", "Map Partition", "Join"} {
		require.ErrorContains(t, err, fmt.Sprintf("%q needs bounded input, since it ends only with it, but %q is unbounded", name, "Ticks"))
	}
	require.ErrorContains(t, err, "bounded_test.go")
}
