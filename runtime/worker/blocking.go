package worker

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/operator"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/blocking"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
	"github.com/leatproject/leat/storage/column"
)

// staged tells whether an edge of the job is blocking: the vertices that it connects run one after the other.
func (w *worker) staged(e graph.Edge) bool {
	return w.opt.Mode == operator.Batch && !w.job.Pipelined(e.From, e.To)
}

// stageName names what the tasks of a vertex write for an edge of another one.
func stageName(from, to, edge int) string { return fmt.Sprintf("%d-%d-%d", from, to, edge) }

// subpartitions is the number of pieces in which the output for an edge is written.
func subpartitions(e graph.Edge, producers int, to *graph.Vertex) int {
	switch e.Strategy {
	case shuffle.Forward, shuffle.Global, shuffle.Broadcast:
		return 1
	case shuffle.Rescale:
		return (to.Parallelism + producers - 1) / producers
	}
	return to.MaxParallelism
}

// scaled spreads rows over fewer channels than there are sub-partitions, evenly among them: for edges where any will do, so that
// rows of a batch stay together, and for those that name a sub-task.
type scaled struct {
	shuffle.Partitioner
	channels int
}

// Select implements shuffle.Partitioner.
func (p scaled) Select(b *column.Batch, out []uint32, n int) error {
	if err := p.Partitioner.Select(b, out, p.channels); err != nil {
		return err
	}
	for i, c := range out {
		out[i] = uint32((int(c)*n + p.channels - 1) / p.channels)
	}
	return nil
}

// spread is how many sub-partitions an edge uses on which any consumer may have any row.
const spread = 64

// own sends all rows to one channel.
type own struct{ channel uint32 }

// Select implements shuffle.Partitioner.
func (p own) Select(_ *column.Batch, out []uint32, _ int) error {
	for i := range out {
		out[i] = p.channel
	}
	return nil
}

// replicates tells whether the tasks of a vertex read all of their replicable inputs.
func (x *wiring) replicates(vertex int) bool {
	return slices.Contains(x.deployment.Broadcast, int32(vertex))
}

// stagePartitioner returns what spreads the rows of a producer over the sub-partitions of an edge into vertex number.
func (x *wiring) stagePartitioner(e graph.Edge, number, pieces int) shuffle.Partitioner {
	to := &x.w.job.Vertices[number]
	switch {
	case pieces == 1:
		return nil
	case x.replicates(number) && !e.Replicable:
		from, _ := shuffle.KeyGroups(int(x.r.attempt.Subtask), pieces, int(x.deployment.Parallelism))
		return own{uint32(min(from, pieces-1))}
	}
	p := x.w.program.Partitioner(e.To, e.Index, int(x.r.attempt.Subtask), to.MaxParallelism)
	switch e.Strategy {
	case shuffle.Rebalance, shuffle.Shuffle:
		return scaled{p, min(pieces, max(spread, 4*cmp.Or(to.Parallelism, x.w.job.AutoParallelism)))}
	case shuffle.Custom:
		return scaled{p, min(pieces, to.Parallelism)}
	}
	return p
}

// stageOutput makes the writer of edge k into vertex to.
func (x *wiring) stageOutput(to, k int, e graph.Edge) (task.Edge, error) {
	target := &x.w.job.Vertices[to]
	pieces := subpartitions(e, int(x.deployment.Parallelism), target)
	s, err := x.w.store.Stage(stageName(int(x.deployment.Vertex), to, k), pieces)
	if err != nil {
		return task.Edge{}, err
	}
	w, err := s.Writer(x.me(), x.stagePartitioner(e, to, pieces), x.r.fail)
	if err != nil {
		return task.Edge{}, err
	}
	x.r.outputs = append(x.r.outputs, output{to, k, s, w})
	return task.Edge{From: slices.Index(x.v.Nodes, e.From), Port: e.Port, Strategy: shuffle.Forward, Channels: []shuffle.Sender{w}}, nil
}

