package task

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/state"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/storage/checkpoint"
	"github.com/leatproject/leat/storage/clock"
	"github.com/leatproject/leat/storage/column"
	"github.com/leatproject/leat/storage/filesystem"
)

// row is numbered by its source.
type row struct{ Source, Number, Key int }

// emitter is a source of rows.
type emitter struct {
	operator.Base
	ctx         *operator.Context
	left        int
	batch, keys int
	at          map[uint64]int // by checkpoint, what was emitted before
	emitted     int
}

func (s *emitter) Open(ctx *operator.Context) error {
	s.ctx, s.at = ctx, map[uint64]int{}
	return nil
}

func (s *emitter) Poll() (operator.Availability, error) {
	if s.emitted >= s.left {
		return operator.Waiting, nil
	}
	rows := make([]row, min(s.batch, s.left-s.emitted))
	for i := range rows {
		rows[i] = row{s.ctx.Subtask, s.emitted, (s.emitted*7919 + s.ctx.Subtask) % s.keys}
		s.emitted++
	}
	s.ctx.Outputs[0].Send(column.BatchOf(rows))
	return operator.Ready, nil
}

func (s *emitter) Process(int, *column.Batch) (bool, error) { return false, nil }

func (s *emitter) Barrier(id uint64) (func(context.Context) error, error) {
	s.at[id] = s.emitted
	return nil, nil
}

// relay passes on what it sees, after it has spent some time on each row.
type relay struct {
	operator.Base
	ctx   *operator.Context
	seen  []row
	at    map[uint64]int
	cost  time.Duration
	clock *clock.Virtual
}

func (r *relay) Open(ctx *operator.Context) error {
	r.ctx, r.at = ctx, map[uint64]int{}
	return nil
}

func (r *relay) Process(_ int, b *column.Batch) (bool, error) {
	if r.cost > 0 {
		r.clock.Advance(time.Duration(b.Len()) * r.cost)
	}
	r.seen = append(r.seen, column.Rows[row](b)...)
	r.ctx.Outputs[0].Send(b)
	return false, nil
}

func (r *relay) Barrier(id uint64) (func(context.Context) error, error) {
	r.at[id] = len(r.seen)
	return nil, nil
}

// requirer is a *testing.T or a *rapid.T.
type requirer interface {
	require.TestingT
	Helper()
}

// rig is a pipeline of three vertices: sources, by hash to relays, in turn to more relays, whose output goes to gates that the
// test reads.
type rig struct {
	t        requirer
	clock    *clock.Virtual
	store    *checkpoint.Store
	memory   *shuffle.Memory
	tasks    [3][]*Task
	emitters []*emitter
	relays   [2][]*relay
	drains   []*shuffle.Gate

	mu      sync.Mutex
	writers map[uint64]*checkpoint.Writer
	acks    map[uint64]map[*Task]Acknowledgement
	acked   chan struct{}
}

type rigOptions struct {
	parallelism [3]int
	unaligned   bool
	timeout     time.Duration
	rows, batch int
	cost        time.Duration // of a row at each relay
	memory      int64
	restored    map[string]*Restored
	clock       clock.Clock // that of the rig if nil
	// channel makes a channel from one task to another, which is new; nil connects them directly.
	channel func(edge, from, to int, c *shuffle.Channel) shuffle.Sender
}

var rigIDs = [3]string{"source", "middle", "sink"}

func hashRows(b *column.Batch, out []uint64) error {
	for i, r := range column.Rows[row](b) {
		out[i] = (uint64(r.Key) + 1) * 0x9e3779b97f4a7c15
	}
	return nil
}

const rigMaxParallelism = 128

func newRig(t requirer, dir string, o rigOptions) *rig {
	r := &rig{t: t, clock: clock.NewVirtual(time.UnixMilli(0)), store: checkpoint.NewStore(filesystem.Local(), dir), memory: shuffle.NewMemory(o.memory),
		writers: map[uint64]*checkpoint.Writer{}, acks: map[uint64]map[*Task]Acknowledgement{}, acked: make(chan struct{}, 1000)}
	if o.clock == nil {
		o.clock = r.clock
	}
	for v, p := range o.parallelism {
		for s := range p {
			r.tasks[v] = append(r.tasks[v], r.task(o, v, s))
		}
	}
	edges := map[*Task][]Edge{}
	for v := range 2 {
		for s, t := range r.tasks[v] {
			e := Edge{Strategy: shuffle.Rebalance, Partitioner: shuffle.NewRoundRobin(s), To: rigIDs[v+1]}
			if v == 0 {
				e.Strategy, e.Partitioner = shuffle.Hash, &shuffle.ByHash{Hashes: hashRows, MaxParallelism: rigMaxParallelism}
			}
			for i, to := range r.tasks[v+1] {
				c := to.Connect(0, e.Strategy)
				if o.channel != nil {
					e.Channels = append(e.Channels, o.channel(v, s, i, c))
				} else {
					e.Channels = append(e.Channels, c)
				}
			}
			edges[t] = []Edge{e}
		}
	}
	for _, t := range r.tasks[2] {
		g := shuffle.NewGate(r.memory, func() {})
		r.drains = append(r.drains, g)
		edges[t] = []Edge{{Strategy: shuffle.Forward, Channels: []shuffle.Sender{g.Connect(0)}}}
	}
	for v := range r.tasks {
		for _, t := range r.tasks[v] {
			t.Wire(edges[t])
		}
	}
	return r
}

