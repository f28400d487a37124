package job

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fault is one thing that goes wrong, or that a user does, at a time.
type fault struct {
	at   Time
	kind int
	who  int
	long Time
}

var faultNames = []string{"TaskManager crashes", "TaskManager is cut off", "leader crashes", "leader is cut off", "clock steps", "cancel", "submit", "quorum is lost"}

func (f fault) String() string {
	return fmt.Sprintf("%d ms: %s (%d, %d ms)", f.at, faultNames[f.kind], f.who, f.long)
}

// history is what a seed stands for.
func history(seed uint64) []fault {
	rng := rand.New(rand.NewPCG(seed, 1))
	all := []fault{{at: 0, kind: 6, who: rng.IntN(1 << 20)}}
	for range rng.IntN(8) {
		kinds := []int{0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7}
		all = append(all, fault{Time(rng.IntN(6000)), kinds[rng.IntN(len(kinds))], rng.IntN(1 << 20), Time(200 + rng.IntN(8000))})
	}
	return all
}

// simPlan makes a random small plan.
func simPlan(rng *rand.Rand, streaming bool) *Plan {
	p := &Plan{}
	n := 1 + rng.IntN(4)
	for v := range n {
		x := PlanVertex{Parallelism: 1 + rng.IntN(4), MaxParallelism: 8, Repeatable: rng.IntN(4) > 0}
		if rng.IntN(4) == 0 {
			x.Group = min(1, v)
		}
		for from := range v {
			if rng.IntN(2) == 0 && from != v-1 {
				continue
			}
			e := PlanEdge{From: from, Exchange: Blocking, Pattern: Pattern(rng.IntN(4)), Unrepeatable: rng.IntN(4) == 0}
			if streaming || rng.IntN(4) == 0 {
				e.Exchange = Pipelined
			}
			if e.Exchange == Blocking && rng.IntN(3) == 0 {
				x.Parallelism = 0
			}
			x.Edges = append(x.Edges, e)
		}
		if free := func(e PlanEdge) bool { return e.Exchange == Blocking && e.Pattern != Pointwise }; rng.IntN(2) == 0 && all(x.Edges, free) {
			for k := range x.Edges {
				x.Edges[k].Split = x.Edges[k].Pattern == AllToAll
			}
		}
		p.Vertices = append(p.Vertices, x)
	}
	if p.Prepare() != nil { // a blocking edge within a region
		for v := range p.Vertices {
			for k := range p.Vertices[v].Edges {
				p.Vertices[v].Edges[k].Exchange = Blocking
			}
		}
	}
	if rng.IntN(2) == 0 {
		if err := p.AddCommit(n - 1); err != nil {
			panic(err)
		}
	} else if err := p.Prepare(); err != nil {
		panic(err)
	}
	return p
}

func all[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(x T) bool { return !holds(x) })
}

func newWorld(seed uint64, faults []fault) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 2)), calm: 15_000, generation: 1, truth: New(seed), sunk: map[ID]string{}, aborted: map[ID]bool{}, accepted: map[Task]Attempt{}, sent: map[ID]bool{}, written: map[Attempt][]int{}, storage: newSimStorage()}
	for i := range 3 {
		w.nodes = append(w.nodes, &simNode{w: w, name: fmt.Sprint("jm", i), up: true, state: New(seed), step: Time(w.rng.IntN(7_200_000))})
	}
	for i := range 2 + w.rng.IntN(3) {
		t := &simTM{w: w, name: fmt.Sprint("tm", i), slots: 2 + w.rng.IntN(3)}
		w.tms = append(w.tms, t)
		t.start()
	}
	w.after(0, w.elect)
	for i, f := range faults {
		w.after(f.at, func() { w.inject(i, f) })
	}
	w.after(w.calm, func() {
		for _, n := range w.nodes {
			if n.cut {
				n.o = nil
			}
			n.cut, n.up = false, true
		}
		for _, t := range w.tms {
			t.cut = false
		}
		w.elect()
	})
	return w
}

func (w *world) inject(i int, f fault) {
	t := w.tms[f.who%len(w.tms)]
	n := w.leader()
	switch f.kind {
	case 0:
		number, closed := t.number, w.chance(70)
		t.incarnation++
		t.node, t.resource, t.number = nil, "", 0
		clear(t.tasks)
		clear(t.outputs)
		if n != nil && closed {
			w.after(5, func() {
				if n.o != nil {
					n.o.Disconnected(number, "connection closed")
					n.wake()
				}
			})
		}
		w.after(f.long, t.start)
	case 1:
		t.cut = true
		w.after(f.long, func() { t.cut = false })
	case 2, 3:
		if n == nil {
			return
		}
		if f.kind == 2 {
			n.up, n.o = false, nil
		} else {
			n.cut = true
		}
		w.after(f.long, func() {
			n.up, n.cut = true, false
			if n.term != w.term {
				n.o = nil
			}
		})
		w.after(Time(300+w.rng.IntN(600)), w.elect)
	case 4:
		if n != nil {
			n.step += Time(f.who%6000) - 2000
		}
	case 5:
		if n != nil {
			n.propose(&JobCancelled{ID(fmt.Sprint("job", f.who%2))})
			n.wake()
		}
	case 6:
		w.submit(f)
	case 7:
		w.begin()
	}
}

