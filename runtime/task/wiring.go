package task

import (
	"context"
	"time"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/column"
)

// Spec describes one operator of a task.
type Spec struct {
	ID, Name string
	// Operator is the sub-task's own instance.
	Operator operator.Operator
	// Inputs is the number of logical inputs.
	Inputs int
	// SideOutputs names the outputs from port 1 on.
	SideOutputs []string
	// Rows returns an empty batch for the rows of a logical input.
	Rows func(input int) *column.Batch
	// Upstream is the index of the chained operator before this one, Port its output; -1 for the head of the task.
	Upstream, Port int
	// Ask sends a request to the operator's coordinator and waits for the answer.
	Ask     func(ctx context.Context, request []byte) ([]byte, error)
	Metrics *operator.Metrics
}

// Edge is an outgoing edge of a task: what operator From emits on Port goes to Writer's channels.
type Edge struct {
	From, Port  int
	Strategy    shuffle.Strategy
	Partitioner shuffle.Partitioner
	Channels    []shuffle.Sender
	// To is the id of the operator that takes the rows, Input which logical input of it; channels of edges whose barriers may
	// overtake rows are in the order of its sub-tasks.
	To    string
	Input int
}

// Connect adds a channel into logical input of the task's head operator.
func (t *Task) Connect(input int, s shuffle.Strategy) *shuffle.Channel {
	t.nodes[0].inputs[input]++
	t.strategy, t.done = append(t.strategy, s), append(t.done, false)
	return t.gate.Connect(input)
}

// Wire connects the operators with each other and with the edges.
func (t *Task) Wire(edges []Edge) {
	head := t.nodes[0]
	head.valve = newValve(len(t.gate.Channels()))
	for i, n := range t.nodes {
		targets := map[int][]target{}
		ports := 1
		for j, m := range t.nodes {
			if j > i && m.spec.Upstream == i {
				targets[m.spec.Port] = append(targets[m.spec.Port], target{node: m})
				ports = max(ports, m.spec.Port+1)
			}
		}
		for _, e := range edges {
			if e.From == i {
				w := shuffle.NewWriter(e.Strategy, e.Partitioner, e.Channels, t.cfg.Network, t.wake)
				t.writers, t.edges = append(t.writers, w), append(t.edges, e)
				targets[e.Port] = append(targets[e.Port], target{writer: w})
				ports = max(ports, e.Port+1)
			}
		}
		n.ctx = t.context(n)
		for p := range ports {
			o := &operator.Output{}
			t.connect(o, targets[p])
			n.ctx.Outputs = append(n.ctx.Outputs, o)
		}
	}
}

func (t *Task) context(n *node) *operator.Context {
	c, s := t.cfg, n.spec
	ctx := &operator.Context{
		JobID: c.JobID, JobName: c.JobName, OperatorID: s.ID, Name: s.Name,
		Subtask: c.Subtask, Parallelism: c.Parallelism, MaxParallelism: c.MaxParallelism, Attempt: c.Attempt,
		Mode: c.Mode, Inputs: s.Inputs, SideOutputs: s.SideOutputs, Clock: c.Clock, Metrics: s.Metrics, Memory: c.Memory, Spill: c.Spill, State: c.State,
		Logger:                c.Logger.With("operator", s.Name, "subtask", c.Subtask),
		AutoWatermarkInterval: c.AutoWatermarkInterval.Milliseconds(),
		Wake:                  func() { t.mu.Lock(); t.srcWait = false; t.mu.Unlock(); t.wake() },
		Pause:                 func() { n.paused = true },
		Ask:                   s.Ask,
		BackPressured:         func() time.Duration { return time.Duration(t.Stats.BackPressured.Load()) },
	}
	if c.Mode == operator.Streaming {
		ctx.Portion = func() int { return int(t.portion.rows.Load()) }
	}
	ctx.Post = func(f func() (bool, error)) {
		t.mu.Lock()
		if !t.closed {
			t.mail = append(t.mail, letter{n, f})
		}
		t.mu.Unlock()
		t.wake()
	}
	ctx.WakeAt = func(at int64) {
		if n.wakeAt == 0 || at < n.wakeAt {
			n.wakeAt = at
		}
	}
	return ctx
}