func (r *rig) task(o rigOptions, v, s int) *Task {
	first, last := shuffle.Prefixes(s, rigMaxParallelism, o.parallelism[v])
	var t *Task
	cfg := Config{Name: rigIDs[v], Subtask: s, Parallelism: o.parallelism[v], MaxParallelism: rigMaxParallelism, Clock: o.clock,
		Logger: slog.New(slog.DiscardHandler), Network: r.memory, Checkpoints: &Checkpoints{Unaligned: o.unaligned, AlignedTimeout: o.timeout,
			Keys: state.Range{First: first, Last: last}, Restored: o.restored,
			Target:      func(_ context.Context, id uint64) (*checkpoint.Writer, error) { return r.target(id) },
			Acknowledge: func(id uint64, a Acknowledgement, err error) { r.acknowledge(t, id, a, err) }}}
	spec := Spec{ID: rigIDs[v], Name: rigIDs[v], Inputs: 1, Upstream: -1, Metrics: new(operator.Metrics), Rows: func(int) *column.Batch { return column.NewBatch[row]() }}
	if v == 0 {
		e := &emitter{left: o.rows, batch: max(1, o.batch), keys: 50}
		r.emitters = append(r.emitters, e)
		spec.Operator, spec.Inputs = e, 0
	} else {
		x := &relay{cost: o.cost, clock: r.clock}
		r.relays[v-1] = append(r.relays[v-1], x)
		spec.Operator = x
	}
	t = New(cfg, []Spec{spec})
	return t
}

func (r *rig) target(id uint64) (w *checkpoint.Writer, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w = r.writers[id]; w == nil {
		w, err = r.store.Create(context.Background(), id, "w", checkpoint.LZ4)
		r.writers[id] = w
	}
	return w, err
}

func (r *rig) acknowledge(t *Task, id uint64, a Acknowledgement, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	require.NoError(r.t, err)
	if r.acks[id] == nil {
		r.acks[id] = map[*Task]Acknowledgement{}
	}
	r.acks[id][t] = a
	r.acked <- struct{}{}
}

// all are the tasks.
func (r *rig) all() (all []*Task) {
	for _, ts := range r.tasks {
		all = append(all, ts...)
	}
	return all
}

// open opens the tasks, those that receive first.
func (r *rig) open(ctx context.Context) {
	all := r.all()
	for i := len(all) - 1; i >= 0; i-- {
		require.NoError(r.t, all[i].Open(ctx))
	}
}

// settle gives the tasks turns until none has anything to do.
func (r *rig) settle() {
	for worked := true; worked; {
		worked = false
		for _, t := range r.all() {
			w, err := t.Turn()
			require.NoError(r.t, err)
			worked = worked || w
		}
	}
}

// drain reads what has come out.
func (r *rig) drain() (any bool) {
	for _, g := range r.drains {
		for {
			_, e, ok := g.Receive()
			if !ok {
				break
			}
			any = true
			if e.Batch != nil {
				e.Batch.Release()
			}
		}
	}
	return any
}

// done waits for what the tasks' helpers write and tells whether all tasks have acknowledged; it does not wait for those that have
// not all to write.
func (r *rig) done(id uint64) bool {
	writing := func() bool {
		for _, t := range r.all() {
			r.mu.Lock()
			_, acked := r.acks[id][t]
			r.mu.Unlock()
			if t.begun >= id && t.saving == nil && !acked {
				return true
			}
		}
		return false
	}
	for r.settle(); writing(); r.settle() {
		var woken *Task
		for _, t := range r.all() {
			if _, acked := r.acks[id][t]; !acked && t.begun >= id && t.saving == nil {
				woken = t
			}
		}
		if woken != nil {
			<-woken.woken
		}
	}
	return len(r.acks[id]) == len(r.all())
}

// restored is the state of a checkpoint that all have acknowledged.
func (r *rig) restored(id uint64) map[string]*Restored {
	require.NoError(r.t, r.writers[id].Close())
	all := map[string]*Restored{}
	open := func(name string) (*checkpoint.Reader, error) { return r.store.Open(context.Background(), name) }
	for _, name := range rigIDs {
		all[name] = &Restored{Open: open}
	}
	for _, t := range r.all() {
		for _, s := range r.acks[id][t].InFlight {
			all[s.ID].InFlight = append(all[s.ID].InFlight, s.Indexes...)
		}
	}
	return all
}

func (r *rig) close() {
	for _, t := range r.all() {
		require.NoError(r.t, t.Close())
	}
	for _, g := range r.drains {
		g.Close()
	}
}

// whole checks that each row is there once, given the number that each source has sent.
func whole(t requirer, sent []int, parts ...[]row) {
	t.Helper()
	seen := map[row]bool{}
	for _, p := range parts {
		for _, x := range p {
			require.False(t, seen[x], "twice: %+v", x)
			require.Less(t, x.Number, sent[x.Source])
			seen[x] = true
		}
	}
	all := 0
	for _, n := range sent {
		all += n
	}
	require.Len(t, seen, all)
}

// sequence checks moreover that the rows of each source and key are in order, in parts of which the later ones follow.
func sequence(t requirer, sent []int, parts ...[]row) {
	t.Helper()
	whole(t, sent, parts...)
	last := map[[2]int]int{}
	for _, p := range parts {
		for _, x := range p {
			k := [2]int{x.Source, x.Key}
			require.GreaterOrEqual(t, x.Number, last[k], "%+v", x)
			last[k] = x.Number
		}
	}
}

// ownerOf is the relay behind the sources that a row belongs to.
func ownerOf(x row, parallelism int) int {
	var h [1]uint64
	_ = hashRows(column.BatchOf([]row{x}), h[:])
	return shuffle.Subtask(shuffle.KeyGroup(h[0], rigMaxParallelism), rigMaxParallelism, parallelism)
}
