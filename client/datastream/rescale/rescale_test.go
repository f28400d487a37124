package rescale

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/leatproject/leat/client/datastream"
	_ "github.com/leatproject/leat/runtime/state/pebble"
)

// event is a record of the random inputs.
type event struct {
	Key   string
	Value int64
}

// program is a pipeline whose output, as a set, depends on nothing but its input.
type program = func(in *datastream.Stream[event]) *datastream.Stream[string]

// step is one thing that happens to a program: an event, a watermark or processing time that passes.
type step struct {
	event     event
	time      int64
	watermark bool
	pass      time.Duration
}

// drawScript returns steps with a little disorder and events that are late.
func drawScript(t *rapid.T) []step {
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "script"), 1))
	keys := rapid.SampledFrom([]int{3, 1, 40}).Draw(t, "keys")
	steps, now := make([]step, rapid.IntRange(1, 120).Draw(t, "steps")), int64(0)
	for i := range steps {
		now += rng.Int64N(20)
		switch n := rng.IntN(12); {
		case n == 0:
			steps[i] = step{watermark: true, time: now - 25}
		case n == 1:
			steps[i] = step{pass: time.Duration(1+rng.IntN(60)) * time.Millisecond}
		case n == 2:
			steps[i] = step{event: event{fmt.Sprint("k", rng.IntN(keys)), rng.Int64N(100)}, time: max(0, now-rng.Int64N(200))}
		default:
			steps[i] = step{event: event{fmt.Sprint("k", rng.IntN(keys)), rng.Int64N(100)}, time: max(0, now-rng.Int64N(30))}
		}
	}
	return append(steps, step{pass: time.Second}, step{watermark: true, time: now + 1000})
}

// run is a program that is running, and what has come out of it by step.
type run struct {
	t         require.TestingT
	build     program
	backend   string
	snapshots *datastream.HarnessSnapshots
	h         *datastream.Harness
	in        *datastream.HarnessInput[event]
	out       *datastream.HarnessOutput[string]
	now       time.Duration
	output    [][]string
}

// open begins, or goes on from the last snapshot.
func (r *run) open(parallelism int) {
	r.h = datastream.NewHarness(datastream.WithConfig("state.backend.type", r.backend))
	if r.snapshots != nil {
		r.h.WithSnapshots(r.snapshots)
	}
	r.h.Env.SetParallelism(parallelism)
	r.h.Advance(r.now)
	var s *datastream.Stream[event]
	r.in, s = datastream.HarnessSource[event](r.h)
	r.out = datastream.HarnessSink(r.h, r.build(s))
	require.NoError(r.t, r.h.Open())
}

func (r *run) do(s step) {
	switch {
	case s.pass > 0:
		r.now += s.pass
		r.h.Advance(s.pass)
	case s.watermark:
		r.in.Watermark(s.time)
	default:
		r.in.PushAt(s.event, s.time)
	}
	require.NoError(r.t, r.h.Err())
	values := r.out.Values()
	slices.Sort(values)
	r.output = append(r.output, values)
}

func (r *run) close() { require.NoError(r.t, r.h.Close()) }

// TestStateComesBack runs each program undisturbed, and again with snapshots, failures and other parallelisms, in either state
// backend and from one to the other.
func TestStateComesBack(t *testing.T) {
	for name, build := range programs {
		t.Run(name, func(t *testing.T) {
			results := 0
			rapid.Check(t, func(t *rapid.T) {
				script := drawScript(t)
				calm := &run{t: t, build: build, backend: "hashmap"}
				calm.open(1)
				for _, s := range script {
					calm.do(s)
				}
				calm.close()
				disturbed := disturb(t, build, script)
				for i := range script {
					require.Equal(t, calm.output[i], disturbed[i], "step %d: %+v", i, script[i])
					results += len(disturbed[i])
				}
			})
			if !testing.Short() {
				require.Positive(t, results)
			}
		})
	}
}

// disturb runs a script through failures. After each it goes on where the last snapshot was taken.
func disturb(t *rapid.T, build program, script []step) [][]string {
	backends := rapid.SampledFrom([]string{"hashmap", "rocksdb"})
	r := &run{t: t, build: build, snapshots: datastream.NewHarnessSnapshots(), backend: backends.Draw(t, "backend")}
	parallelism := rapid.SampledFrom([]int{2, 1, 3, 5})
	r.open(parallelism.Draw(t, "parallelism"))
	saved, savedAt, failures := 0, time.Duration(0), rapid.IntRange(1, 4).Draw(t, "failures")
	for i := 0; i < len(script); i++ {
		r.do(script[i])
		switch rapid.SampledFrom([]string{"", "", "", "snapshot", "snapshot", "fail"}).Draw(t, "then") {
		case "snapshot":
			require.NoError(t, r.h.Snapshot())
			saved, savedAt = i+1, r.now
		case "fail":
			if saved == 0 || failures == 0 {
				continue
			}
			failures--
			r.close()
			r.now, r.output, r.backend = savedAt, r.output[:saved], backends.Draw(t, "backend")
			r.open(parallelism.Draw(t, "parallelism"))
			i = saved - 1
		}
	}
	r.close()
	return r.output
}
