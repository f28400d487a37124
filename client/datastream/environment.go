package datastream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/leatproject/leat/runtime/config"
	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/spill"
)

// Environment holds a program while it is built. It is used by one goroutine.
type Environment struct {
	conf   *config.Configuration
	clock  clock.Clock
	logger *slog.Logger
	nodes  []*node
	errs   []error
	// alignments are the groups of sources whose watermarks are aligned.
	alignments map[string]*operator.AlignmentGroup
	// ctx is that of OnClient. executing is set while Execute runs a job.
	ctx       context.Context
	executing atomic.Bool
	running   atomic.Pointer[runningJob]
	attached  map[any]any
	// spillFS is where spill files are made; nil is the real file system.
	spillFS spill.FS
}

// Option sets something of a new Environment.
type Option func(*Environment)

// WithConfig sets a configuration key; it wins over the file, the environment and the command line.
func WithConfig(key, value string) Option {
	return func(e *Environment) { e.note(e.conf.Set(key, value)) }
}

// WithClock replaces the clock of processing time, for tests.
func WithClock(c clock.Clock) Option { return func(e *Environment) { e.clock = c } }

// WithLogger replaces the logger; the default writes warnings and errors to stderr.
func WithLogger(l *slog.Logger) Option { return func(e *Environment) { e.logger = l } }

// WithSpillFS replaces the file system of spill files, for tests.
func WithSpillFS(fs spill.FS) Option { return func(e *Environment) { e.spillFS = fs } }

// WithContext sets the context of OnClient.
func WithContext(ctx context.Context) Option { return func(e *Environment) { e.ctx = ctx } }

// NewEnvironment returns an empty program. Its configuration comes from config.yaml and LEAT_* variables (see package
// config), then from the options; os.Args is not looked at. A configuration that cannot be read is reported by Execute.
func NewEnvironment(options ...Option) *Environment {
	conf, err := config.FromEnvironment()
	if conf == nil {
		conf = config.New()
	}
	e := &Environment{conf: conf, clock: clock.Real, ctx: context.Background(), logger: newLogger(conf)}
	e.note(err)
	for _, o := range options {
		o(e)
	}
	return e
}

// newLogger writes warnings and errors to stderr, in the form that cluster.log-format says.
func newLogger(conf *config.Configuration) *slog.Logger {
	opt := &slog.HandlerOptions{Level: slog.LevelWarn}
	if config.Get(conf, config.LogFormat) == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opt))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opt))
}

// Set sets a configuration key of the program.
func (e *Environment) Set(key, value string) *Environment {
	e.note(e.conf.Set(key, value))
	return e
}

// SetParallelism sets the parallelism of operators that name none, which otherwise is the number of processors. In BATCH on a
// cluster it is the highest that is chosen for them.
func (e *Environment) SetParallelism(n int) *Environment {
	return e.Set(config.DefaultParallelism.Key, fmt.Sprint(n))
}

// SetRuntimeMode sets STREAMING, BATCH or AUTOMATIC.
func (e *Environment) SetRuntimeMode(mode string) *Environment {
	return e.Set(config.RuntimeMode.Key, mode)
}

func (e *Environment) note(err error) {
	if err != nil {
		e.errs = append(e.errs, err)
	}
}

// fail notes a mistake in the program together with the line that made it.
func (e *Environment) fail(err error) {
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s: %w", caller(), err))
	}
}

// Fail notes a mistake in the program, which Execute then reports together with the line that made it. It is for packages of
// sources and sinks.
func (e *Environment) Fail(err error) { e.fail(err) }

// Configuration is what the program is configured with, for packages that have options of their own there. It is not to be changed.
func (e *Environment) Configuration() *config.Configuration { return e.conf }

// Clock is the clock of processing time, for packages of sources and sinks.
func (e *Environment) Clock() clock.Clock { return e.clock }

// Logger is where sources and sinks have their say.
func (e *Environment) Logger() *slog.Logger { return e.logger }

// Context is that of WithContext.
func (e *Environment) Context() context.Context { return e.ctx }

// Attached returns what a package keeps with the program under a key of its own; make makes it at the first call.
func (e *Environment) Attached(key any, make func() any) any {
	if _, ok := e.attached[key]; !ok {
		if e.attached == nil {
			e.attached = map[any]any{}
		}
		e.attached[key] = make()
	}
	return e.attached[key]
}