func (w *world) submit(f fault) {
	n := w.leader()
	if n == nil {
		w.after(500, func() { w.submit(f) })
		return
	}
	rng := rand.New(rand.NewPCG(uint64(f.who), 3))
	s := DefaultSettings()
	s.Streaming = rng.IntN(2) == 0
	s.BytesPerTask, s.SkewBytes = 64<<10, 128<<10
	s.BroadcastBytes = int64(rng.IntN(4)) << 16
	s.FullFailover = rng.IntN(8) == 0
	s.Restart = DefaultStrategy([]StrategyType{FixedDelay, ExponentialDelay}[rng.IntN(2)])
	if s.Restart.Type == FixedDelay {
		s.Restart.Attempts = 1000
	}
	if rng.IntN(2) == 0 {
		s.Speculation = Speculation{Interval: 100, Ratio: int64(rng.IntN(1000)), Multiplier: 1500, LowerBound: 200}
	}
	if s.Streaming && rng.IntN(2) == 0 {
		checkpointed(&s, Time(100+rng.IntN(500)), 1+rng.IntN(3))
	}
	id := ID(fmt.Sprint("job", f.at%3))
	if n.propose(&JobSubmitted{Job: id, Name: "sim", Settings: s, Plan: simPlan(rng, s.Streaming)}) {
		w.sent[id] = true
		n.wake()
	} else {
		w.after(500, func() { w.submit(f) })
	}
}

// play runs a history to its end and returns what was wrong with it.
func play(seed uint64, faults []fault) (*world, error) {
	w := newWorld(seed, faults)
	for w.broken == nil && len(w.queue) > 0 {
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		e.do()
		w.check()
		w.steps++
		if w.now > w.calm && w.done() {
			return w, w.broken
		}
		if w.now > w.calm+900_000 {
			for j := range w.truth.Jobs {
				if !j.State.Terminal() {
					w.fail("has not ended: %s", describe(j))
				}
			}
			break
		}
	}
	return w, w.broken
}

func (w *world) done() bool {
	for j := range w.truth.Jobs {
		if !j.State.Terminal() {
			return false
		}
	}
	return w.truth.jobs.len() > 0
}

// shrink leaves out faults as long as the history still fails.
func shrink(seed uint64, faults []fault) []fault {
	for i := 0; i < len(faults); {
		fewer := append(append([]fault(nil), faults[:i]...), faults[i+1:]...)
		if _, err := play(seed, fewer); err != nil {
			faults = fewer
		} else {
			i++
		}
	}
	return faults
}

// TestSimulation plays histories of a cluster under faults. LEAT_SIM_SEED replays one; LEAT_SIM_HISTORIES says how many.
func TestSimulation(t *testing.T) {
	first, n := uint64(1), 10_000
	if testing.Short() {
		n = 100
	}
	if v := os.Getenv("LEAT_SIM_HISTORIES"); v != "" {
		var err error
		n, err = strconv.Atoi(v)
		require.NoError(t, err)
	}
	if v := os.Getenv("LEAT_SIM_SEED"); v != "" {
		seed, err := strconv.ParseUint(v, 10, 64)
		require.NoError(t, err)
		first, n = seed, 1
	}
	var mu sync.Mutex
	steps, restarts, rivals, overtook, states := 0, 0, 0, 0, map[JobState]int{}
	complete, restored, next, failed := 0, 0, first, uint64(0)
	take := func() (seed uint64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, next <= first+uint64(n) && failed == 0
	}
	var players sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		players.Go(func() {
			for seed, ok := take(); ok; seed, ok = take() {
				w, err := play(seed, history(seed))
				mu.Lock()
				if err != nil && (failed == 0 || seed < failed) {
					failed = seed
				}
				complete, restored = complete+w.storage.complete, restored+w.storage.restored
				steps, rivals, overtook = steps+w.steps, rivals+w.rivals, overtook+w.overtook
				for j := range w.truth.Jobs {
					if cause, ok := j.RootCause(); j.State == Failed {
						assert.True(t, ok)
						assert.Contains(t, cause.Message, "no resources", "history %d: %s", seed, j.ID)
					}
					states[j.State]++
					restarts += j.Restarts
				}
				mu.Unlock()
			}
		})
	}
	players.Wait()
	if failed != 0 {
		_, err := play(failed, history(failed))
		var b strings.Builder
		for _, f := range shrink(failed, history(failed)) {
			fmt.Fprintf(&b, "  %v\n", f)
		}
		t.Fatalf("history %d: %v\nit fails with these alone (replay by LEAT_SIM_SEED=%d):\n%s", failed, err, failed, b.String())
	}
	t.Logf("%d histories, %d steps, %d restarts, %d rivals of which %d overtook, jobs %v", n, steps, restarts, rivals, overtook, states)
	t.Logf("TaskManagers were told %d times that a checkpoint is complete, %d attempts began with one", complete, restored)
	if n > 1 {
		require.Positive(t, restored)
		require.Positive(t, overtook)
	}
}

func TestSimulationIsRepeatable(t *testing.T) {
	for seed := uint64(1); seed <= 20; seed++ {
		a, err := play(seed, history(seed))
		require.NoError(t, err)
		b, err := play(seed, history(seed))
		require.NoError(t, err)
		require.Equal(t, a.trace, b.trace, "seed %d", seed)
		for _, n := range a.nodes {
			n.catchUp()
			require.Equal(t, a.truth.Snapshot(), n.state.Snapshot())
		}
	}
}