// stageInput makes the channels of edge k from the outputs of a finished vertex: one for each TaskManager that has any. Those of
// this worker are read here; what workers before it have left, the TaskManager sends.
func (x *wiring) stageInput(k int, e graph.Edge, peers *rpc.Peers) error {
	from := slices.IndexFunc(x.w.job.Vertices, func(v graph.Vertex) bool { return slices.Contains(v.Nodes, e.From) })
	producers := len(peers.TaskManagers)
	q := blocking.Request{Stage: stageName(from, int(x.deployment.Vertex), k)}
	if q.From, q.To = x.share(e, producers); q.From >= q.To {
		return x.nothing(e)
	}
	byPlace := map[uint32][]wire.Task{}
	var order []uint32
	first, last := x.piece(e, producers)
	for p, tm := range peers.TaskManagers[:last] {
		if p < first {
			continue
		}
		if e.Strategy == shuffle.Forward || e.Strategy == shuffle.Rescale {
			if lo, hi := partners(e.Strategy, p, producers, int(x.deployment.Parallelism)); int(x.r.attempt.Subtask) < lo || int(x.r.attempt.Subtask) >= hi {
				continue
			}
		}
		if byPlace[tm] == nil {
			order = append(order, tm)
		}
		byPlace[tm] = append(byPlace[tm], wire.Task{Vertex: x.w.job.Vertices[from].ID, Subtask: p, Attempt: int(peers.Attempts[p])})
	}
	if len(order) == 0 {
		return x.nothing(e)
	}
	var in *network.Input
	for _, tm := range order {
		q := q
		q.Tasks = byPlace[tm]
		ch := whole{x.r.task.Connect(e.Number, e.Strategy)}
		if tm == x.w.start.TaskManager && x.w.store.Has(q.Stage, q.Tasks) {
			x.connect = append(x.connect, func() { x.w.group.Go(func() { x.w.deliver(x.r, q, x.w.program.Rows(e.To, e.Index), ch) }) })
			continue
		}
		peer, err := x.w.peer(x.order, tm)
		if err != nil {
			return err
		}
		if in == nil {
			in = x.w.bulk.Input(x.w.program.Rows(e.To, e.Index), x.r.fail)
			x.r.inputs = append(x.r.inputs, in)
		}
		id := wire.Channel{Edge: k, From: wire.Task{Vertex: q.Stage, Subtask: int(tm)}, To: x.me()}
		x.connect = append(x.connect, func() { in.Fetch(peer, id, q.Append(nil), q.Tasks, ch) })
	}
	return nil
}

// share is the range of sub-partitions that the attempt reads of an edge.
func (x *wiring) share(e graph.Edge, producers int) (from, to int) {
	n, me := int(x.deployment.Parallelism), int(x.r.attempt.Subtask)
	switch e.Strategy {
	case shuffle.Forward, shuffle.Broadcast:
		return 0, 1
	case shuffle.Rescale:
		if producers >= n {
			return 0, subpartitions(e, producers, x.v)
		}
		for p := range producers {
			if lo, hi := partners(e.Strategy, p, producers, n); me >= lo && me < hi {
				if me == hi-1 {
					return me - lo, subpartitions(e, producers, x.v)
				}
				return me - lo, me - lo + 1
			}
		}
	}
	if e.Replicable && x.replicates(int(x.deployment.Vertex)) {
		return 0, subpartitions(e, producers, x.v)
	}
	a := x.assignment
	return int(a.From), min(int(a.To), subpartitions(e, producers, x.v))
}

// piece is the range of producers of which the attempt reads an edge: all, unless it shares one sub-partition with others.
func (x *wiring) piece(e graph.Edge, producers int) (from, to int) {
	if n := int(x.assignment.Pieces); n > 1 && (e.Strategy == shuffle.Rebalance || e.Strategy == shuffle.Shuffle) {
		return shuffle.KeyGroups(int(x.assignment.Piece), producers, n)
	}
	return 0, producers
}

// nothing makes an input of which the attempt reads nothing.
func (x *wiring) nothing(e graph.Edge) error {
	ch := whole{x.r.task.Connect(e.Number, e.Strategy)}
	x.connect = append(x.connect, func() { ch.Send(shuffle.Element{Kind: shuffle.End}) })
	return nil
}

// whole is a channel by which an output comes that is complete: with its last row event time ends.
type whole struct{ shuffle.Sender }

// Send implements shuffle.Sender.
func (s whole) Send(e shuffle.Element) {
	if e.Kind == shuffle.End {
		s.Sender.Send(shuffle.Element{Kind: shuffle.Watermark, Time: shuffle.MaxWatermark})
	}
	s.Sender.Send(e)
}

// deliver reads outputs of this worker.
func (w *worker) deliver(r *running, q blocking.Request, like *column.Batch, to shuffle.Sender) {
	if err := w.store.Deliver(r.ctx, q, like, to); err != nil && context.Cause(r.ctx) == nil {
		r.fail(err)
	}
}
