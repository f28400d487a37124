package chaos

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/integration/processes"
)

var (
	number = flag.Int("faults", 12, "how many faults")
	seed   = flag.Uint64("seed", 1, "of the random numbers")
	rate   = flag.Int64("rate", 500, "events per second")
	onHDFS = flag.Bool("hdfs", false, "have checkpoints and files on LEAT_TEST_HDFS")

	backend   = flag.String("backend", "", "hashmap or pebble; drawn by the seed when empty")
	alignment = flag.String("alignment", "", "aligned, unaligned or the time after which checkpoints become so; drawn by the seed when empty")
)

const (
	patience = processes.Patience
	// perFault is the time in seconds that a fault and what follows it has at most, on average: there are events for it.
	perFault = 30
	// unlimited is the rate, in events per second, when the faults are over.
	unlimited = 100_000
)

var jobID = regexp.MustCompile(`[0-9a-f]{32}`)

func TestExactlyOnceUnderChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes, and ends them")
	}
	run(t, 4, nil)
}

// run runs the pipeline through faults, on Kafka if there are topics.
func run(t *testing.T, splits int64, k *topics) {
	t.Logf("-seed %d -faults %d", *seed, *number)
	rng := rand.New(rand.NewPCG(*seed, 0))
	w := Workload{Splits: splits, Keys: 50, Records: *rate * perFault * int64(*number) / 4 * 4}
	flags := checkpointing(rng)
	t.Log(flags)
	c := newCluster(t, k)
	faults := slices.Concat(processFaults, c.networkFaults(), c.diskFaults(), c.hdfsFaults(), k.faults())
	over, filled := make(chan struct{}), make(chan error, 1)
	if k != nil {
		k.make(t)
		go func() { filled <- k.fill(t.Context(), w, over) }()
	}
	c.submit = func(parallelism int, rate int64, more ...string) {
		c.job = c.pipe(w, k, parallelism, rate, append(slices.Clip(flags), more...))
		c.jobs = append(c.jobs, c.job)
	}
	c.submit(4, *rate)
	began := time.Now()
	checkpoint := 0
	for i := range *number {
		if rng.IntN(4) > 0 {
			checkpoint = c.awaitCheckpoint(checkpoint)
		}
		time.Sleep(span(rng, 2*time.Second))
		if s := c.state(); ended(s) {
			t.Fatalf("the job is %s after %d faults: %s", s, i, c.cause())
		}
		f := draw(rng, faults)
		at := time.Since(began).Round(time.Millisecond)
		t.Logf("%3d %10v %s: %s", i+1, at, f.name, f.do(c, rng))
	}
	t.Logf("the faults are over after %v", time.Since(began).Round(time.Second))
	close(over)
	if k == nil {
		c.hurry()
	}
	state := ""
	require.Eventually(t, func() bool {
		state = c.state()
		return ended(state)
	}, 2*patience, time.Second, "the job does not end")
	require.Equal(t, "FINISHED", state, c.cause())
	t.Logf("ended after %v", time.Since(began).Round(time.Second))
	c.verify(w)
	if k != nil {
		require.NoError(t, <-filled)
		lines := k.lines(t, w.Records)
		countedOnce(t, w, lines)
		inOrder(t, lines)
	}
	c.nothingLeft()
}

// hurry has the job go on without a limit of its rate.
func (c *cluster) hurry() {
	for until := time.Now().Add(patience); ; {
		said, ok := c.rescale(4, unlimited)
		if ok {
			return
		}
		require.True(c.t, time.Now().Before(until), said)
	}
}

// checkpointing is how checkpoints are taken.
func checkpointing(rng *rand.Rand) []string {
	b, a := pick(rng, []string{"hashmap", "pebble"}), pick(rng, []string{"aligned", "unaligned", "200 ms"})
	if *backend != "" {
		b = *backend
	}
	if *alignment != "" {
		a = *alignment
	}
	flags := []string{"-D", "state.backend.type=" + b, "-D", "state.backend.pebble.memory=32 kb",
		"-D", "execution.state-recovery.from-local=" + pick(rng, []string{"true", "false"})}
	if a != "aligned" {
		flags = append(flags, "-D", "execution.checkpointing.unaligned.enabled=true")
		if a != "unaligned" {
			flags = append(flags, "-D", "execution.checkpointing.aligned-checkpoint-timeout="+a)
		}
	}
	return flags
}

// pipe starts the pipeline and returns its id.
func (c *cluster) pipe(w Workload, k *topics, parallelism int, rate int64, flags []string) string {
	args := append([]string{"-d", "-p", fmt.Sprint(parallelism), "-D", "execution.runtime-mode=STREAMING",
		"-D", "execution.checkpointing.interval=300 ms", "-D", "execution.checkpointing.dir=" + c.storage + "/checkpoints",
		"-D", "execution.checkpointing.tolerable-failed-checkpoints=1000000",
		"-D", "restart-strategy.type=fixed-delay", "-D", "restart-strategy.fixed-delay.attempts=1000000", "-D", "restart-strategy.fixed-delay.delay=100 ms",
	}, flags...)
	args = append(args, c.pipeline, "--records", fmt.Sprint(w.Records), "--splits", fmt.Sprint(w.Splits), "--keys", fmt.Sprint(w.Keys), "--rate", fmt.Sprint(rate),
		"--output", c.storage+"/out")
	if k != nil {
		args = append(args, "--brokers", k.brokers, "--in", k.in, "--out", k.out)
	}
	id := jobID.FindString(c.run("run", args...))
	require.NotEmpty(c.t, id)
	return id
}

// state is that of the job, or why it is not known.
func (c *cluster) state() string {
	d, err := c.client.Job(c.t.Context(), c.job)
	if err != nil {
		return err.Error()
	}
	return d.State
}

func ended(state string) bool {
	return slices.Contains([]string{"FINISHED", "FAILED", "CANCELED"}, state)
}

// cause is the latest failure of the job.
func (c *cluster) cause() string {
	h, err := c.client.Exceptions(c.t.Context(), c.job)
	if err != nil || len(h.Entries) == 0 {
		return fmt.Sprint("no failure is known: ", err)
	}
	return h.Entries[len(h.Entries)-1].Stacktrace
}
