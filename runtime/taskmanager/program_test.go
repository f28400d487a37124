package taskmanager

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/worker"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/connector/slice"
	"github.com/leatproject/leat/storage/source"
)

// The test binary is also the program that TaskManagers start, and a TaskManager that tests kill.
func TestMain(m *testing.M) {
	if p := worker.Started(); p != nil {
		os.Exit(program(p))
	}
	if masters := os.Getenv(masterVariable); masters != "" {
		os.Exit(supervisor(masters))
	}
	goleak.VerifyTestMain(m)
}

// program is a user's main(): two Executes, the first of which has been before.
func program(p *worker.Process) int {
	first, err := p.Execute(nil)
	if err == nil && first.State != "FINISHED" {
		err = fmt.Errorf("the first Execute was %s", first.State)
	}
	if err == nil {
		_, err = p.Execute(func(s *rpc.Start) (*worker.Job, error) { return build(os.Args[1:]) })
	}
	fmt.Fprintln(os.Stderr, "program ends:", err)
	return 1
}

// build makes the job that the arguments name.
func build(args []string) (*worker.Job, error) {
	kind := args[0]
	if kind == "broken" {
		panic("main is broken")
	}
	p := &wordCount{kind: kind}
	mode := operator.Streaming
	if kind == "batch" {
		mode = operator.Batch
	}
	return &worker.Job{Graph: p.graph(), Program: p, Options: worker.Options{Mode: mode, Clock: clock.Real,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), BufferTimeout: 5 * time.Millisecond, TaskMemory: 1 << 20}}, nil
}

const text = "to be or not to be that is the question"

// rounds is how often the text is counted.
const rounds = 500

// wordCount is source (2) -> hash -> count (2). Counts are printed at the end, or every time when the source has none.
type wordCount struct{ kind string }

func (w *wordCount) graph() *graph.JobGraph {
	name := "Source"
	if w.kind == "varying" {
		name = fmt.Sprint("Source of ", os.Getpid())
	}
	g := &graph.StreamGraph{Version: graph.Version, Name: "word count", Mode: "STREAMING", MaxParallelism: 128, Nodes: []graph.Node{
		{ID: 1, Kind: graph.Source, Name: name, Parallelism: 2, Chaining: graph.ChainAlways, Bounded: w.kind != "endless", Output: "string"},
		{ID: 2, Kind: graph.Operator, Name: "Count", Parallelism: 2, Chaining: graph.ChainAlways, Inputs: []graph.Input{{From: 1, Strategy: shuffle.Hash}}},
		{ID: 3, Kind: graph.Sink, Name: "Print", Parallelism: 2, Chaining: graph.ChainAlways, Inputs: []graph.Input{{From: 2, Strategy: shuffle.Forward}}},
	}}
	return graph.Chain(g, true)
}

func (w *wordCount) source() source.Source {
	return slice.FromSlice(slices.Repeat(strings.Fields(text), rounds))
}

// ticking is a source that never ends.
type ticking struct {
	operator.Base
	ctx *operator.Context
}

func (s *ticking) Open(ctx *operator.Context) error { s.ctx = ctx; return nil }

func (s *ticking) Poll() (operator.Availability, error) {
	s.ctx.Output(0).Send(column.BatchOf(strings.Fields(text)))
	s.ctx.WakeAt(s.ctx.Clock.Now().UnixMilli() + 5)
	return operator.Waiting, nil
}

func (s *ticking) Process(int, *column.Batch) (bool, error) { return false, nil }

func (s *ticking) Tick(int64) (bool, error) { s.ctx.Wake(); return false, nil }

func (w *wordCount) Operator(node int) operator.Operator {
	switch {
	case node == 1 && w.kind == "endless":
		return &ticking{}
	case node == 1:
		return &operator.Source[string]{Sources: []source.Source{w.source()}}
	case node == 2 && w.kind == "deaf":
		return &deaf{}
	case node == 2:
		return &count{words: map[string]int{}}
	}
	return &printer{}
}

func (w *wordCount) Partitioner(node, _, _, maxParallelism int) shuffle.Partitioner {
	if node != 2 {
		return nil
	}
	hash, err := column.Hasher[string]()
	if err != nil {
		panic(err)
	}
	return &shuffle.ByHash{MaxParallelism: maxParallelism, Hashes: func(b *column.Batch, out []uint64) error {
		hash(column.Rows[string](b), out)
		return nil
	}}
}

func (w *wordCount) Coordinator(node int) operator.Coordinator {
	if node == 1 {
		return &operator.SplitCoordinator{Sources: []source.Source{w.source()}}
	}
	return nil
}

func (w *wordCount) Rows(int, int) *column.Batch { return column.NewBatch[string]() }

type count struct {
	operator.Base
	ctx   *operator.Context
	words map[string]int
}

func (c *count) Open(ctx *operator.Context) error { c.ctx = ctx; return nil }

func (c *count) Process(_ int, b *column.Batch) (bool, error) {
	for _, w := range column.Rows[string](b) {
		c.words[w]++
	}
	c.ctx.Metrics.Counter("counted").Add(int64(b.Len()))
	b.Release()
	return false, nil
}

// Advance prints at the end of time, which comes before the end of the input in both modes.
func (c *count) Advance(watermark int64) (bool, error) {
	if watermark != shuffle.MaxWatermark {
		return false, nil
	}
	var lines []string
	for w, n := range c.words {
		lines = append(lines, fmt.Sprintf("%s %d", w, n))
	}
	c.ctx.Output(0).Send(column.BatchOf(lines))
	return false, nil
}

// printer prints and prepares what it has printed for a commit.
type printer struct{ operator.Base }

func (p *printer) Process(_ int, b *column.Batch) (bool, error) {
	for _, line := range column.Rows[string](b) {
		fmt.Println(line)
	}
	b.Release()
	return false, nil
}

// deaf does not listen to a cancellation.
type deaf struct{ operator.Base }

func (d *deaf) Process(int, *column.Batch) (bool, error) {
	fmt.Println("deaf")
	select {}
}

// supervisor is a TaskManager as a process of its own.
func supervisor(masters string) int {
	dir, err := os.MkdirTemp("", "taskmanager")
	if err != nil {
		return 1
	}
	defer os.RemoveAll(dir)
	t, err := New(options(dir, os.Getenv("TEST_RESOURCE"), masters))
	if err == nil {
		err = t.Run(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}
