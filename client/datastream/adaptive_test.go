package datastream

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/storage/connector/discard"
)

// sized plans a job and returns the parallelism of its vertices by name; 0 is that which is chosen.
func sized(t *testing.T, build func(env *Environment), options ...string) (map[string]int, *graph.JobGraph) {
	env := NewEnvironment()
	env.Set("execution.target", "remote").SetRuntimeMode("BATCH")
	for i := 0; i < len(options); i += 2 {
		env.Set(options[i], options[i+1])
	}
	build(env)
	job, _, err := env.plan("job", thisApplication.begun)
	require.NoError(t, err)
	all := map[string]int{}
	for i := range job.Vertices {
		all[job.VertexName(&job.Vertices[i])] = job.Vertices[i].Parallelism
	}
	return all, job
}

func TestParallelismByTheData(t *testing.T) {
	const auto = "execution.batch.adaptive.auto-parallelism."
	one := func(n int64) int64 { return n }
	counted := func(env *Environment) {
		numbers := Map(FromSequence(env, 1, 10), one)
		Sum(KeyBy(numbers, one), func(n *int64) *int64 { return n }).Name("Sum").WriteTo(discard.NewSink(), "Drop")
	}
	got, job := sized(t, counted, "parallelism.default", "5")
	require.Equal(t, map[string]int{"Source: Sequence -> Map -> Combine Sum": 5, "Sum -> Sink: Drop": 0}, got)
	require.Equal(t, 5, job.AutoParallelism, "as in Flink, the default is the bound")

	got, job = sized(t, counted, "parallelism.default", "5", auto+"max-parallelism", "9000", auto+"default-source-parallelism", "2")
	require.Equal(t, map[string]int{"Source: Sequence -> Map -> Combine Sum": 2, "Sum -> Sink: Drop": 0}, got)
	require.Equal(t, 9000, job.AutoParallelism)
	require.Equal(t, 16384, job.MaxParallelism)

	_, job = sized(t, counted)
	require.Equal(t, 128, job.AutoParallelism)

	for _, options := range [][]string{{auto + "enabled", "false"}, {"execution.target", "local"}, {"execution.runtime-mode", "STREAMING"}} {
		got, _ = sized(t, counted, append(options, "parallelism.default", "5")...)
		require.Equal(t, 5, got["Sum -> Sink: Drop"])
	}

	got, _ = sized(t, func(env *Environment) {
		a := Map(FromSequence(env, 1, 10).Parallelism(2), one).Name("After two")
		Map(PartitionCustom(a, func(k int64, n int) int { return int(k) % n }, one), one).Name("Custom").WriteTo(discard.NewSink(), "Drop 1")
		Map(Rescale(a), one).Name("Rescaled").Parallelism(3).WriteTo(discard.NewSink(), "Drop 2").Parallelism(3)
		Map(Union(a, Map(a, one).Name("Side")), one).Name("Both").WriteTo(discard.NewSink(), "Drop 3")
		Map(Forward(a), one).Name("Next").DisableChaining().WriteTo(discard.NewSink(), "Drop 4")
	}, "parallelism.default", "4")
	require.Equal(t, map[string]int{"Source: Sequence": 2, "After two -> Side": 0, "Custom": 4, "Sink: Drop 1": 0, "Rescaled -> Sink: Drop 2": 3,
		"Both -> Sink: Drop 3": 0, "Next": 0, "Sink: Drop 4": 0}, got)
}