// caller is the first place outside the packages of the API, as file:line.
func caller() string {
	pcs := make([]uintptr, 16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		f, more := frames.Next()
		if !strings.Contains(f.Function, "leat/client/datastream") || strings.HasSuffix(f.File, "_test.go") {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "program"
		}
	}
}

// problems returns what is wrong with the program so far.
func (e *Environment) problems() error { return errors.Join(e.errs...) }

func (e *Environment) parallelism() int {
	if p := config.Get(e.conf, config.DefaultParallelism); p > 0 {
		return p
	}
	return runtime.GOMAXPROCS(0)
}

// node is an operator of the program and its code.
type node struct {
	graph.Node
	operator     func(mode operator.Mode) operator.Operator
	coordinator  func() operator.Coordinator
	partitioners []partitioner          // by input
	rows         []func() *column.Batch // empty batches of each input's row type, by input
	// source is the *sourceSettings[T] of sources.
	source any
	// batch is what the node is in BATCH with combiners in front of it; nil if it has none. combines is set for combiners:
	// the node behind which they stand.
	batch    *batchForm
	combines *node
	// spills says that the operator needs a place for spilling in STREAMING too.
	spills bool
	// collects is set if the operator hands rows to main().
	collects *collecting
	// fixed is the only parallelism that the operator can have; 0 for any.
	fixed int
	// body is called when the operator stands in the body of an iteration, see node.enter; nil for those that cannot.
	body func(n *node, inner []bool) error
	// sizedAs is the node whose parallelism and slots the operator shares; nil for most.
	sizedAs *node
	// owns is what the sink owns outside the program; see sink.Exclusive.
	owns string
	// sides holds the type of each side output that is read, by name.
	sides map[string]string
}

// partitioner makes the partitioner of an input for one producing sub-task; nil where the strategy needs none.
type partitioner func(subtask, maxParallelism int) shuffle.Partitioner

// add appends a node to the program.
func (e *Environment) add(n *node) *node {
	n.ID = len(e.nodes) + 1
	if n.Chaining == "" {
		n.Chaining = graph.ChainAlways
	}
	if n.fixed > 0 {
		n.Parallelism = n.fixed
	}
	e.nodes = append(e.nodes, n)
	return n
}

// graph returns the program as data.
func (e *Environment) graph(name string, mode operator.Mode) *graph.StreamGraph {
	g := &graph.StreamGraph{Version: graph.Version, Name: name, Mode: mode.String()}
	e.size(g, mode)
	widest := max(1, g.AutoParallelism)
	for _, n := range e.nodes {
		widest = max(widest, n.Parallelism)
	}
	e.settle()
	combiners := e.combine(mode)
	for _, n := range e.nodes {
		if n.combines != nil && !combiners[n] {
			continue
		}
		for i := range n.Inputs {
			in := &n.Inputs[i]
			if in.Strategy != "" {
				continue
			}
			in.Strategy = shuffle.Forward
			if !forwards(e.nodes[in.From-1], n) {
				in.Strategy, n.partitioners[i] = shuffle.Rebalance, roundRobin
			}
		}
		g.Nodes = append(g.Nodes, n.Node)
	}
	g.MaxParallelism = config.Get(e.conf, config.MaxParallelism)
	if g.MaxParallelism == 0 {
		g.MaxParallelism = graph.MaxParallelism(widest)
	}
	return g
}

// code implements task.Code.
type code struct {
	nodes []*node
	mode  operator.Mode
	// remote is set in a worker: rows that main() gets go to the cluster.
	remote bool
}

// spills tells whether an operator may need a place for what does not fit into memory.
func (c code) spills() bool {
	return c.mode == operator.Batch || slices.ContainsFunc(c.nodes, func(n *node) bool { return n.spills })
}

func (c code) node(id int) *node { return c.nodes[id-1] }

func (c code) Operator(id int) operator.Operator {
	n := c.node(id)
	if c.remote && n.collects != nil {
		return n.collects.remote(c.mode)
	}
	return n.operator(c.mode)
}

func (c code) Partitioner(id, index, subtask, maxParallelism int) shuffle.Partitioner {
	n := c.node(id)
	if p := n.partitioners[index]; p != nil {
		return p(subtask, maxParallelism)
	}
	return nil
}

// Rows implements task.Code.
func (c code) Rows(id, index int) *column.Batch { return c.node(id).rows[index]() }

func (c code) Coordinator(id int) operator.Coordinator {
	if f := c.node(id).coordinator; f != nil {
		return f()
	}
	return nil
}
