package worker

import (
	"fmt"
	"slices"

	"github.com/leatproject/leat/runtime/graph"
	"github.com/leatproject/leat/runtime/rpc"
	"github.com/leatproject/leat/runtime/task"
	"github.com/leatproject/leat/shuffle"
	"github.com/leatproject/leat/shuffle/network"
	"github.com/leatproject/leat/shuffle/wire"
)

// wiring finds the channels of one attempt.
type wiring struct {
	w          *worker
	r          *running
	v          *graph.Vertex
	order      *rpc.Order
	deployment *rpc.Deployment
	assignment *rpc.Assignment
	// connect joins the far ends once all channels of the gate are there.
	connect []func()
}

// me names the attempt on the data plane.
func (x *wiring) me() wire.Task {
	a := x.r.attempt
	return wire.Task{Vertex: x.v.ID, Subtask: int(a.Subtask), Attempt: int(a.Number)}
}

// peers returns the table at an index of the deployment's lists.
func (x *wiring) peers(indexes []int32, i int) (*rpc.Peers, error) {
	if i >= len(indexes) || int(indexes[i]) >= len(x.order.Peers) {
		return nil, fmt.Errorf("the deployment of %s does not say where the other end of its edge %d runs", x.w.job.VertexName(x.v), i)
	}
	return x.order.Peers[indexes[i]], nil
}

// inputs makes the gate's channels.
func (x *wiring) inputs() error {
	for k, e := range x.v.Edges {
		peers, err := x.peers(x.deployment.Inputs, k)
		if err != nil {
			return err
		}
		if x.w.staged(e) {
			if err := x.stageInput(k, e, peers); err != nil {
				return err
			}
			continue
		}
		from := x.w.job.VertexOf(e.From)
		var in *network.Input
		for p := range peers.TaskManagers {
			lo, hi := partners(e.Strategy, p, len(peers.TaskManagers), int(x.deployment.Parallelism))
			if me := int(x.r.attempt.Subtask); me < lo || me >= hi {
				continue
			}
			ch := x.r.task.Connect(e.Number, e.Strategy)
			id := wire.Channel{Edge: k, From: wire.Task{Vertex: from.ID, Subtask: p, Attempt: int(peers.Attempts[p])}, To: x.me()}
			if peers.TaskManagers[p] == x.w.start.TaskManager {
				x.r.local = append(x.r.local, id)
				x.connect = append(x.connect, func() { x.w.local.at(id).connect(ch) })
				continue
			}
			if in == nil {
				in = x.w.exchange.Input(x.w.program.Rows(e.To, e.Index), x.r.fail)
				x.r.inputs = append(x.r.inputs, in)
			}
			x.connect = append(x.connect, func() { in.Connect(id, ch) })
		}
	}
	return nil
}

// attach joins the channels to their producers.
func (x *wiring) attach() {
	for _, f := range x.connect {
		f()
	}
}

// outputs makes the senders of every edge that leaves the vertex.
func (x *wiring) outputs() (edges []task.Edge, err error) {
	for i := range x.w.job.Vertices {
		to := &x.w.job.Vertices[i]
		for k, e := range to.Edges {
			from := slices.Index(x.v.Nodes, e.From)
			if from < 0 {
				continue
			}
			if x.w.staged(e) {
				edge, err := x.stageOutput(i, k, e)
				if err != nil {
					return nil, err
				}
				edges = append(edges, edge)
				continue
			}
			edge := task.Edge{From: from, Port: e.Port, Strategy: e.Strategy, To: x.w.job.OperatorID(e.To), Input: e.Number,
				Partitioner: x.w.program.Partitioner(e.To, e.Index, int(x.r.attempt.Subtask), to.MaxParallelism)}
			if edge.Channels, err = x.senders(i, k, e); err != nil {
				return nil, err
			}
			edges = append(edges, edge)
		}
	}
	return edges, nil
}

// senders returns the channels of edge k into vertex to.
func (x *wiring) senders(to, k int, e graph.Edge) (all []shuffle.Sender, err error) {
	var peers *rpc.Peers
	for i := range x.deployment.Outputs {
		p, err := x.peers(x.deployment.Outputs, i)
		if err != nil {
			return nil, err
		}
		if int(p.Vertex) == to {
			peers = p
		}
	}
	target := &x.w.job.Vertices[to]
	if peers == nil {
		return nil, fmt.Errorf("the deployment of %s does not say where its consumer %s runs", x.w.job.VertexName(x.v), x.w.job.VertexName(target))
	}
	lo, hi := partners(e.Strategy, int(x.r.attempt.Subtask), int(x.deployment.Parallelism), len(peers.TaskManagers))
	for c := lo; c < hi; c++ {
		id := wire.Channel{Edge: k, From: x.me(), To: wire.Task{Vertex: target.ID, Subtask: c, Attempt: int(peers.Attempts[c])}}
		if tm := peers.TaskManagers[c]; tm == x.w.start.TaskManager {
			x.r.local = append(x.r.local, id)
			all = append(all, x.w.local.at(id))
		} else {
			peer, err := x.w.peer(x.order, tm)
			if err != nil {
				return nil, err
			}
			all = append(all, x.w.exchange.Sender(peer, id, x.r.fail))
		}
	}
	return all, nil
}

// peer returns the worker of the job at a TaskManager.
func (w *worker) peer(o *rpc.Order, tm uint32) (network.Peer, error) {
	for _, l := range o.Locations {
		if l.TaskManager == tm {
			return network.Peer{Worker: ID(w.start.Generation, tm), Address: l.Address}, nil
		}
	}
	return network.Peer{}, fmt.Errorf("the order does not say where TaskManager %d is", tm)
}

// partners returns the range [from, to) of consuming sub-tasks that a producing sub-task is connected to.
func partners(s shuffle.Strategy, subtask, producers, consumers int) (from, to int) {
	switch s {
	case shuffle.Forward:
		return subtask, subtask + 1
	case shuffle.Global:
		return 0, 1
	case shuffle.Rescale:
		if producers >= consumers {
			c := subtask * consumers / producers
			return c, c + 1
		}
		return shuffle.KeyGroups(subtask, consumers, producers)
	}
	return 0, consumers
}
